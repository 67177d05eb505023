//! The pipeline of one arm.

use super::load::{load_autoencoder, load_backbone, load_encoder};
use super::{DenoiseError, Guided, PipelineSpec, Sampling, denoise};
use crate::autoencoder::AutoencoderKl;
use crate::checkpoint::CheckpointError;
use crate::diffusion::{DiffusionError, Schedule};
use crate::gentron::{GenTron, GenTronConfig, TextContext, TextInput};
use crate::noise::normal;
use crate::ops::{Precision, with_precision};
use crate::pixels::to_images;
use crate::text::{Encoding, TextError};
use candle_core::Device;
use image::RgbImage;
use std::collections::BTreeMap;

/// One picture to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// What it shall show.
    pub prompt: String,
    /// Stable id of the prompt, which keys the noise.
    pub prompt_id: String,
    /// Which of the prompt's pictures.
    pub k: u32,
    /// Seed of the run.
    pub seed: u64,
}

/// Anything that draws pictures from prompts.
pub trait Generator: Send + Sync {
    /// Draws a batch; the bytes depend on the batch's draws alone, not on threads or on other batches.
    ///
    /// # Errors
    /// Where a prompt was not prepared or a network fails.
    fn generate(&self, draws: &[Draw]) -> Result<Vec<RgbImage>, PipelineError>;

    /// Draws a batch of clips, each a list of frames; the bytes depend on the batch's draws alone.
    ///
    /// # Errors
    /// [`PipelineError::NoClips`] where it draws pictures only; else as [`Generator::generate`].
    fn generate_clips(&self, _draws: &[Draw]) -> Result<Vec<Vec<RgbImage>>, PipelineError> {
        Err(PipelineError::NoClips)
    }
}

