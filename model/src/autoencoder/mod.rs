//! AutoencoderKL: images to latents and back, in the layout of diffusers (the Stable Diffusion autoencoder).
//!
//! The paper (section 3.1) takes the frozen autoencoder of Latent Diffusion (Rombach et al. 2022): factor 8, 4 channels.
//! Here it is trainable, of any depth and width. `config` → `resnet`, `attention`, `resample` (its parts) → `coder`
//! (encoder and decoder) → `kl` (the model).

mod attention;
mod coder;
mod config;
pub(crate) mod init;
mod kl;
mod load;
pub(crate) mod resample;
mod resnet;

pub use config::AutoencoderKlConfig;
pub use kl::{AutoencoderKl, Posterior};

#[cfg(test)]
mod tests;
