//! The UNet of Stable Diffusion 1.x, 2.x and XL, in the layout of diffusers (`UNet2DConditionModel`).
//!
//! `config` → `resnet`, `transformer` (its parts) → `blocks` (a resolution on the way down, in the middle, on the way up) → `model`.
//! On operations of our own, as every network here: candle-transformers' UNet has no text-and-time embedding, without which XL is another
//! network, and its element-wise operations run on one core.

mod attention;
mod blocks;
mod config;
mod model;
mod resnet;
mod transformer;

pub use config::{PerLevel, UNetConfig};
pub use model::{Added, UNet};

pub(crate) use attention::{Attention, AttentionSizes};
pub(crate) use resnet::TimestepEmbedding;

#[cfg(test)]
mod tests;
