//! The UNet's sizes, under the names of diffusers' `config.json`.

use serde::{Deserialize, Serialize};

/// A number for every resolution, or one for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PerLevel {
    /// The same everywhere.
    One(usize),
    /// Finest resolution first.
    Each(Vec<usize>),
}

impl PerLevel {
    fn at(&self, level: usize) -> usize {
        match self {
            Self::One(value) => *value,
            Self::Each(values) => values.get(level).copied().unwrap_or(0),
        }
    }

    fn fits(&self, levels: usize) -> bool {
        !matches!(self, Self::Each(values) if values.len() != levels)
    }
}

/// Sizes of a [`UNet`](super::UNet); the needed subset of diffusers' `UNet2DConditionModel` configuration. Fields of the file that are not
/// listed are ignored, and [`UNetConfig::problem`] names those whose value would make another network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UNetConfig {
    /// Side of the latent that it was trained on.
    pub sample_size: usize,
    /// Channels of the latent.
    pub in_channels: usize,
    /// Channels of the prediction.
    pub out_channels: usize,
    /// Width of each resolution, finest first.
    pub block_out_channels: Vec<usize>,
    /// Blocks on the way down: `CrossAttnDownBlock2D` or `DownBlock2D`.
    pub down_block_types: Vec<String>,
    /// Blocks on the way up: `CrossAttnUpBlock2D` or `UpBlock2D`.
    pub up_block_types: Vec<String>,
    /// Residual blocks of each resolution on the way down; one more on the way up.
    pub layers_per_block: usize,
    /// Transformer blocks after each residual block.
    pub transformer_layers_per_block: PerLevel,
    /// Heads of each attention: diffusers keeps this misnomer for the sake of old checkpoints.
    pub attention_head_dim: PerLevel,
    /// Heads, where a newer file names them by their name.
    pub num_attention_heads: Option<PerLevel>,
    /// Channels of a text token.
    pub cross_attention_dim: usize,
    /// Whether transformers begin and end with a linear layer instead of a 1 x 1 convolution: the same map, stored in another shape.
    pub use_linear_projection: bool,
    /// `text_time`: pooled text and image sizes join the time embedding (XL).
    pub addition_embed_type: Option<String>,
    /// Channels of each of the six sizes' features.
    pub addition_time_embed_dim: Option<usize>,
    /// Channels of pooled text and sizes together.
    pub projection_class_embeddings_input_dim: Option<usize>,
    /// Groups of every group norm.
    pub norm_num_groups: usize,
    /// Added to the variance in the residual blocks' norms.
    pub norm_eps: f64,
    /// Whether cosines come before sines in the features of a timestep.
    pub flip_sin_to_cos: bool,
    /// Subtracted from the number of frequencies in their exponent.
    pub freq_shift: f64,
    /// Non-linearity.
    pub act_fn: String,
    /// Block in the middle.
    pub mid_block_type: Option<String>,
    /// Padding of the stride-2 convolutions.
    pub downsample_padding: usize,
    /// Kernel of the first convolution.
    pub conv_in_kernel: usize,
    /// Whether residual blocks are shifted and scaled by time, or shifted alone.
    pub resnet_time_scale_shift: String,
    /// A class embedding, which no text-to-image checkpoint has.
    pub class_embed_type: Option<String>,
    /// Whether each transformer attends to text twice, and never to itself.
    pub only_cross_attention: bool,
}

impl Default for UNetConfig {
    /// Stable Diffusion 1.5.
    fn default() -> Self {
        let cross = |kind: &str| kind.to_owned();
        let (down, up) = ("CrossAttnDownBlock2D", "CrossAttnUpBlock2D");
        Self {
            sample_size: 64,
            in_channels: 4,
            out_channels: 4,
            block_out_channels: vec![320, 640, 1280, 1280],
            down_block_types: [down, down, down, "DownBlock2D"].map(cross).to_vec(),
            up_block_types: ["UpBlock2D", up, up, up].map(cross).to_vec(),
            layers_per_block: 2,
            transformer_layers_per_block: PerLevel::One(1),
            attention_head_dim: PerLevel::One(8),
            num_attention_heads: None,
            cross_attention_dim: 768,
            use_linear_projection: false,
            addition_embed_type: None,
            addition_time_embed_dim: None,
            projection_class_embeddings_input_dim: None,
            norm_num_groups: 32,
            norm_eps: 1e-5,
            flip_sin_to_cos: true,
            freq_shift: 0.0,
            act_fn: "silu".into(),
            mid_block_type: Some("UNetMidBlock2DCrossAttn".into()),
            downsample_padding: 1,
            conv_in_kernel: 3,
            resnet_time_scale_shift: "default".into(),
            class_embed_type: None,
            only_cross_attention: false,
        }
    }
}

