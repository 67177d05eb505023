//! What CLIP's code says on invented weights: beside those of `gentron_metrics::canary`, whose crate has no CLIP.

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use gentron_metrics::canary::{CanaryMismatch, Readings, check_code, of_image_text};
use gentron_metrics::pixels::{Filter, Normalization, longest_side};
use gentron_metrics::weights::{Filled, Invented};
use gentron_metrics::{ImageText, MetricError};
use gentron_model::text::TextTokenizer;
use gentron_model::text::clip::{Activation, ClipConfig, ClipModel, ClipTextConfig, ClipVisionConfig};
use image::RgbImage;

use crate::score::clip::ClipSimilarity;
use crate::score::{letters, open_clip};

/// What is committed of both.
static NETWORKS: &str = include_str!("networks.json");

/// Seed of the invented weights.
const SEED: u64 = 1;

/// Numbers of a text's first and last token.
const MARKS: [u32; 2] = [254, 255];

/// A kind of CLIP whose code has committed readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClipCode {
    /// OpenAI's, in transformers' layout: CLIPScore's and PickScore's.
    OpenAi,
    /// OpenCLIP's layout and non-linearity, and a picture on black: HPSv2's.
    OpenClip,
}

impl ClipCode {
    /// What a small CLIP of this kind says of all pictures on invented weights.
    ///
    /// # Errors
    /// It cannot be built or refuses a picture.
    pub fn readings(self) -> Result<Readings, MetricError> {
        let read = match self {
            Self::OpenAi => of_image_text(&openai()?)?,
            Self::OpenClip => of_image_text(&OnBlack(openclip()?))?,
        };
        let kind = if self == Self::OpenAi { "clip" } else { "open-clip" };
        Ok(Readings { backend: format!("{kind} on invented weights"), ..read })
    }

    /// Holds the code against what is committed.
    ///
    /// # Errors
    /// It says something else. No score of such a network must be believed then.
    pub fn check(self) -> Result<(), CanaryMismatch> {
        check_code(&self.readings()?, NETWORKS)
    }
}

fn config(hidden_act: Activation) -> ClipConfig {
    ClipConfig {
        text_config: ClipTextConfig {
            vocab_size: 256,
            hidden_size: 12,
            intermediate_size: 22,
            num_hidden_layers: 2,
            num_attention_heads: 3,
            hidden_act,
            bos_token_id: MARKS[0],
            eos_token_id: MARKS[1],
            ..ClipTextConfig::default()
        },
        vision_config: ClipVisionConfig {
            hidden_size: 10,
            intermediate_size: 26,
            num_hidden_layers: 2,
            num_attention_heads: 2,
            image_size: 28,
            patch_size: 7,
            hidden_act,
            ..ClipVisionConfig::default()
        },
        projection_dim: 6,
        ..ClipConfig::default()
    }
}

fn openai() -> Result<ClipSimilarity, MetricError> {
    let backend = Box::new(Numbers(Invented::new(SEED, &[])));
    similarity(VarBuilder::from_backend(backend, DType::F32, Device::Cpu), &config(Activation::QuickGelu))
}

fn openclip() -> Result<ClipSimilarity, MetricError> {
    let config = config(Activation::Gelu);
    let tensors = open_clip::tensors(&Filled(Invented::new(SEED, &[])), &config)?;
    similarity(VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu), &config)
}

fn similarity(weights: VarBuilder, config: &ClipConfig) -> Result<ClipSimilarity, MetricError> {
    let id = "clip-invented".to_owned();
    let failed = |source| MetricError::Network { network: id.clone(), source };
    let model = ClipModel::new(weights, config).map_err(failed)?;
    let words = letters::tokenizer(100, MARKS[0]).to_string();
    let limit = config.text_config.max_position_embeddings;
    let tokenizer = TextTokenizer::of_json(&words, MARKS[1], limit)
        .map_err(|source| MetricError::Backend { backend: id.clone(), source: source.into() })?;
    Ok(ClipSimilarity::new(id, model, tokenizer, &Device::Cpu))
}

/// Invented tensors, as a builder asks for them.
struct Numbers(Invented);

impl SimpleBackend for Numbers {
    fn get(&self, shape: Shape, name: &str, _: Init, _: DType, _: &Device) -> candle_core::Result<Tensor> {
        self.0.filled(name, shape.dims())
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> candle_core::Result<Tensor> {
        candle_core::bail!("the shape of {name} is not known")
    }

    fn contains_tensor(&self, _: &str) -> bool {
        true
    }
}

/// A CLIP that sees the whole picture on black, as HPSv2 does.
struct OnBlack(ClipSimilarity);

impl ImageText for OnBlack {
    fn id(&self) -> &str {
        ImageText::id(&self.0)
    }

    fn cosine(&self, image: &RgbImage, text: &str) -> Result<f64, MetricError> {
        let side = self.0.model().config().vision_config.image_size as u32;
        self.0.cosine_of(text, |device| Ok(longest_side(image, side, Filter::Bicubic, (Normalization::CLIP, device))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [ClipCode; 2] = [ClipCode::OpenAi, ClipCode::OpenClip];

    #[test]
    fn the_code_of_both_clips_says_what_is_committed() {
        for code in BOTH {
            code.check().unwrap_or_else(|mismatch| panic!("{mismatch}"));
        }
    }

    /// Readings that are all alike would find nothing out.
    #[test]
    fn invented_clips_tell_the_pictures_apart() {
        for code in BOTH {
            let read = code.readings().unwrap();
            assert!(read.values.values().all(|cosine| (-1.001..=1.001).contains(cosine)), "{read:?}");
            let (least, most) =
                read.values.values().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &v| (a.min(v), b.max(v)));
            assert!(most - least > 0.01, "{read:?}");
        }
    }

    /// Run with `--ignored` after a change of the pictures or of CLIP's code that is meant.
    #[test]
    #[ignore = "writes the committed expectation anew"]
    fn write_what_the_code_says() {
        let read = BOTH.map(|code| code.readings().unwrap());
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/score/canary/networks.json");
        std::fs::write(path, serde_json::to_string_pretty(&read).unwrap() + "\n").unwrap();
    }
}
