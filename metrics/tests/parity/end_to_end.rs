//! From a file of detections to the official result files, through everything that a user's run goes through.

use std::fs;

use gentron_metrics::detections::{DetectionsFile, UNIDET_R50, UNIDET_RS200};
use gentron_metrics::official::{ResultFile, SampleFolder, Scored, write_results};
use gentron_metrics::shapes::ShapesPerception;
use gentron_metrics::{Backends, MetricId, Outcome, measure};
use gentron_suites::official::{Countables, counts};
use gentron_suites::phrases::PhraseSource;
use gentron_suites::{Annotation, Prompt, Split};
use image::RgbImage;
use serde_json::{Value, json};

use crate::geometry::formula_depth;
use crate::goldens::{self, DetectionFile, Image};

fn prompt(golden: &DetectionFile, image: &Image, category: &str) -> Prompt {
    let parse = golden.parse(image);
    let countables = || goldens::data("t2i-compbench/new_objects.txt").and_then(|path| Countables::load(&path).ok());
    let counts = match category {
        "numeracy" => countables().map(|countables| counts(&parse, &countables)).unwrap_or_default(),
        _ => Vec::new(),
    };
    let phrase_source = match parse.source {
        PhraseSource::Spacy(model) => Some(PhraseSource::Spacy(model)),
        PhraseSource::OwnChunker => None,
    };
    Prompt {
        id: format!("{category}-{}", goldens::number(&image.image)),
        suite: "t2i-compbench".into(),
        category: category.into(),
        index: 0,
        split: Split::Unsplit,
        text: image.prompt().to_owned(),
        annotation: Annotation { counts, phrase_source, ..Annotation::default() },
    }
}

/// Scores a golden's detections, under official prompts or under ours, as those of a folder of images, and compares the
/// files that come out.
fn check(name: &str, raw: &Value, detector: &str, category: &str, metric: MetricId) {
    let golden: DetectionFile = serde_json::from_value(raw.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let root = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let samples = root.path().join("samples");
    fs::create_dir_all(&samples).unwrap_or_else(|e| panic!("{e}"));
    for image in &golden.images {
        fs::write(samples.join(&image.image), b"").unwrap_or_else(|e| panic!("{e}"));
    }
    let file = root.path().join("detections.json");
    let text = json!({"detector": detector, "frame": [479, 479], "images": raw["images"]}).to_string();
    fs::write(&file, text).unwrap_or_else(|e| panic!("{e}"));

    let found = DetectionsFile::read(&file).unwrap_or_else(|e| panic!("{name}: {e}"));
    let folder = SampleFolder::read(root.path()).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(folder.samples.len(), golden.images.len());
    let (eyes, blank) = (ShapesPerception::new(), RgbImage::new(512, 512));
    let outcomes: Vec<Outcome> = folder
        .samples
        .iter()
        .enumerate()
        .map(|(index, sample)| {
            let mut detector = found.of(&sample.name).unwrap_or_else(|e| panic!("{e}"));
            if golden.depth_formula.is_some() {
                detector = detector.with_depth(formula_depth(index as u32));
            }
            let backends = Backends::new(&eyes, &detector);
            let prompt = prompt(&golden, &golden.images[index], category);
            let observation = measure(&prompt, &blank, &backends, &[metric]).remove(0);
            assert_eq!(observation.metric, metric.as_str());
            observation.outcome
        })
        .collect();
    let scored: Vec<Scored<'_>> =
        folder.samples.iter().zip(&outcomes).map(|(sample, outcome)| Scored { sample, outcome }).collect();
    let file = ResultFile::of_metric(metric).unwrap_or_else(|| panic!("{metric} has no official file"));
    write_results(root.path(), file, &scored).unwrap_or_else(|e| panic!("{name}: {e}"));

    let read = |file_name: &str| {
        let path = root.path().join(file.folder()).join(file_name);
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    for (file_name, text) in &golden.official_text {
        assert_eq!(Some(read(file_name).as_str()), text.as_str(), "{name}: {file_name}");
    }
    // The goldens are written with and without blanks, the scripts' files with.
    let text = goldens::text(name);
    let answers = text.split("\"official\":").skip(1).map(|rest| &rest[..=rest.find('}').unwrap_or(0)]);
    let spaced = |answer: &str| answer.replace(' ', "").replace(':', ": ").replace(',', ", ");
    let official = answers.map(spaced).collect::<Vec<_>>().join(", ");
    assert_eq!(read("vqa_result.json"), format!("[{official}]"), "{name}");
}

#[test]
fn parity_of_result_files() {
    for (name, golden) in goldens::read_all::<Value>("unidet_", ".json") {
        match name.as_str() {
            name if name.contains("2d_complex") => check(name, &golden, UNIDET_RS200, "complex", MetricId::Unidet2d),
            name if name.contains("2d") => check(name, &golden, UNIDET_RS200, "spatial", MetricId::Unidet2d),
            name if name.contains("3d") => check(name, &golden, UNIDET_R50, "3d_spatial", MetricId::Unidet3d),
            name => check(name, &golden, UNIDET_R50, "numeracy", MetricId::UnidetNumeracy),
        }
    }
}
