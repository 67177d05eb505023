//! Sizes.

use serde::{Deserialize, Serialize};

/// All sizes of BLIP-VQA; the default is the published `model_base_vqa_capfilt_large` at 480 px.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlipConfig {
    /// The eye.
    pub vit: VitConfig,
    /// Question encoder and answer decoder, which have one shape.
    pub bert: BertConfig,
}

/// A vision transformer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VitConfig {
    /// Side of the square picture in pixels.
    pub image: usize,
    /// Side of a patch in pixels.
    pub patch: usize,
    /// Width of a token.
    pub width: usize,
    /// Blocks.
    pub depth: usize,
    /// Heads of attention.
    pub heads: usize,
    /// Width of the feed-forward layer, in token widths.
    pub mlp_ratio: usize,
    /// Whether queries, keys and values have a bias.
    pub qkv_bias: bool,
    /// Added to the variance in layer normalisation.
    pub ln_eps: f64,
}

/// A BERT with cross-attention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BertConfig {
    /// Width of a token.
    pub hidden: usize,
    /// Layers.
    pub layers: usize,
    /// Heads of attention.
    pub heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate: usize,
    /// Words, `[DEC]` and `[ENC]` included.
    pub vocab: usize,
    /// Positions.
    pub max_pos: usize,
    /// Added to the variance in layer normalisation.
    pub ln_eps: f64,
    /// Width of the picture's tokens.
    pub encoder_width: usize,
}

impl Default for VitConfig {
    fn default() -> Self {
        Self { image: 480, patch: 16, width: 768, depth: 12, heads: 12, mlp_ratio: 4, qkv_bias: true, ln_eps: 1e-6 }
    }
}

impl Default for BertConfig {
    fn default() -> Self {
        Self {
            hidden: 768,
            layers: 12,
            heads: 12,
            intermediate: 3072,
            vocab: 30524,
            max_pos: 512,
            ln_eps: 1e-12,
            encoder_width: 768,
        }
    }
}

impl VitConfig {
    /// Patches along one side.
    #[must_use]
    pub fn grid(&self) -> usize {
        self.image / self.patch
    }

    /// Tokens of a picture: one a patch, and the class token before them.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.grid() * self.grid() + 1
    }
}
