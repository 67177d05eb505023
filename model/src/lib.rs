//! GenTron and the networks around it: text encoders, autoencoder, diffusion, training and pipelines.
//!
//! This crate owns everything between a text and pixels. It must never know what a suite, a score or a report is: it gets
//! strings and pictures, and gives pictures.
//!
//! Tensor axes are named from one legend: `B` batch, `F` frames, `C` channels, `H, W` latent size, `N` image tokens,
//! `L` text tokens, `D` width, `A` heads.

pub mod autoencoder;
pub mod checkpoint;
pub mod diffusion;
pub mod gentron;
pub mod noise;
pub mod ops;
pub mod pipeline;
pub mod pixart;
pub mod pixels;
pub mod published;
pub mod text;
pub mod train;
pub mod unet;

mod file;
mod parameter_types;

#[cfg(test)]
mod goldens;
#[cfg(test)]
mod gradients;
