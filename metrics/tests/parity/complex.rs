//! The mean of a complex prompt's parts.

use gentron_metrics::formulas::three_in_one;
use gentron_suites::ComplexKind;
use serde::Deserialize;
use serde_json::Value;

use crate::goldens::{self, Answer};

#[derive(Deserialize)]
struct Golden {
    attribute: Vec<Answer<Value>>,
    spatial: Vec<Answer<Value>>,
    clip: Vec<Answer<Value>>,
    official: Vec<Answer<f64>>,
    official_text: String,
}

/// Result files hold numbers or numbers in quotes.
fn number(answer: &Answer<Value>) -> f64 {
    let text = answer.answer.as_str().map(str::to_owned).unwrap_or_else(|| answer.answer.to_string());
    text.parse().unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

/// The golden does not say which list a prompt is on, so each must agree with one of the three, and all ten images of a
/// prompt with the same one.
#[test]
fn parity_of_three_in_one() {
    for (name, golden) in goldens::read_all::<Golden>("three_in_one", ".json") {
        let mut total = 0.0;
        let mut prompts_of = [0; 3];
        for start in (0..golden.official.len()).step_by(10) {
            let score = |kind, i: usize| {
                three_in_one(kind, number(&golden.attribute[i]), number(&golden.spatial[i]), number(&golden.clip[i]))
            };
            let kinds = [ComplexKind::Spatial, ComplexKind::Action, ComplexKind::SpatialAction];
            let agrees = |kind| (start..start + 10).all(|i| (score(kind, i) - golden.official[i].answer).abs() < 1e-12);
            let which = kinds
                .iter()
                .position(|&kind| agrees(kind))
                .unwrap_or_else(|| panic!("{name}: prompt {} agrees with no kind", start / 10));
            prompts_of[which] += 1;
            total += (start..start + 10).map(|i| score(kinds[which], i)).sum::<f64>();
        }
        assert!(prompts_of.iter().all(|&prompts| prompts > 0), "{name}: a kind never occurs: {prompts_of:?}");
        let average = total / golden.official.len() as f64;
        assert!((average - goldens::printed_average(&golden.official_text)).abs() < 1e-12, "{name}: {average}");
    }
}
