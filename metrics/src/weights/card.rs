//! What a reader must know about a network before trusting its numbers.

use std::path::PathBuf;

use serde::Serialize;

/// What is known of a network without its file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NetworkCard {
    /// Registry key, e.g. `blip-vqa`.
    pub id: &'static str,
    /// The field's name for it.
    pub name: &'static str,
    /// Which weights to bring.
    pub weights: &'static str,
    /// Their licence.
    pub licence: &'static str,
    /// How a picture gets its size.
    pub resize: &'static str,
    /// How grey levels become floats.
    pub normalization: &'static str,
    /// What it cannot see, and where a number differs from others of the same name.
    pub known_problems: &'static [&'static str],
    /// Where it comes from.
    pub reference: &'static str,
}

/// A card with the file that was loaded: what a run's protocol records.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WeightsStatement {
    /// The network.
    pub card: NetworkCard,
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of the file's bytes, lower-case hexadecimal, computed while loading.
    pub sha256: String,
    /// Which layout it was read in, e.g. `original` or `hugging-face`.
    pub layout: &'static str,
}
