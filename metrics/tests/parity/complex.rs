//! The mean of a complex prompt's parts, and its text for CLIP.

use std::fs;

use gentron_metrics::formulas::three_in_one;
use gentron_metrics::official::{ResultFile, three_in_one_of_folder};
use gentron_suites::ComplexKind;
use serde::Deserialize;
use serde_json::Value;

use crate::goldens::{self, Answer};

#[derive(Deserialize)]
struct Golden {
    attribute: Vec<Value>,
    spatial: Vec<Value>,
    clip: Vec<Value>,
    official: Vec<Answer<f64>>,
    official_text: String,
}

/// Result files hold numbers or numbers in quotes.
fn number(entry: &Value) -> f64 {
    let answer = &entry["answer"];
    let text = answer.as_str().map(str::to_owned).unwrap_or_else(|| answer.to_string());
    text.parse().unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

/// The golden does not say which list a prompt is on, so each must agree with one of the three, and all ten images of a
/// prompt with the same one. Then the folder as a whole must come out as the script's.
#[test]
fn parity_of_three_in_one() {
    for (name, golden) in goldens::read_all::<Golden>("three_in_one", ".json") {
        let mut of_prompts = Vec::new();
        for start in (0..golden.official.len()).step_by(10) {
            let score = |kind, i: usize| {
                three_in_one(kind, number(&golden.attribute[i]), number(&golden.spatial[i]), number(&golden.clip[i]))
            };
            let kinds = [ComplexKind::Spatial, ComplexKind::Action, ComplexKind::SpatialAction];
            let agrees = |kind| (start..start + 10).all(|i| (score(kind, i) - golden.official[i].answer).abs() < 1e-12);
            let kind = kinds.into_iter().find(|&kind| agrees(kind));
            of_prompts.push(kind.unwrap_or_else(|| panic!("{name}: prompt {} agrees with no kind", start / 10)));
        }
        for kind in [ComplexKind::Spatial, ComplexKind::Action, ComplexKind::SpatialAction] {
            assert!(of_prompts.contains(&kind), "{name}: {kind:?} never occurs");
        }

        let root = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let parts = [
            (ResultFile::BlipVqa, &golden.attribute),
            (ResultFile::Unidet2d, &golden.spatial),
            (ResultFile::Clip, &golden.clip),
        ];
        for (file, entries) in parts {
            let folder = root.path().join(file.folder());
            fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{e}"));
            let text = serde_json::to_string(entries).unwrap_or_else(|e| panic!("{e}"));
            fs::write(folder.join("vqa_result.json"), text).unwrap_or_else(|e| panic!("{e}"));
        }
        let answers = three_in_one_of_folder(root.path(), &of_prompts).unwrap_or_else(|e| panic!("{name}: {e}"));
        for (ours, official) in answers.iter().zip(&golden.official) {
            assert!((ours.answer - official.answer).abs() < 1e-12, "{name}: {ours:?} for {}", official.answer);
        }
        assert_eq!(ResultFile::ThreeInOne.summary(&answers), Some(golden.official_text), "{name}");
    }
}

#[derive(Deserialize)]
struct Compared {
    prompt: String,
    clip_text: String,
}

#[test]
fn parity_of_texts_without_adjectives() {
    for (name, golden) in goldens::read_all::<Vec<Compared>>("clip_complex", "_text.json") {
        for Compared { prompt, clip_text } in golden {
            assert_eq!(goldens::parse(&prompt, None).clip_text(), clip_text, "{name}, {prompt:?}");
        }
    }
}
