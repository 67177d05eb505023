//! Questions, phrases, objects and texts as the official scripts made them.

use std::collections::BTreeMap;

use gentron_suites::RelationKind;
use gentron_suites::compbench::{Category, List, load_with};
use gentron_suites::official::{Countables, complex_relation, counts, depth_relation, plane_relation};
use gentron_suites::phrases::{Parse, PhraseSource, SpacyModel};
use serde::Deserialize;

use crate::shared;

fn model(name: &str) -> SpacyModel {
    let found = SpacyModel::ALL.into_iter().find(|model| name.ends_with(model.version()));
    found.unwrap_or_else(|| panic!("no facts of {name}"))
}

/// The official scripts recover the prompt from the file name.
fn prompt(image: &str) -> &str {
    image.split('_').next().unwrap_or_default()
}

fn parse<'a>(image: &'a str, spacy_model: &str) -> Parse<'a> {
    let parse = Parse::of(prompt(image), model(spacy_model));
    assert_eq!(parse.source, PhraseSource::Spacy(model(spacy_model)), "{image}");
    parse
}

#[derive(Deserialize)]
struct Questions {
    spacy_model: String,
    np_num: usize,
    images: Vec<Asked>,
}

#[derive(Deserialize)]
struct Asked {
    image: String,
    questions: Vec<String>,
}

#[test]
fn parity_of_blip_vqa_questions() {
    for (name, golden) in shared::goldens::<Questions>("blip_vqa_", "_val.json") {
        for asked in &golden.images {
            let parse = parse(&asked.image, &golden.spacy_model);
            let mut ours: Vec<String> = parse.phrases().iter().map(|phrase| format!("{phrase}?")).collect();
            ours.resize(golden.np_num, String::new());
            assert_eq!(ours, asked.questions, "{name}: {}", asked.image);
        }
        println!("{name}: {} prompts", golden.images.len());
    }
}

#[derive(Deserialize)]
struct Stripped {
    prompt: String,
    clip_text: String,
}

#[test]
fn parity_of_clip_texts_without_adjectives() {
    for (name, golden) in shared::goldens::<Vec<Stripped>>("clip_complex_", "_text.json") {
        for text in &golden {
            assert_eq!(parse(&text.prompt, "3.6.0").clip_text(), text.clip_text, "{name}");
        }
        println!("{name}: {} prompts", golden.len());
    }
}

/// spaCy's own output of every evaluation prompt.
#[derive(Deserialize)]
struct Parsed {
    prompt: String,
    noun_chunks: Vec<String>,
    tokens: Vec<String>,
    pos: Vec<String>,
}

#[test]
fn parity_of_the_facts_with_spacy() {
    let Some(folder) = shared::data("spacy") else { return };
    for model in SpacyModel::ALL {
        let path = folder.join(format!("spacy_val_parse_en_core_web_sm_{}.json", model.version()));
        let text = std::fs::read_to_string(&path).unwrap();
        let files: BTreeMap<String, Vec<Parsed>> = serde_json::from_str(&text).unwrap();
        for row in files.values().flatten() {
            let parse = Parse::official(&row.prompt, model).unwrap_or_else(|| panic!("{model:?} {}", row.prompt));
            let chunks: Vec<&str> = parse.chunks.iter().map(|chunk| parse.span(chunk.clone())).collect();
            assert_eq!(chunks, row.noun_chunks);
            let tokens: Vec<&str> = (0..parse.tokens.len()).map(|at| parse.span(at..at + 1)).collect();
            assert_eq!(tokens, row.tokens);
            for (token, pos) in parse.tokens.iter().zip(&row.pos) {
                use gentron_suites::phrases::WordClass::{Adjective, Noun, Other, ProperNoun};
                let expected = match pos.as_str() {
                    "NOUN" => Noun,
                    "PROPN" => ProperNoun,
                    "ADJ" => Adjective,
                    _ => Other,
                };
                assert_eq!(token.class, expected, "{}", row.prompt);
            }
        }
    }
}

#[derive(Deserialize)]
struct Detected {
    spacy_model: String,
    images: Vec<Image>,
}

#[derive(Deserialize)]
struct Image {
    image: String,
    detections: Vec<Detection>,
    official: Answer,
}

#[derive(Deserialize)]
struct Detection {
    #[serde(rename = "box")]
    bbox: [f64; 4],
    score: f64,
    label: String,
}

#[derive(Deserialize)]
struct Answer {
    answer: f64,
}

fn person(noun: &str) -> &str {
    if ["girl", "boy", "man", "woman"].contains(&noun) { "person" } else { noun }
}

