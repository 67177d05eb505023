//! PixArt's sizes, under the names of diffusers' `config.json`.

use serde::{Deserialize, Serialize};

/// Sizes of a [`PixArt`](super::PixArt); the needed subset of diffusers' `PixArtTransformer2DModel` configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PixArtConfig {
    /// Heads of every attention.
    pub num_attention_heads: usize,
    /// Channels of a head.
    pub attention_head_dim: usize,
    /// Channels of the latent.
    pub in_channels: usize,
    /// Channels of the prediction: the latent's twice, for noise and a variance that sampling here does not use.
    pub out_channels: usize,
    /// Blocks.
    pub num_layers: usize,
    /// Channels of the keys' and values' input: the projected text's.
    pub cross_attention_dim: usize,
    /// Whether queries, keys and values have a bias.
    pub attention_bias: bool,
    /// Side of the latent.
    pub sample_size: usize,
    /// Side of a patch.
    pub patch_size: usize,
    /// Non-linearity of the feed-forward layers.
    pub activation_fn: String,
    /// Kind of modulation.
    pub norm_type: String,
    /// Whether the blocks' norms have weights.
    pub norm_elementwise_affine: bool,
    /// Added to the variance in the blocks' norms.
    pub norm_eps: f64,
    /// Positions are divided by it; a 64th of `sample_size` where absent.
    pub interpolation_scale: Option<f64>,
    /// Whether the image's size joins the time embedding; where absent, whether `sample_size` is 128.
    pub use_additional_conditions: Option<bool>,
    /// Channels of a text token before it is projected.
    pub caption_channels: Option<usize>,
}

impl Default for PixArtConfig {
    /// PixArt-XL-2 at 512 pixels.
    fn default() -> Self {
        Self {
            num_attention_heads: 16,
            attention_head_dim: 72,
            in_channels: 4,
            out_channels: 8,
            num_layers: 28,
            cross_attention_dim: 1152,
            attention_bias: true,
            sample_size: 64,
            patch_size: 2,
            activation_fn: "gelu-approximate".into(),
            norm_type: "ada_norm_single".into(),
            norm_elementwise_affine: false,
            norm_eps: 1e-6,
            interpolation_scale: None,
            use_additional_conditions: None,
            caption_channels: Some(4096),
        }
    }
}

impl PixArtConfig {
    /// Width D.
    pub fn width(&self) -> usize {
        self.num_attention_heads * self.attention_head_dim
    }

    /// Image tokens a side.
    pub fn grid(&self) -> usize {
        self.sample_size / self.patch_size
    }

    /// What positions are divided by.
    pub fn position_scale(&self) -> f64 {
        self.interpolation_scale.unwrap_or((self.sample_size / 64).max(1) as f64)
    }

    /// Whether the image's size joins the time embedding.
    pub fn is_told_sizes(&self) -> bool {
        self.use_additional_conditions.unwrap_or(self.sample_size == 128)
    }

    /// Says what no network can be built from, or what would be another network than this, if anything.
    pub fn problem(&self) -> Option<String> {
        let d = self.width();
        if d == 0 || !d.is_multiple_of(4) || self.patch_size == 0 || !self.sample_size.is_multiple_of(self.patch_size) {
            return Some(format!(
                "a width of {d} must be a multiple of 4, and patch_size {} must divide sample_size {}",
                self.patch_size, self.sample_size
            ));
        }
        if self.is_told_sizes() && !d.is_multiple_of(3) {
            return Some(format!("a width of {d} cannot hold three sizes"));
        }
        let only = [
            ("activation_fn", self.activation_fn.as_str(), "gelu-approximate"),
            ("norm_type", self.norm_type.as_str(), "ada_norm_single"),
        ];
        if let Some((key, got, only)) = only.into_iter().find(|(_, got, only)| got != only) {
            return Some(format!("{key} = {got:?} is not supported, only {only:?}"));
        }
        if self.norm_elementwise_affine || self.caption_channels.is_none() || self.cross_attention_dim != d {
            return Some(format!(
                "norm_elementwise_affine must be false, caption_channels be there, and cross_attention_dim be the width {d}"
            ));
        }
        None
    }
}
