//! Text to tokens of width W and one pooled vector: CLIP and T5, under one trait.
//!
//! Section 3.1 of the paper conditions on CLIP, on Flan-T5-XXL, or on both interleaved. Both are here with the parameters and the
//! configuration fields of Hugging Face transformers, trainable, and of any size; CLIP with its image tower, because it is
//! trained with it and CLIPScore needs it, and T5 with its decoder, because span corruption trains through it.

pub mod clip;
mod encoder;
pub(crate) mod parameter;
mod sentencepiece;
pub mod t5;
mod tokenizer;
mod word_level;

pub use clip::ClipTextEncoder;
pub use encoder::{Encoding, TextEncoder, TextError};
pub use t5::T5TextEncoder;
pub use tokenizer::{Overlong, Piece, TextTokenizer, Tokens};
pub use word_level::{SENTINELS, word_level_clip, word_level_t5};

#[cfg(test)]
mod tests;