/// The official rule in the plane. Scoring belongs to another crate; this much of it tells whether the objects are
/// right.
fn plane_place(kind: Option<RelationKind>, a: [f64; 4], b: [f64; 4]) -> f64 {
    let size = |x: [f64; 4]| (x[2] - x[0]) * (x[3] - x[1]);
    let side = |low: usize, high: usize| (a[high].min(b[high]) - a[low].max(b[low])).max(0.0);
    let common = side(0, 2) * side(1, 3);
    let iou = common / (size(a) + size(b) - common);
    let good = if iou < 0.1 { 1.0 } else { 0.1 / iou };
    let [dx, dy] = [0, 1].map(|axis| (b[axis] + b[axis + 2] - a[axis] - a[axis + 2]) / 2.0);
    let when = |holds: bool| if holds { good } else { 0.0 };
    match kind {
        Some(RelationKind::NextTo | RelationKind::OnSideOf | RelationKind::Near) => {
            if dx.abs() < 150.0 || dy.abs() < 150.0 { 1.0 } else { 150.0 / dx.abs().max(dy.abs()) }
        }
        Some(RelationKind::RightOf) => when(dx < 0.0 && dx.abs() > dy.abs()),
        Some(RelationKind::LeftOf) => when(dx > 0.0 && dx.abs() > dy.abs()),
        Some(RelationKind::BottomOf) => when(dy < 0.0 && dy.abs() > dx.abs()),
        Some(RelationKind::TopOf) => when(dy > 0.0 && dy.abs() > dx.abs()),
        _ => 0.0,
    }
}

#[test]
fn parity_of_objects_and_relations_in_the_plane() {
    for (name, golden) in shared::goldens::<Detected>("unidet_2d_", ".json") {
        for image in &golden.images {
            let parse = parse(&image.image, &golden.spacy_model);
            let relation = if name.contains("complex") { complex_relation(&parse) } else { plane_relation(&parse) };
            let found = |noun: Option<&str>| image.detections.iter().find(|box_| Some(box_.label.as_str()) == noun);
            let nouns = relation.objects.as_ref().map(|(a, b)| (person(a), person(b)));
            let score = match (found(nouns.map(|n| n.0)), found(nouns.map(|n| n.1))) {
                (Some(a), Some(b)) => 0.25 * (a.score + b.score) + plane_place(relation.kind, a.bbox, b.bbox) / 2.0,
                (Some(one), None) | (None, Some(one)) => 0.25 * one.score,
                (None, None) => 0.0,
            };
            let score = if score < 0.5 { 0.0 } else { score };
            // The script adds in single precision here and there.
            assert!((score - image.official.answer).abs() < 1e-6, "{name}: {}: {score}, {relation:?}", image.image);
        }
        println!("{name}: {} prompts", golden.images.len());
    }
}

#[test]
fn parity_of_objects_and_relations_in_depth() {
    for (name, golden) in shared::goldens::<Detected>("unidet_3d_", ".json") {
        for image in &golden.images {
            let relation = depth_relation(&parse(&image.image, &golden.spacy_model));
            let (subject, object) = relation.objects.unwrap();
            let first = |noun: &str| image.detections.iter().position(|box_| box_.label.contains(person(noun)));
            // Without depth only the scores with fewer than two objects are certain; with two, that there is one.
            let least = match (first(&subject), first(&object)) {
                (Some(_), Some(_)) => continue,
                (Some(one), None) | (None, Some(one)) => 0.25 * image.detections[one].score,
                (None, None) => 0.0,
            };
            assert!((least - image.official.answer).abs() < 1e-6, "{name}: {}", image.image);
        }
        println!("{name}: {} prompts", golden.images.len());
    }
}

#[test]
fn parity_of_numeracy_targets() {
    let Some(folder) = shared::compbench() else { return };
    let countables = Countables::load(&folder.join("new_objects.txt")).unwrap();
    for (name, golden) in shared::goldens::<Detected>("unidet_numeracy_", ".json") {
        for image in &golden.images {
            let targets = counts(&parse(&image.image, &golden.spacy_model), &countables);
            // An official answer is a multiple of half a target's share.
            let steps = image.official.answer * 2.0 * targets.len() as f64;
            assert!((steps - steps.round()).abs() < 1e-9, "{name}: {}: {targets:?}", image.image);
            // A target whose name is part of no label earns nothing.
            let name_of = |noun: &str| match noun {
                "ship" => "boat".to_owned(),
                "goldfish" => "fish".to_owned(),
                "painting" => "picture".to_owned(),
                other => person(other).to_owned(),
            };
            let findable = targets
                .iter()
                .filter(|target| image.detections.iter().any(|box_| box_.label.contains(&name_of(&target.noun))));
            let most = findable.count() as f64 / targets.len() as f64;
            assert!(image.official.answer <= most + 1e-9, "{name}: {}: {targets:?}", image.image);
        }
        println!("{name}: {} prompts", golden.images.len());
    }
}

#[test]
fn parity_of_objects_that_the_older_model_mistakes() {
    let Some(folder) = shared::compbench() else { return };
    let objects = |model: SpacyModel| {
        let suite = load_with(&folder, List::Val, &[Category::Spatial, Category::Spatial3d], model).unwrap();
        let wrong = |prompt: &&gentron_suites::Prompt| {
            let relation = prompt.annotation.relation.as_ref().unwrap();
            let words: Vec<&str> = prompt.text.split(' ').collect();
            (relation.subject.as_str(), relation.object.as_str()) != (words[1], words[words.len() - 1])
        };
        use gentron_suites::Suite;
        suite.prompts().iter().filter(wrong).count()
    };
    assert_eq!([objects(SpacyModel::Sm3_6_0), objects(SpacyModel::Sm3_8_0)], [6, 0]);
}
