//! Weights from disk, checked: every missing, extra or mis-shaped tensor is named, all of them at once.
//!
//! A network is built on a [`VarBuilder`](candle_nn::VarBuilder) that answers from safetensors files and notes each question. Whatever
//! was asked for and is not there, is there in another shape, or is there and was not asked for, ends up in one
//! [`CheckpointError::Mismatch`]. Of weights in parts the index decides: see [`CheckpointError::Index`].

mod asking;
mod error;
mod files;
mod foreign;
mod load;
mod outline;
mod random;
mod reader;

pub use error::{CheckpointError, Misplaced, Problem};
pub use files::read_json;
pub(crate) use files::{digest, locate, sha256_of_weights};
pub use foreign::Foreign;
pub use load::{Naming, check, load};
pub use outline::{Parameter, outline};
pub use random::{Layout, Written, write_random};

#[cfg(test)]
mod tests;
