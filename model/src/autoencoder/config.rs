//! The autoencoder's sizes, under the names of diffusers' `config.json`.

use serde::{Deserialize, Serialize};

/// Sizes of an [`AutoencoderKl`](super::AutoencoderKl); the needed subset of diffusers' `AutoencoderKL` configuration.
///
/// Fields of the file that are not listed here are ignored: diffusers writes more than the network depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AutoencoderKlConfig {
    /// Channels of the image that is encoded.
    pub in_channels: usize,
    /// Channels of the image that is decoded.
    pub out_channels: usize,
    /// Width of each resolution, finest first; one stride-2 convolution lies between neighbours.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks of each resolution of the encoder; the decoder has one more.
    pub layers_per_block: usize,
    /// Channels of the latent.
    pub latent_channels: usize,
    /// Groups of every group norm; divides each of `block_out_channels`.
    pub norm_num_groups: usize,
    /// Width and height in pixels of the images that it was trained on.
    pub sample_size: usize,
    /// Latents are multiplied by it before they are noised.
    pub scaling_factor: f64,
    /// Mean of each latent channel, removed before scaling; `None` for zeros.
    pub latents_mean: Option<Vec<f64>>,
    /// Standard deviation of each latent channel, divided by before scaling; `None` for ones.
    pub latents_std: Option<Vec<f64>>,
    /// Whether a 1 x 1 convolution follows the encoder.
    pub use_quant_conv: bool,
    /// Whether a 1 x 1 convolution precedes the decoder.
    pub use_post_quant_conv: bool,
    /// Whether the middle blocks attend over all positions.
    pub mid_block_add_attention: bool,
}

impl Default for AutoencoderKlConfig {
    /// The Stable Diffusion 1.x autoencoder: factor 8, 4 channels.
    fn default() -> Self {
        Self {
            in_channels: 3,
            out_channels: 3,
            block_out_channels: vec![128, 256, 512, 512],
            layers_per_block: 2,
            latent_channels: 4,
            norm_num_groups: 32,
            sample_size: 512,
            scaling_factor: 0.18215,
            latents_mean: None,
            latents_std: None,
            use_quant_conv: true,
            use_post_quant_conv: true,
            mid_block_add_attention: true,
        }
    }
}

impl AutoencoderKlConfig {
    /// Image pixels per latent position, in each direction.
    pub fn factor(&self) -> usize {
        1 << self.block_out_channels.len().saturating_sub(1)
    }

    /// Says what no network can be built from, if anything.
    pub fn problem(&self) -> Option<String> {
        let groups = self.norm_num_groups;
        if self.block_out_channels.is_empty() {
            return Some("block_out_channels is empty".to_owned());
        }
        if let Some(width) =
            self.block_out_channels.iter().find(|&&width| width == 0 || groups == 0 || width % groups != 0)
        {
            return Some(format!("norm_num_groups = {groups} does not divide block_out_channels' {width}"));
        }
        for (name, values) in [("latents_mean", &self.latents_mean), ("latents_std", &self.latents_std)] {
            let expected = self.latent_channels;
            if let Some(got) = values.as_ref().map(Vec::len).filter(|&got| got != expected) {
                return Some(format!("{name} has {got} values for {expected} latent_channels"));
            }
        }
        if self.scaling_factor == 0.0 || self.latents_std.iter().flatten().any(|&std| std <= 0.0) {
            return Some("scaling_factor and latents_std must not be zero".to_owned());
        }
        None
    }
}