impl UNetConfig {
    /// Resolutions.
    pub fn levels(&self) -> usize {
        self.block_out_channels.len()
    }

    /// Channels of the time embedding.
    pub fn time_channels(&self) -> usize {
        4 * self.block_out_channels.first().copied().unwrap_or(0)
    }

    /// Heads of a resolution's attentions, finest first.
    pub fn heads(&self, level: usize) -> usize {
        self.num_attention_heads.as_ref().unwrap_or(&self.attention_head_dim).at(level)
    }

    /// Transformer blocks after each residual block of a resolution, finest first.
    pub fn transformer_layers(&self, level: usize) -> usize {
        self.transformer_layers_per_block.at(level)
    }

    /// Whether pooled text and sizes join the time embedding.
    pub fn has_added(&self) -> bool {
        self.addition_embed_type.is_some()
    }

    /// Whether a resolution attends to text on the way down, and on the way up.
    pub fn attends(&self, level: usize) -> (bool, bool) {
        let is = |kinds: &[String], at: usize, kind: &str| kinds.get(at).is_some_and(|found| found == kind);
        let up = self.levels() - 1 - level;
        (is(&self.down_block_types, level, "CrossAttnDownBlock2D"), is(&self.up_block_types, up, "CrossAttnUpBlock2D"))
    }

    /// Says what no network can be built from, or what would be another network than this, if anything.
    pub fn problem(&self) -> Option<String> {
        let (levels, groups) = (self.levels(), self.norm_num_groups);
        if levels == 0 || self.down_block_types.len() != levels || self.up_block_types.len() != levels {
            return Some(format!("{levels} block_out_channels need as many down_block_types and up_block_types"));
        }
        let known = ["CrossAttnDownBlock2D", "DownBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"];
        if let Some(kind) =
            self.down_block_types.iter().chain(&self.up_block_types).find(|kind| !known.contains(&kind.as_str()))
        {
            return Some(format!("blocks of type {kind} are not supported"));
        }
        if let Some(width) = self.block_out_channels.iter().find(|&&width| groups == 0 || width % groups != 0) {
            return Some(format!("norm_num_groups = {groups} does not divide block_out_channels' {width}"));
        }
        let heads = self.num_attention_heads.as_ref().unwrap_or(&self.attention_head_dim);
        if !heads.fits(levels) || !self.transformer_layers_per_block.fits(levels) {
            return Some(format!(
                "attention_head_dim and transformer_layers_per_block must be one number, or {levels}"
            ));
        }
        if let Some(level) = (0..levels)
            .find(|&level| self.heads(level) == 0 || !self.block_out_channels[level].is_multiple_of(self.heads(level)))
        {
            let (heads, width) = (self.heads(level), self.block_out_channels[level]);
            return Some(format!("{heads} heads do not divide a width of {width}"));
        }
        match (self.addition_embed_type.as_deref(), self.addition_time_embed_dim) {
            (None, _) | (Some("text_time"), Some(_)) => {}
            (Some(kind), _) => {
                return Some(format!("addition_embed_type = {kind:?} is not supported, or lacks its sizes"));
            }
        }
        let others = [
            ("act_fn", self.act_fn.as_str(), "silu"),
            ("mid_block_type", self.mid_block_type.as_deref().unwrap_or("null"), "UNetMidBlock2DCrossAttn"),
            ("resnet_time_scale_shift", self.resnet_time_scale_shift.as_str(), "default"),
            ("class_embed_type", self.class_embed_type.as_deref().unwrap_or("null"), "null"),
        ];
        if let Some((key, got, only)) = others.into_iter().find(|(_, got, only)| got != only) {
            return Some(format!("{key} = {got:?} is not supported, only {only:?}"));
        }
        let plain = self.downsample_padding == 1 && self.conv_in_kernel == 3 && !self.only_cross_attention;
        if !plain || !self.flip_sin_to_cos || self.freq_shift != 0.0 {
            return Some(
                "downsample_padding, conv_in_kernel, only_cross_attention, flip_sin_to_cos or freq_shift is not as in Stable Diffusion"
                    .to_owned(),
            );
        }
        None
    }
}
