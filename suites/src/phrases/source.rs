//! Who parsed a text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A version of spaCy's small English model. Between them, the phrases of every twentieth prompt differ, so scores
/// under different models compare only roughly.
///
/// The official requirements pin 3.5.0, which was nowhere to be had; 3.6.0 is the nearest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SpacyModel {
    /// `en_core_web_sm` 3.6.0 under spaCy 3.6.1.
    #[default]
    #[serde(rename = "3.6.0")]
    Sm3_6_0,
    /// `en_core_web_sm` 3.8.0 under spaCy 3.8.18.
    #[serde(rename = "3.8.0")]
    Sm3_8_0,
}

impl SpacyModel {
    /// In the order of the table's records.
    pub const ALL: [Self; 2] = [Self::Sm3_6_0, Self::Sm3_8_0];

    /// The model's version.
    pub fn version(self) -> &'static str {
        match self {
            Self::Sm3_6_0 => "3.6.0",
            Self::Sm3_8_0 => "3.8.0",
        }
    }
}

/// Who parsed a text; part of what makes two scores comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhraseSource {
    /// spaCy, when the table of facts was made.
    Spacy(SpacyModel),
    /// The tagger of this crate, trained towards spaCy 3.6.0. It agrees with it on most phrases, see the README.
    OwnChunker,
}

impl fmt::Display for PhraseSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spacy(model) => write!(f, "en_core_web_sm {}", model.version()),
            Self::OwnChunker => f.pad("gentron's own chunker"),
        }
    }
}
