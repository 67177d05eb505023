//! PixArt-α (Chen et al., arXiv 2310.00426) in the layout of diffusers (`PixArtTransformer2DModel`): a DiT whose blocks share one
//! time modulation (adaLN-single), each with a table of its own to add, and attend to T5's tokens.

mod block;
mod config;
mod model;

pub use config::PixArtConfig;
pub use model::{PixArt, Size};

#[cfg(test)]
mod tests;
