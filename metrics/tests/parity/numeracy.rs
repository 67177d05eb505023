//! Whole numeracy scores of 300 prompts.

use gentron_metrics::formulas::unidet_numeracy;
use gentron_metrics::official::{Answer, ResultFile};
use gentron_suites::official::{Countables, counts};

use crate::goldens::{self, DetectionFile, Image};

#[test]
fn parity_of_unidet_numeracy() {
    let Some(vocabulary) = goldens::data("t2i-compbench/new_objects.txt") else { return };
    let countables = Countables::load(&vocabulary).unwrap_or_else(|e| panic!("{e}"));
    for (name, golden) in goldens::read_all::<DetectionFile>("unidet_numeracy", ".json") {
        let answer = |image: &Image| {
            let targets = counts(&golden.parse(image), &countables);
            let score = unidet_numeracy(&image.detections(), &targets).map(|s| s.value);
            let ours = score.unwrap_or_else(|| panic!("{name}: no targets in {:?}", image.image));
            let official = image.official.answer;
            assert!((ours - official).abs() < 1e-12, "{name}, {:?}: {ours} for {official}", image.image);
            Answer { question_id: goldens::number(&image.image), answer: ours }
        };
        let answers: Vec<Answer> = golden.images.iter().map(answer).collect();
        assert_eq!(ResultFile::Numeracy.summary(&answers).as_deref(), Some(golden.text()), "{name}");
    }
}
