//! The folder and the files of the official scripts.

use std::fs;

use gentron_metrics::formulas::unidet_2d;
use gentron_metrics::official::{
    BlipQuestion, ResultFile, Sample, SampleFolder, Scored, read_answers, write_blip_phrases, write_results,
};
use gentron_metrics::{Detection, MetricError, Outcome};
use gentron_suites::{Annotation, Prompt, RelationKind, Split};

fn scored(value: f64) -> Outcome {
    Outcome::Scored { value, reasons: Vec::new() }
}

fn folder(names: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    fs::create_dir(root.path().join("samples")).unwrap_or_else(|e| panic!("{e}"));
    for name in names {
        fs::write(root.path().join("samples").join(name), b"").unwrap_or_else(|e| panic!("{e}"));
    }
    root
}

fn prompt(text: &str) -> Prompt {
    Prompt {
        id: "color-000".into(),
        suite: "t2i-compbench".into(),
        category: "color".into(),
        index: 0,
        split: Split::Unsplit,
        text: text.into(),
        annotation: Annotation::default(),
    }
}

#[test]
fn names_give_back_prompt_and_number_and_the_order_is_by_number() {
    let root =
        folder(&["a cat._000010.png", "a dog_2.png", ".DS_Store", "a cat._000003.png", "grid.png", "a_b_000001.png"]);
    let folder = SampleFolder::read(root.path()).unwrap_or_else(|e| panic!("{e}"));
    let found: Vec<(&str, u64)> = folder.samples.iter().map(|s| (s.prompt.as_str(), s.number)).collect();
    assert_eq!(found, [("a dog", 2), ("a cat.", 3), ("a cat.", 10)]);
    assert_eq!(folder.foreign, [".DS_Store", "a_b_000001.png", "grid.png"]);
    assert_eq!(Sample::file_name("a cat.", 3), "a cat._000003.png");
    assert_eq!(
        SampleFolder::read(&root.path().join("samples")).map(|f| f.samples.len()).ok(),
        Some(3),
        "a bare folder"
    );
}

#[test]
fn two_images_of_one_number_have_no_order() {
    let root = folder(&["a cat_000001.png", "a dog_1.png"]);
    assert!(matches!(SampleFolder::read(root.path()), Err(MetricError::Record { .. })));
}

#[test]
fn images_find_their_prompts_and_missing_ones_are_counted() {
    let root = folder(&["a cat_000000.png", "a cat_000001.png", "a dog_000002.png", "a cow_000003.png"]);
    let folder = SampleFolder::read(root.path()).unwrap_or_else(|e| panic!("{e}"));
    let prompts = [prompt("a cat"), prompt("a dog"), prompt("a bee")];
    let matched = folder.matched(&prompts);
    assert_eq!(matched.known.len(), 3);
    assert_eq!(matched.unknown.iter().map(|s| s.prompt.as_str()).collect::<Vec<_>>(), ["a cow"]);
    let missing: Vec<(&str, usize)> = matched.missing.iter().map(|(p, n)| (p.text.as_str(), *n)).collect();
    assert_eq!(missing, [("a dog", 1), ("a bee", 2)]);
}

/// Every file of the official scripts for two images, numbered 4 and 7.
#[test]
fn files_are_written_byte_for_byte() {
    let root = folder(&["a piñata_000004.png", "a \"cat\"_000007.png"]);
    let folder = SampleFolder::read(root.path()).unwrap_or_else(|e| panic!("{e}"));
    let outcomes = [scored(0.0), scored(0.524_755_013_755_781)];
    let images: Vec<Scored<'_>> =
        folder.samples.iter().zip(&outcomes).map(|(sample, outcome)| Scored { sample, outcome }).collect();
    for (file, json, summary) in [
        (
            ResultFile::BlipVqa,
            r#"[{"question_id": 0, "answer": "0.0000"}, {"question_id": 1, "answer": "0.5248"}]"#,
            "BLIP-VQA score:0.2624",
        ),
        (
            ResultFile::Unidet2d,
            r#"[{"question_id": 4, "answer": 0}, {"question_id": 7, "answer": 0.524755013755781}]"#,
            "score avg:0.2623775068778905",
        ),
        (
            ResultFile::Unidet3d,
            r#"[{"question_id": 4, "answer": 0}, {"question_id": 7, "answer": 0.524755013755781}]"#,
            "avg score is 0.2623775068778905",
        ),
        (
            ResultFile::Numeracy,
            r#"[{"question_id": 4, "answer": 0}, {"question_id": 7, "answer": 0.524755013755781}]"#,
            "total:0.524755013755781 num:2 avg:0.2623775068778905",
        ),
        (
            ResultFile::Clip,
            r#"[{"question_id": 0, "answer": 0.0}, {"question_id": 1, "answer": 0.524755013755781}]"#,
            "score avg:0.2623775068778905",
        ),
    ] {
        let written = write_results(root.path(), file, &images).unwrap_or_else(|e| panic!("{e}"));
        let texts: Vec<String> =
            written.iter().map(|path| fs::read_to_string(path).unwrap_or_else(|e| panic!("{e}"))).collect();
        assert_eq!((texts[0].as_str(), texts[1].as_str()), (json, summary), "{file:?}");
        assert!(written[1].ends_with(format!("{}/{}", file.folder(), file.summary_name())));
        let read = read_answers(&written[0]).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(read.len(), 2);
        if file == ResultFile::Unidet2d {
            let mapping = r#"[{"image": "a pi\u00f1ata_000004.png", "question_id": 4}, {"image": "a \"cat\"_000007.png", "question_id": 7}]"#;
            assert_eq!(texts[2], mapping);
        }
    }
    let zeros = [scored(0.0), scored(0.0)];
    let images: Vec<Scored<'_>> =
        folder.samples.iter().zip(&zeros).map(|(sample, outcome)| Scored { sample, outcome }).collect();
    let answers = ResultFile::Numeracy.answers(&images).unwrap_or_default();
    assert_eq!(ResultFile::Numeracy.summary(&answers).as_deref(), Some("total:0 num:2 avg:0.0"));
}

