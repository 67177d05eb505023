//! T5 1.1 and Flan-T5 (Raffel et al. 2020; Chung et al. 2022), parameters and configuration as in Hugging Face transformers.
//!
//! `config` → `position` (relative position bias) → `layer` (attention, feed-forward) → `stack` (encoder or decoder) → `model`
//! → `encoder` (the encoder as a [`TextEncoder`](super::TextEncoder)).

mod config;
mod encoder;
mod layer;
mod model;
mod position;
mod stack;

pub use config::{FeedForward, T5Config};
pub use encoder::T5TextEncoder;
pub use model::{T5Encoder, T5Model};

#[cfg(test)]
mod tests;
