//! Whole spatial scores of 300 prompts.

use gentron_metrics::Detection;
use gentron_metrics::formulas::{DepthAxes, unidet_2d, unidet_3d};

use crate::geometry::formula_depth;
use crate::goldens::{self, DetectionFile, Image};

/// In the order in which the official scripts look for them.
const PLANE: [&str; 8] = [
    "on side of",
    "next to",
    "near",
    "on the left of",
    "on the right of",
    "on the bottom of",
    "on the top of",
    "on top of",
];
const DEPTH: [&str; 3] = ["in front of", "behind", "hidden"];

/// `a X RELATION a Y`: the nouns as a reader sees them, and as spaCy may.
struct Parsed<'a> {
    relation: &'static str,
    subject: &'a str,
    /// What the last noun may be. Only "key" has more than one reading: spaCy 3.6.0 takes it for an adjective in some
    /// prompts, and then the last noun is the relation's own ("side", "left", "front") or the subject. The parser
    /// itself is not under test here.
    objects: Vec<&'a str>,
}

fn parse<'a>(prompt: &'a str, relations: &[&'static str]) -> Parsed<'a> {
    let relation =
        relations.iter().find(|r| prompt.contains(**r)).unwrap_or_else(|| panic!("no relation in {prompt:?}"));
    let words: Vec<&str> = prompt.split(' ').collect();
    let (subject, object) = (words[1], words[words.len() - 1]);
    let mut objects = vec![object];
    if object == "key" {
        objects.extend(["side", "left", "right", "front", subject]);
    }
    Parsed { relation, subject, objects }
}

/// Checks every image, then that the average is what the script printed.
fn check(name: &str, golden: &DetectionFile, score: impl Fn(usize, &Image, &[Detection]) -> Vec<f64>) {
    assert!(!golden.images.is_empty());
    let mut total = 0.0;
    for (index, image) in golden.images.iter().enumerate() {
        let scores = score(index, image, &image.detections());
        let official = image.official.answer;
        let ours = scores.iter().copied().find(|s| (s - official).abs() < 1e-12);
        total += ours.unwrap_or_else(|| panic!("{name}, {:?}: {scores:?} for {official}", image.image));
    }
    let average = total / golden.images.len() as f64;
    for text in golden.official_text.values().filter_map(|text| text.as_str()) {
        assert!((average - goldens::printed_average(text)).abs() < 1e-12, "{name}: {average} for {text:?}");
    }
}

#[test]
fn parity_of_unidet_2d() {
    for (name, golden) in goldens::read_all::<DetectionFile>("unidet_2d_spatial", ".json") {
        check(&name, &golden, |_, image, detections| {
            let Parsed { relation, subject, objects } = parse(image.prompt(), &PLANE);
            let kind = goldens::relation(Some(relation));
            objects.iter().map(|object| unidet_2d(detections, kind, subject, object).value).collect()
        });
    }
}

#[test]
fn parity_of_unidet_3d() {
    for (name, golden) in goldens::read_all::<DetectionFile>("unidet_3d_spatial", ".json") {
        assert!(
            golden.depth_formula.as_ref().is_some_and(|f| f.contains("((r*a+c*b+k)%256)/255")),
            "{name} has another depth formula"
        );
        check(&name, &golden, |index, image, detections| {
            let Parsed { relation, subject, objects } = parse(image.prompt(), &DEPTH);
            let (kind, depth) = (goldens::relation(Some(relation)), formula_depth(index as u32));
            let score =
                |object: &&str| unidet_3d(detections, Some(&depth), kind, subject, object, DepthAxes::Official).value;
            objects.iter().map(score).collect()
        });
    }
}
