//! CLIP (Radford et al. 2021), both towers, parameters and configuration as in Hugging Face transformers.
//!
//! `config` → `layer` (the transformer that both towers share) → `text`, `vision` (towers) → `model` (both, projected, compared)
//! → `encoder` (the text tower as a [`TextEncoder`](super::TextEncoder)).

mod bpe;
mod config;
mod encoder;
mod layer;
mod model;
mod pixels;
mod text;
mod vision;

pub use config::{Activation, ClipConfig, ClipTextConfig, ClipVisionConfig};
pub use encoder::{ClipTextEncoder, read_tokenizer};
pub use model::ClipModel;
pub use pixels::{IMAGE_MEAN, IMAGE_STD, pixels};
pub use text::{ClipText, ClipTextModel};
pub use vision::ClipVisionModel;

#[cfg(test)]
mod tests;
