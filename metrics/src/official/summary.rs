//! The one-line text files beside the results.

use super::answers::Answer;
use super::python::{pairwise_mean, repr};
use super::results::ResultFile;

impl ResultFile {
    /// What the script prints into its summary file. Averages are added in the script's own order, so that they agree
    /// to the last digit: from left to right, but pairwise (numpy) for 3D. `None` of no answer, at which the scripts
    /// divide by zero.
    #[must_use]
    pub fn summary(self, answers: &[Answer]) -> Option<String> {
        if answers.is_empty() {
            return None;
        }
        // BLIP's average is over the printed numbers.
        let value = |a: &Answer| match self {
            Self::BlipVqa => format!("{:.4}", a.answer).parse().unwrap_or(a.answer),
            _ => a.answer,
        };
        let values: Vec<f64> = answers.iter().map(value).collect();
        let total = values.iter().fold(0.0, |sum, value| sum + value);
        let average = total / values.len() as f64;
        Some(match self {
            Self::BlipVqa => format!("BLIP-VQA score:{}", repr(average)),
            Self::Unidet2d | Self::Clip | Self::ThreeInOne => format!("score avg:{}", repr(average)),
            Self::Unidet3d => format!("avg score is {}", repr(pairwise_mean(&values)?)),
            Self::Numeracy => {
                // A sum of integers 0 is an integer.
                let total = if values.iter().all(|&value| value == 0.0) { "0".to_owned() } else { repr(total) };
                format!("total:{total} num:{} avg:{}", values.len(), repr(average))
            }
        })
    }
}
