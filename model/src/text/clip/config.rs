//! CLIP's sizes, under the names of transformers' `config.json`; other fields of that file are ignored.

use std::path::Path;

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

use crate::checkpoint::{CheckpointError, read_json};
use crate::ops;

/// The non-linearity of a feed-forward layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `x sigmoid(1.702 x)`: OpenAI's CLIP.
    #[default]
    QuickGelu,
    /// With the error function: OpenCLIP.
    Gelu,
    /// With the hyperbolic tangent.
    #[serde(alias = "gelu_pytorch_tanh")]
    GeluNew,
}

impl Activation {
    pub(super) fn forward(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::QuickGelu => ops::quick_gelu(x),
            Self::Gelu => ops::gelu_erf(x),
            Self::GeluNew => ops::gelu_tanh(x),
        }
    }
}

/// Sizes of the text tower; the default is ViT-B/32's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClipTextConfig {
    /// Tokens known.
    pub vocab_size: usize,
    /// Width of a token.
    pub hidden_size: usize,
    /// Width inside a feed-forward layer.
    pub intermediate_size: usize,
    /// Transformer layers.
    pub num_hidden_layers: usize,
    /// Heads of each.
    pub num_attention_heads: usize,
    /// Tokens of a text, padded; also the most that fit.
    pub max_position_embeddings: usize,
    /// Non-linearity of the feed-forward layers.
    pub hidden_act: Activation,
    /// Added to the variance in every norm.
    pub layer_norm_eps: f64,
    /// First token of a text.
    pub bos_token_id: u32,
    /// Last token of a text. 2 is transformers' mark of configurations older than their fix: the largest id is the end.
    pub eos_token_id: u32,
}

impl Default for ClipTextConfig {
    fn default() -> Self {
        Self {
            vocab_size: 49408,
            hidden_size: 512,
            intermediate_size: 2048,
            num_hidden_layers: 12,
            num_attention_heads: 8,
            max_position_embeddings: 77,
            hidden_act: Activation::QuickGelu,
            layer_norm_eps: 1e-5,
            bos_token_id: 49406,
            eos_token_id: 49407,
        }
    }
}

/// Sizes of the image tower; the default is ViT-B/32's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClipVisionConfig {
    /// Width of a patch token.
    pub hidden_size: usize,
    /// Width inside a feed-forward layer.
    pub intermediate_size: usize,
    /// Transformer layers.
    pub num_hidden_layers: usize,
    /// Heads of each.
    pub num_attention_heads: usize,
    /// Channels of the image.
    pub num_channels: usize,
    /// Width and height of the image in pixels.
    pub image_size: usize,
    /// Width and height of a patch in pixels.
    pub patch_size: usize,
    /// Non-linearity of the feed-forward layers.
    pub hidden_act: Activation,
    /// Added to the variance in every norm.
    pub layer_norm_eps: f64,
}

impl Default for ClipVisionConfig {
    fn default() -> Self {
        Self {
            hidden_size: 768,
            intermediate_size: 3072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            num_channels: 3,
            image_size: 224,
            patch_size: 32,
            hidden_act: Activation::QuickGelu,
            layer_norm_eps: 1e-5,
        }
    }
}

/// Sizes of both towers and of the space they share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClipConfig {
    /// The text tower.
    pub text_config: ClipTextConfig,
    /// The image tower.
    pub vision_config: ClipVisionConfig,
    /// Width of the space that both are projected to.
    pub projection_dim: usize,
    /// Initial natural logarithm of what the cosines are multiplied by.
    pub logit_scale_init_value: f64,
}

impl Default for ClipConfig {
    fn default() -> Self {
        let (text_config, vision_config) = Default::default();
        Self { text_config, vision_config, projection_dim: 512, logit_scale_init_value: 2.6592 }
    }
}

impl ClipTextConfig {
    /// Reads `config.json` of a whole CLIP or of a text tower alone (as in Stable Diffusion's `text_encoder/`).
    ///
    /// # Errors
    /// Where it cannot be read or parsed.
    pub fn read(path: &Path) -> std::result::Result<Self, CheckpointError> {
        let value: serde_json::Value = read_json(path)?;
        let own = value.get("text_config").cloned().unwrap_or(value);
        serde_json::from_value(own).map_err(|source| CheckpointError::Configuration { path: path.to_owned(), source })
    }
}
