//! Every official file of T2I-CompBench, against what is known of it.

use std::collections::HashSet;
use std::fs;

use gentron_suites::compbench::{Category, List, load, load_file, load_with};
use gentron_suites::files::{OFFICIAL, Origin, Revision};
use gentron_suites::official::Countables;
use gentron_suites::phrases::{PhraseSource, SpacyModel};
use gentron_suites::{ComplexKind, ListedSuite, RelationKind, Split, Suite, SuitesError};

use crate::shared;

/// File, prompts, distinct prompts, bytes of the longest, prompts that end in a full stop.
const FILES: &[(&str, usize, usize, usize, usize)] = &[
    ("color_val", 300, 300, 146, 54),
    ("color_train", 700, 679, 135, 110),
    ("color", 860, 842, 146, 54),
    ("color_val_seen", 200, 200, 36, 0),
    ("color_val_unseen", 100, 95, 146, 54),
    ("shape_val", 300, 300, 120, 80),
    ("shape_train", 700, 685, 143, 140),
    ("shape", 1000, 985, 143, 220),
    ("shape_val_seen", 200, 200, 59, 18),
    ("shape_val_unseen", 100, 100, 120, 62),
    ("texture_val", 300, 300, 111, 60),
    ("texture_train", 700, 695, 115, 140),
    ("texture", 1000, 995, 115, 200),
    ("texture_val_seen", 200, 200, 44, 0),
    ("texture_val_unseen", 100, 100, 111, 60),
    ("spatial_val", 300, 300, 37, 0),
    ("spatial_train", 700, 700, 41, 0),
    ("spatial", 1000, 998, 41, 0),
    ("3d_spatial_val", 300, 300, 35, 0),
    ("3d_spatial_train", 700, 700, 37, 0),
    ("3d_spatial", 1000, 1000, 37, 0),
    ("numeracy_val", 300, 300, 82, 0),
    ("numeracy_train", 700, 700, 100, 0),
    ("numeracy", 1000, 1000, 100, 0),
    ("non_spatial_val", 300, 300, 98, 300),
    ("non_spatial_train", 700, 700, 112, 700),
    ("non_spatial", 1000, 1000, 112, 1000),
    ("complex_val", 300, 300, 150, 300),
    ("complex_val_action", 212, 212, 150, 212),
    ("complex_val_spatial", 58, 58, 150, 58),
    ("complex_val_spatialaction", 30, 30, 150, 30),
    ("complex_train", 700, 700, 159, 700),
    ("complex_train_action", 504, 504, 159, 504),
    ("complex_train_spatial", 130, 130, 159, 130),
    ("complex_train_spatialaction", 66, 66, 159, 66),
    ("complex", 1000, 1000, 159, 1000),
];

fn texts(suite: &ListedSuite) -> Vec<&str> {
    suite.prompts().iter().map(|prompt| prompt.text.as_str()).collect()
}

#[test]
fn every_official_file_has_the_prompts_that_it_is_known_for() {
    let Some(folder) = shared::compbench() else { return };
    for &(name, count, distinct, longest, stops) in FILES {
        let suite = load_file(&folder.join(format!("{name}.txt")), SpacyModel::default()).unwrap();
        let texts = texts(&suite);
        assert_eq!(texts.len(), count, "{name}");
        assert_eq!(texts.iter().collect::<HashSet<_>>().len(), distinct, "{name}");
        let most = texts.iter().map(|text| text.len()).max().unwrap();
        let is_part = name.matches('_').count() > 1 && name.starts_with("complex");
        assert!(most == longest || is_part && most <= longest, "{name}: {most}");
        assert_eq!(texts.iter().filter(|text| text.ends_with('.')).count(), stops, "{name}");
        assert!(texts.iter().all(|text| text.trim() == *text && !text.contains(['\t', '\r', '_', '/'])), "{name}");
        assert!(suite.sources().iter().all(|source| source.revision == Revision::Current), "{name}");
    }
}

#[test]
fn every_file_of_the_folder_has_a_known_digest() {
    let Some(folder) = shared::compbench() else { return };
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        assert!(OFFICIAL.iter().any(|file| file.origin == Origin::Compbench && file.name == name), "{name}");
    }
}

