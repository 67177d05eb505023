//! Whole spatial scores of 300 prompts, prompts parsed as officially.

use gentron_metrics::formulas::{DepthAxes, unidet_2d, unidet_3d};
use gentron_metrics::official::{Answer, ResultFile};
use gentron_suites::official::{complex_relation, depth_relation, plane_relation};

use crate::geometry::formula_depth;
use crate::goldens::{self, DetectionFile, Image};

/// Checks every image, then that the summary is what the script printed, to the last digit.
fn check(name: &str, golden: &DetectionFile, file: ResultFile, score: impl Fn(usize, &Image) -> f64) {
    assert!(!golden.images.is_empty());
    let answer = |(index, image): (usize, &Image)| {
        let (ours, official) = (score(index, image), image.official.answer);
        assert!((ours - official).abs() < 1e-12, "{name}, {:?}: {ours} for {official}", image.image);
        Answer { question_id: goldens::number(&image.image), answer: ours }
    };
    let answers: Vec<Answer> = golden.images.iter().enumerate().map(answer).collect();
    assert_eq!(file.summary(&answers).as_deref(), Some(golden.text()), "{name}");
}

#[test]
fn parity_of_unidet_2d() {
    for (name, golden) in goldens::read_all::<DetectionFile>("unidet_2d_", ".json") {
        check(&name, &golden, ResultFile::Unidet2d, |_, image| {
            let parse = golden.parse(image);
            let relation = if golden.is_complex() { complex_relation(&parse) } else { plane_relation(&parse) };
            let Some((subject, object)) = relation.objects else {
                assert!(golden.is_complex(), "{name}: no noun in {:?}", image.image);
                return 0.0;
            };
            unidet_2d(&image.detections(), relation.kind, &subject, &object).value
        });
    }
}

#[test]
fn parity_of_unidet_3d() {
    for (name, golden) in goldens::read_all::<DetectionFile>("unidet_3d_", ".json") {
        assert!(
            golden.depth_formula.as_ref().is_some_and(|f| f.contains("((r*a+c*b+k)%256)/255")),
            "{name} has another depth formula"
        );
        check(&name, &golden, ResultFile::Unidet3d, |index, image| {
            let parse = golden.parse(image);
            let relation = depth_relation(&parse);
            let (subject, object) = relation.objects.unwrap_or_else(|| panic!("{name}: no noun in {:?}", image.image));
            let depth = formula_depth(index as u32);
            unidet_3d(&image.detections(), Some(&depth), relation.kind, &subject, &object, DepthAxes::Official).value
        });
    }
}