/// What can go wrong between a prompt and its picture.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// Weights.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Text.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Sampling.
    #[error(transparent)]
    Denoise(#[from] DenoiseError),
    /// Schedule.
    #[error(transparent)]
    Diffusion(#[from] DiffusionError),
    /// A tensor operation.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    /// The backbone was trained with an encoder that the specification lacks.
    #[error("the backbone in {folder} reads text from {wanted}, which is not among the encoders given: {}", given.join(", "))]
    UnknownEncoder {
        /// Folder of the backbone.
        folder: std::path::PathBuf,
        /// Encoder that its configuration names.
        wanted: String,
        /// Encoders of the specification.
        given: Vec<String>,
    },
    /// An encoder's width is not what the backbone was trained with.
    #[error("encoder {name} gives {got} channels, the backbone in {folder} reads {expected}")]
    EncoderWidth {
        /// Folder of the backbone.
        folder: std::path::PathBuf,
        /// The encoder.
        name: String,
        /// Channels that the backbone reads.
        expected: usize,
        /// Channels that the encoder gives.
        got: usize,
    },
    /// Clips were asked of what draws pictures.
    #[error("this generator draws pictures, not clips: it has no number of frames")]
    NoClips,
    /// A prompt was drawn without having been prepared.
    #[error("prompt {0:?} was not prepared")]
    NotPrepared(String),
}

/// A GenTron arm, ready to draw. Text is encoded, and the backbone's keys and values are computed, once a prompt.
pub struct Pipeline {
    backbone: GenTron,
    autoencoder: AutoencoderKl,
    schedule: Schedule,
    sampling: Sampling,
    null: TextContext,
    contexts: BTreeMap<String, TextContext>,
    precision: Precision,
    device: Device,
}

/// Prompts encoded at a time.
const PROMPTS: usize = 32;

/// Noise of a picture and noise of an ancestral step, apart.
pub(super) const INITIAL_NOISE: u32 = 100;
pub(super) const STEP_NOISE: u32 = 101;

impl Pipeline {
    /// Loads the networks of `spec` and encodes `prompts` (each once) and the null text. The encoders are dropped before
    /// the backbone is loaded, so that peak memory is that of the largest single network.
    ///
    /// # Errors
    /// Where weights are missing, damaged or do not fit one another.
    pub fn load(spec: &PipelineSpec, prompts: &[&str], device: &Device) -> Result<Self, PipelineError> {
        let config: GenTronConfig = crate::checkpoint::read_json(&spec.backbone.join("config.json"))?;
        let mut texts: Vec<&str> = prompts.to_vec();
        texts.sort_unstable();
        texts.dedup();
        texts.retain(|text| !text.is_empty());
        let chunks: Vec<&[&str]> = std::iter::once(&[""][..]).chain(texts.chunks(PROMPTS)).collect();
        let mut inputs: Vec<Vec<TextInput>> = chunks.iter().map(|_| Vec::new()).collect();
        for source in &config.text {
            let given = || spec.encoders.iter().map(|encoder| encoder.name.clone()).collect();
            let encoder = spec.encoders.iter().find(|encoder| encoder.name == source.name).ok_or_else(|| {
                PipelineError::UnknownEncoder {
                    folder: spec.backbone.clone(),
                    wanted: source.name.clone(),
                    given: given(),
                }
            })?;
            let encoder = load_encoder(encoder, spec.weights, device)?;
            for (expected, got) in [(source.width, encoder.width()), (source.pooled_width, encoder.pooled_width())] {
                if expected != got {
                    let (folder, name) = (spec.backbone.clone(), source.name.clone());
                    return Err(PipelineError::EncoderWidth { folder, name, expected, got });
                }
            }
            for (chunk, inputs) in chunks.iter().zip(&mut inputs) {
                let Encoding { tokens, mask, pooled, .. } = encoder.encode(chunk)?;
                inputs.push(TextInput { tokens, mask, pooled });
            }
        }
        let backbone = load_backbone(&spec.backbone, spec.weights, device)?;
        let autoencoder = load_autoencoder(&spec.autoencoder, device)?;
        let mut contexts = BTreeMap::new();
        for (chunk, inputs) in chunks.iter().zip(&inputs) {
            let context = backbone.condition(inputs)?;
            for (i, text) in chunk.iter().enumerate() {
                contexts.insert((*text).to_owned(), context.row(i)?);
            }
        }
        let null = contexts.get("").cloned().ok_or_else(|| PipelineError::NotPrepared(String::new()))?;
        let schedule = Schedule::new(&spec.schedule)?;
        let (sampling, precision, device) = (spec.sampling, spec.weights.precision(), device.clone());
        Ok(Self { backbone, autoencoder, schedule, sampling, null, contexts, precision, device })
    }

    /// The backbone's configuration.
    pub fn config(&self) -> &GenTronConfig {
        self.backbone.config()
    }
}

impl Generator for Pipeline {
    fn generate(&self, draws: &[Draw]) -> Result<Vec<RgbImage>, PipelineError> {
        let pictures = Sampling { frames: None, ..self.sampling };
        self.draw(draws, &pictures)
    }

    fn generate_clips(&self, draws: &[Draw]) -> Result<Vec<Vec<RgbImage>>, PipelineError> {
        let Some(frames) = self.sampling.frames else { return Err(PipelineError::NoClips) };
        let pictures = self.draw(draws, &self.sampling)?;
        Ok(pictures.chunks(frames).map(<[RgbImage]>::to_vec).collect())
    }
}

impl Pipeline {
    /// The pictures of a batch, or the frames of its clips one after the other.
    fn draw(&self, draws: &[Draw], sampling: &Sampling) -> Result<Vec<RgbImage>, PipelineError> {
        if draws.is_empty() {
            return Ok(Vec::new());
        }
        let context = |draw: &Draw| {
            self.contexts.get(&draw.prompt).ok_or_else(|| PipelineError::NotPrepared(draw.prompt.clone()))
        };
        let text = draws.iter().map(context).collect::<Result<Vec<_>, _>>()?;
        let guided = Guided::new(&text, &self.null, sampling)?;
        let config = self.backbone.config();
        let size = sampling.frames.unwrap_or(1) * config.in_channels * config.latent_size * config.latent_size;
        // Noise depends on (seed, prompt id, k) alone: the same in every arm, in any batch.
        let noise = |purpose: u32| -> Vec<f64> {
            let of = |d: &Draw| normal(d.seed, &d.prompt_id, u64::from(d.k), purpose, size);
            draws.iter().flat_map(of).map(f64::from).collect()
        };
        let fresh = |step: usize| noise(STEP_NOISE + step as u32);
        let start = noise(INITIAL_NOISE);
        let latents = with_precision(self.precision, || {
            denoise(&self.backbone, &guided, start, sampling, &self.schedule, fresh, &self.device)
        })?;
        let latents = if sampling.frames.is_some() { latents.flatten(0, 1)? } else { latents };
        Ok(to_images(&self.autoencoder.decode(&self.autoencoder.unscale(&latents)?)?)?)
    }
}