#[test]
fn the_questions_of_each_phrase_are_written() {
    let root = folder(&["a cat_000000.png"]);
    let folder = SampleFolder::read(root.path()).unwrap_or_else(|e| panic!("{e}"));
    let question = |text: &str, yes| BlipQuestion { question: text.into(), yes };
    let questions = [vec![question("a cat?", 0.720_44), question("", 0.5)]];
    let written = write_blip_phrases(root.path(), &folder.samples, &questions).unwrap_or_else(|e| panic!("{e}"));
    let text = |i: usize| fs::read_to_string(&written[i]).unwrap_or_else(|e| panic!("{e}"));
    let image = format!("{}/samples/a cat_000000.png", root.path().display());
    assert_eq!(
        text(0),
        format!(r#"[{{"image": "{image}", "question_id": 0, "question": "a cat?", "dataset": "color"}}]"#)
    );
    assert_eq!(text(1), r#"[{"question_id": 0, "answer": "0.7204"}]"#);
    assert!(written[3].ends_with("annotation2_blip/VQA/result/vqa_result.json"));
}

#[test]
fn a_folder_with_an_unscored_image_has_no_official_result() {
    let root = folder(&["a cat_000000.png"]);
    let folder = SampleFolder::read(root.path()).unwrap_or_else(|e| panic!("{e}"));
    let outcome = Outcome::Unscored { why: "the image is damaged".into() };
    let images = [Scored { sample: &folder.samples[0], outcome: &outcome }];
    let error = write_results(root.path(), ResultFile::Clip, &images).err().map(|e| e.to_string());
    assert!(error.is_some_and(|e| e.contains("1 of 1 images have no score")));
}

#[test]
fn words_without_a_rule_earn_nothing_for_place() {
    let found = |label: &str, [top, bottom]: [f32; 2]| Detection {
        label: label.into(),
        score: 0.9,
        bbox: [0.0, top, 50.0, bottom],
        attributes: Vec::new(),
    };
    let boxes = [found("hat", [0.0, 50.0]), found("rack", [60.0, 200.0])];
    assert_eq!(unidet_2d(&boxes, Some(RelationKind::TopOf), "hat", "rack").position, 1.0);
    // "on top of", which the script recognises: 0.45 for the two, which is cut.
    let score = unidet_2d(&boxes, None, "hat", "rack");
    assert_eq!((score.subject, score.object, score.position, score.value), (Some(0), Some(1), 0.0, 0.0));
}

/// Names of functions in the last column of the table of defects.
fn named_in_the_readme() -> Vec<String> {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap_or_default();
    let table = readme.split("### Every known defect").nth(1).and_then(|rest| rest.split("\n## ").next());
    let rows = table.unwrap_or_default().lines().filter(|line| line.starts_with("| "));
    let tests = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    tests.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn sources(folder: &std::path::Path, found: &mut String) {
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())).flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            *found += &fs::read_to_string(&path).unwrap_or_default();
        }
    }
}

#[test]
fn every_test_that_the_readme_names_exists() {
    let workspace = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut code = String::new();
    for folder in ["metrics/src", "metrics/tests", "suites/src", "suites/tests", "harness/src"] {
        sources(&workspace.join(folder), &mut code);
    }
    let named = named_in_the_readme();
    assert!(named.len() > 30, "{named:?}");
    for name in named {
        assert!(
            code.contains(&format!("#[test]\nfn {name}()")) || code.contains(&format!("#[test]\n    fn {name}()")),
            "{name}"
        );
    }
}
