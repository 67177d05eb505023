//! What a metric says of one image: a value with its reasons, or why there is none.

use serde::{Deserialize, Serialize};

/// One metric on one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// [`crate::MetricId`] as text, e.g. `b-vqa`.
    pub metric: String,
    /// The value, or why there is none.
    pub outcome: Outcome,
}

/// A value, or why there is none; absence is never written as 0 or NaN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// The metric applies and was computed.
    Scored {
        /// In the metric's own range.
        value: f64,
        /// What led to the value, in the order in which the formula uses it.
        reasons: Vec<Reason>,
    },
    /// There is no value, though the metric can be asked of the prompt: an image or a back-end is missing or failed.
    Unscored {
        /// One sentence for people.
        why: String,
    },
    /// The metric cannot be asked of the prompt, whatever its image shows: known before any image, and so the same for every arm.
    Outside {
        /// One sentence for people.
        why: String,
    },
}

impl Outcome {
    /// The value, where there is one.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Scored { value, .. } => Some(*value),
            Self::Unscored { .. } | Self::Outside { .. } => None,
        }
    }
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// A phrase that was asked as a question.
    Phrase {
        /// As asked, without the question mark.
        phrase: String,
        /// Probability of yes.
        yes: f64,
        /// What was seen.
        why: String,
    },
    /// An object that the formula used.
    Box {
        /// Class name.
        label: String,
        /// Confidence, 0 to 1.
        score: f32,
        /// `[x1, y1, x2, y2]` in the image's pixels.
        bbox: [f32; 4],
    },
    /// A relation between two nouns.
    Relation {
        /// E.g. `left of`.
        relation: String,
        /// Noun.
        subject: String,
        /// Noun.
        object: String,
        /// The formula's position term, 0 to 1.
        position: f64,
        /// What was seen.
        why: String,
    },
    /// A wanted number.
    Count {
        /// Noun, singular.
        noun: String,
        /// How many the prompt asks for.
        wanted: u32,
        /// How many were found.
        found: u32,
    },
    /// An image-text comparison.
    Similarity {
        /// The text that was compared.
        text: String,
        /// Raw cosine.
        cosine: f64,
    },
    /// Anything else worth knowing.
    Note {
        /// One sentence.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_written_by_their_state_and_older_ones_are_read() {
        for (outcome, text) in [
            (Outcome::Scored { value: 0.5, reasons: Vec::new() }, r#"{"state":"scored","value":0.5,"reasons":[]}"#),
            (Outcome::Unscored { why: "no image".into() }, r#"{"state":"unscored","why":"no image"}"#),
            (Outcome::Outside { why: "no relation".into() }, r#"{"state":"outside","why":"no relation"}"#),
        ] {
            assert_eq!(serde_json::to_string(&outcome).unwrap(), text);
            assert_eq!(serde_json::from_str::<Outcome>(text).unwrap(), outcome);
        }
    }
}
