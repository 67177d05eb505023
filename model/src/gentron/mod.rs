//! GenTron (arXiv 2312.04557): a diffusion transformer whose text reaches the blocks through adaLN-Zero or cross-attention.
//!
//! One struct for every size, arm and world; a [`GenTronConfig`] says which. Parameter names are the checkpoint format: DiT's where DiT
//! has the layer, PixArt-α's for cross-attention.

mod attention;
mod block;
mod config;
pub(crate) mod embed;
mod layers;
mod model;
mod presets;
mod temporal;
mod text;
mod watch;

#[cfg(test)]
mod tests;

pub use config::{Conditioning, GenTronConfig, Prediction, TextSource};
pub use model::GenTron;
pub use presets::{CLIP_L, CLIP_SHAPES, FLAN_T5_XXL, Preset, T5_SHAPES, presets};
pub(crate) use text::mask_to_bias;
pub use text::{TextContext, TextInput};
pub use watch::watch_attention;
