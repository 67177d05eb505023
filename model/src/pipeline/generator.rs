//! The pipeline of one arm.

use super::finite::pictures;
use super::load::{load_autoencoder, load_backbone};
use super::texts::{self, Texts};
use super::{Guided, PipelineError, PipelineSpec, Sampling, denoise};
use crate::autoencoder::AutoencoderKl;
use crate::diffusion::Schedule;
use crate::gentron::{GenTron, GenTronConfig, TextContext};
use crate::noise::normal;
use crate::ops::{Precision, with_precision};
use candle_core::Device;
use image::RgbImage;
use std::collections::BTreeMap;
use std::path::Path;

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
    /// Where a prompt was not prepared, a network fails, or what it gives is not of finite numbers.
    fn generate(&self, draws: &[Draw]) -> Result<Vec<RgbImage>, PipelineError>;

    /// Draws a batch of clips, each a list of frames; the bytes depend on the batch's draws alone.
    ///
    /// # Errors
    /// [`PipelineError::NoClips`] where it draws pictures only; else as [`Generator::generate`].
    fn generate_clips(&self, _draws: &[Draw]) -> Result<Vec<Vec<RgbImage>>, PipelineError> {
        Err(PipelineError::NoClips)
    }
}

/// Told of every text that an encoder has to encode anew and that is kept: the encoder, how many are done, and of how many. Answers
/// whether to go on.
pub type Preparing<'a> = &'a mut (dyn FnMut(&str, usize, usize) -> bool + Send);

/// A GenTron arm, ready to draw. Text is encoded, and the backbone's keys and values are computed, once a prompt.
pub struct Pipeline {
    backbone: GenTron,
    autoencoder: AutoencoderKl,
    schedule: Schedule,
    sampling: Sampling,
    null: TextContext,
    texts: Texts,
    precision: Precision,
    device: Device,
}

/// Noise of a picture and noise of an ancestral step, apart.
pub(super) const INITIAL_NOISE: u32 = 100;
pub(super) const STEP_NOISE: u32 = 101;

impl Pipeline {
    /// Loads the networks of `spec` and encodes `prompts` (each once) and the null text. The encoders are dropped before
    /// the backbone is loaded, so that peak memory is that of the largest single network.
    ///
    /// # Errors
    /// Where weights are missing, damaged or do not fit one another.
    pub fn load(
        spec: &PipelineSpec,
        prompts: &[&str],
        device: &Device,
        preparing: Preparing,
    ) -> Result<Self, PipelineError> {
        let config: GenTronConfig = crate::checkpoint::read_json(&spec.backbone.join("config.json"))?;
        let mut texts: Vec<&str> = prompts.to_vec();
        texts.push("");
        texts.sort_unstable();
        texts.dedup();
        let encoded =
            with_precision(spec.weights.precision(), || texts::encode(spec, &config, &texts, device, preparing))?;
        let backbone = load_backbone(&spec.backbone, spec.weights, device)?;
        let autoencoder = load_autoencoder(&spec.autoencoder, device)?;
        let texts = Texts::of(encoded, &backbone)?;
        let null = texts.context("", &backbone, device)?.into_owned();
        let schedule = Schedule::new(&spec.schedule)?;
        let (sampling, precision, device) = (spec.sampling, spec.weights.precision(), device.clone());
        Ok(Self { backbone, autoencoder, schedule, sampling, null, texts, precision, device })
    }

    /// The backbone's configuration.
    pub fn config(&self) -> &GenTronConfig {
        self.backbone.config()
    }

    /// Files of embeddings that were damaged when it was loaded, and whose texts have been encoded anew.
    pub fn renewed(&self) -> Vec<&Path> {
        self.texts.renewed()
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
        // Pictures of one prompt share its context.
        let mut contexts = BTreeMap::new();
        for draw in draws {
            if !contexts.contains_key(draw.prompt.as_str()) {
                let context =
                    with_precision(self.precision, || self.texts.context(&draw.prompt, &self.backbone, &self.device))?;
                contexts.insert(draw.prompt.as_str(), context);
            }
        }
        let text: Vec<&TextContext> = draws.iter().map(|draw| &*contexts[draw.prompt.as_str()]).collect();
        let guided = Guided::new(&text, &self.null, sampling, self.backbone.config())?;
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
        pictures(&self.autoencoder, &latents, draws)
    }
}
