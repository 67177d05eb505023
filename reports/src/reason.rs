//! Why an image got its score: the JSON list in the `reasons` column.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One reason, in the metrics crate's shape (`kind` names the variant).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// A question about a noun phrase and the probability of yes.
    Phrase {
        /// The phrase asked about.
        phrase: String,
        /// Probability of yes, 0 to 1.
        yes: f64,
        /// What was seen.
        #[serde(default)]
        why: String,
    },
    /// An object that was found.
    Box {
        /// Its class.
        label: String,
        /// Confidence, 0 to 1.
        score: f64,
        /// x1, y1, x2, y2 in pixels of the image.
        bbox: [f64; 4],
    },
    /// A relation between two things.
    Relation {
        /// The relation asked for.
        relation: String,
        /// What stands in it.
        subject: String,
        /// To what.
        object: String,
        /// How well it holds, 0 to 1.
        #[serde(default)]
        position: Option<f64>,
        /// What was seen.
        #[serde(default)]
        why: String,
    },
    /// How many there should be and are.
    Count {
        /// Of what.
        noun: String,
        /// Asked for.
        wanted: u32,
        /// Found.
        found: u32,
    },
    /// Cosine of image and text.
    Similarity {
        /// The text.
        text: String,
        /// −1 to 1.
        cosine: f64,
    },
    /// Anything else worth saying.
    Note {
        /// The remark.
        text: String,
    },
}

impl Reason {
    /// Reads a cell of the `reasons` column. Reasons only explain, so what is not understood is passed on as a note with
    /// its raw text and never stops a report.
    pub fn parse(cell: &str) -> Vec<Self> {
        match serde_json::from_str::<Vec<Value>>(cell) {
            Ok(values) => values.into_iter().map(Self::of_value).collect(),
            Err(_) if cell.trim().is_empty() => Vec::new(),
            Err(_) => vec![Self::Note { text: cell.to_owned() }],
        }
    }

    fn of_value(value: Value) -> Self {
        let raw = value.to_string();
        serde_json::from_value(value).unwrap_or(Self::Note { text: raw })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_kinds_are_typed_and_the_rest_is_kept_as_text() {
        let cell = r#"[{"kind":"phrase","phrase":"a red circle","yes":0.5,"why":"seen"},{"kind":"aura","glow":2}]"#;
        let reasons = Reason::parse(cell);
        assert_eq!(reasons[0], Reason::Phrase { phrase: "a red circle".into(), yes: 0.5, why: "seen".into() });
        assert_eq!(reasons[1], Reason::Note { text: r#"{"kind":"aura","glow":2}"#.into() });
        assert_eq!(Reason::parse(""), vec![]);
        assert_eq!(Reason::parse("oops"), vec![Reason::Note { text: "oops".into() }]);
    }
}