#[test]
fn ids_are_stable_unique_and_safe_in_a_path() {
    let Some(folder) = shared::compbench() else { return };
    let mut ids = HashSet::new();
    for list in [List::Val, List::Train, List::All] {
        let suite = load(&folder, list).unwrap();
        for prompt in suite.prompts() {
            assert!(ids.insert(prompt.id.clone()), "{}", prompt.id);
            assert!(prompt.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c)));
        }
        assert_eq!(suite.digest(), load(&folder, list).unwrap().digest());
    }
    let val = load(&folder, List::Val).unwrap();
    let (stem, digest) = val.prompts()[0].id.rsplit_once('-').unwrap();
    assert_eq!((stem, digest.len()), ("t2i-compbench-color-0000", 8));
    assert_eq!(val.prompts().len(), 2400);
}

#[test]
fn evaluation_prompts_know_whether_they_were_seen() {
    let Some(folder) = shared::compbench() else { return };
    let suite = load(&folder, List::Val).unwrap();
    for category in ["color", "shape", "texture"] {
        let of = |split| suite.prompts().iter().filter(|p| p.category == category && p.split == split).count();
        assert_eq!([of(Split::Seen), of(Split::Unseen), of(Split::Unsplit)], [200, 100, 0], "{category}");
        let seen = load_file(&folder.join(format!("{category}_val_seen.txt")), SpacyModel::default()).unwrap();
        let listed = suite.prompts().iter().filter(|p| p.category == category && p.split == Split::Seen);
        assert_eq!(listed.map(|p| p.text.as_str()).collect::<Vec<_>>(), texts(&seen), "{category}");
    }
    assert!(suite.prompts().iter().filter(|p| p.category == "complex").all(|p| p.split == Split::Unsplit));
}

#[test]
fn complex_prompts_fall_into_their_three_parts() {
    let Some(folder) = shared::compbench() else { return };
    for (list, parts) in
        [(List::Val, [58, 212, 30, 0]), (List::Train, [130, 504, 66, 0]), (List::All, [186, 716, 96, 2])]
    {
        let suite = load_with(&folder, list, &[Category::Complex], SpacyModel::default()).unwrap();
        let of = |kind| suite.prompts().iter().filter(|prompt| prompt.annotation.complex == kind).count();
        let kinds = [Some(ComplexKind::Spatial), Some(ComplexKind::Action), Some(ComplexKind::SpatialAction), None];
        assert_eq!(kinds.map(of), parts, "{list:?}");
    }
}

#[test]
fn relations_occur_as_often_as_is_known() {
    let Some(folder) = shared::compbench() else { return };
    let suite = load(&folder, List::Val).unwrap();
    let count = |kind| {
        suite
            .prompts()
            .iter()
            .filter(|p| p.category != "complex" && p.annotation.relation.as_ref().is_some_and(|r| r.kind == kind))
            .count()
    };
    use RelationKind::{Behind, BottomOf, HiddenBy, InFrontOf, LeftOf, Near, NextTo, OnSideOf, RightOf, TopOf};
    assert_eq!([TopOf, RightOf, BottomOf, LeftOf, OnSideOf, NextTo, Near].map(count), [56, 56, 52, 51, 37, 24, 24]);
    assert_eq!([HiddenBy, InFrontOf, Behind].map(count), [115, 102, 83]);
}

#[test]
fn numeracy_prompts_count_what_they_are_known_to_count() {
    let Some(folder) = shared::compbench() else { return };
    let suite = load_with(&folder, List::Val, &[Category::Numeracy], SpacyModel::default()).unwrap();
    let (mut objects, mut numbers) = ([0; 6], [0; 9]);
    for prompt in suite.prompts() {
        objects[prompt.annotation.counts.len()] += 1;
        for count in &prompt.annotation.counts {
            numbers[count.count as usize] += 1;
        }
    }
    assert_eq!(objects, [0, 91, 89, 48, 37, 35]);
    assert_eq!(numbers, [0, 153, 196, 177, 163, 13, 14, 14, 6]);
    let countables = Countables::load(&folder.join("new_objects.txt")).unwrap();
    assert_eq!(countables.pairs().len(), 101);
    assert_eq!(countables.pairs().iter().collect::<HashSet<_>>().len(), 88);
}

