//! Stable Diffusion 1.5, 2.1 and XL, and PixArt-α, from the folders that diffusers publishes: what GenTron is compared with.
//!
//! `layout` (what the folder says it is) → `text` (what the network is told of a prompt) → `network` (which noise it finds) → `draw`
//! (the pipeline). Text is encoded first, then the encoders go, as in GenTron's own pipeline.

mod draw;
mod layout;
mod network;
mod text;

pub use draw::{Diffusers, Rehearsal};
pub use layout::Family;

#[cfg(test)]
mod tests;