#[test]
fn every_official_prompt_has_phrases_by_spacy() {
    let Some(folder) = shared::compbench() else { return };
    for model in SpacyModel::ALL {
        for list in [List::Val, List::ValBefore2025, List::Train, List::All] {
            let suite = load_with(&folder, list, &Category::ALL, model).unwrap();
            let parsed = |p: &gentron_suites::Prompt| p.annotation.phrase_source == Some(PhraseSource::Spacy(model));
            assert!(suite.prompts().iter().all(parsed), "{list:?}");
            let phrases = suite.prompts().iter().map(|p| p.annotation.phrases.len());
            assert!(list == List::Train || list == List::All || phrases.clone().all(|n| (1..=8).contains(&n)));
        }
    }
}

#[test]
fn the_colour_list_of_before_2025_can_be_chosen() {
    let Some(folder) = shared::compbench() else { return };
    let color = |folder, list| load_with(folder, list, &[Category::Color], SpacyModel::default());
    let (new, old) = (color(&folder, List::Val).unwrap(), color(&folder, List::ValBefore2025).unwrap());
    let differ: Vec<usize> = (0..300).filter(|&i| new.prompts()[i].text != old.prompts()[i].text).collect();
    assert_eq!(differ, [227, 228, 271, 287, 299]);
    assert_eq!(texts(&old).iter().collect::<HashSet<_>>().len(), 295);
    assert_eq!(old.prompts().iter().filter(|prompt| prompt.split == Split::Seen).count(), 200);

    // The old file itself is the old list joined by CRLF without a last line end: its digest is in the table.
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("color_val.txt"), texts(&old).join("\r\n")).unwrap();
    let read = color(elsewhere.path(), List::ValBefore2025).unwrap();
    assert_eq!(read.sources()[0].revision, Revision::Earlier("before 2025-09"));
    assert_eq!(read.digest(), old.digest());
    assert_eq!(color(elsewhere.path(), List::Val).unwrap().sources()[0].revision.to_string(), "before 2025-09");

    fs::copy(folder.join("color_val.txt"), elsewhere.path().join("color_val.txt")).unwrap();
    let error = color(elsewhere.path(), List::ValBefore2025).unwrap_err();
    assert!(matches!(error, SuitesError::OtherRevision { wanted: "before 2025-09", .. }), "{error}");
}

#[test]
fn an_edited_file_is_loaded_and_marked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("color_val.txt");
    fs::write(&path, "a violet zebra\tsecond field\r\n\r\na teal lamp and a red hat").unwrap();
    let suite = load_with(folder.path(), List::Val, &[Category::Color], SpacyModel::default()).unwrap();
    assert_eq!(texts(&suite), ["a violet zebra", "a teal lamp and a red hat"]);
    assert_eq!(suite.sources()[0].revision.to_string(), "unknown revision");
    assert!(suite.prompts().iter().all(|prompt| prompt.split == Split::Unsplit));
    assert_eq!(suite.prompts()[1].annotation.phrase_source, Some(PhraseSource::OwnChunker));
    let newer = load_with(folder.path(), List::Val, &[Category::Color], SpacyModel::Sm3_8_0).unwrap();
    assert_eq!([suite.id(), newer.id()], ["t2i-compbench", "t2i-compbench-spacy-3.8.0"]);
    assert!(newer.prompts()[0].id.starts_with("t2i-compbench-spacy-3_8_0-color-0000-"), "{}", newer.prompts()[0].id);
    let error = load(folder.path(), List::Val).unwrap_err();
    assert!(error.to_string().contains("gentron suites fetch"), "{error}");
}

#[test]
fn the_files_called_action_until_2023_are_those_of_non_spatial() {
    let Some(folder) = shared::compbench() else { return };
    let old = tempfile::tempdir().unwrap();
    fs::copy(folder.join("non_spatial_val.txt"), old.path().join("action_val.txt")).unwrap();
    let suite = load_with(old.path(), List::Val, &[Category::NonSpatial], SpacyModel::default()).unwrap();
    assert_eq!((suite.prompts().len(), suite.sources()[0].revision), (300, Revision::Current));
    assert_eq!(suite.prompts()[0].category, "non_spatial");
}
