//! From noise to a latent: the sampler, the backbone and guidance.

use crate::diffusion::{DiffusionError, SamplerKind, Schedule, guide};
use crate::gentron::{GenTron, Prediction, TextContext};
use candle_core::{DType, Device, Result, Tensor};
use serde::{Deserialize, Serialize};

/// How images are drawn; the same for every arm of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// Sampler.
    pub kind: SamplerKind,
    /// Evaluations of the backbone with text (and as many with the null text, unless guidance is 1).
    pub steps: usize,
    /// Classifier-free guidance; 1 is none.
    pub guidance: f64,
}

/// The text of a batch and, for guidance, the null text: stacked once, used at every step.
pub struct Guided {
    stacked: TextContext,
    guidance: f64,
    batch: usize,
}

impl Guided {
    /// Of `batch` texts, each with its own row of `text`; `null` holds the null text's single row.
    ///
    /// # Errors
    /// Where the contexts are of different lengths.
    pub fn new(text: &[&TextContext], null: &TextContext, guidance: f64) -> Result<Self> {
        let batch = text.len();
        let mut rows = text.to_vec();
        if guidance != 1.0 {
            rows.extend(std::iter::repeat_n(null, batch));
        }
        Ok(Self { stacked: TextContext::cat(&rows)?, guidance, batch })
    }

    /// The guided noise in latents `x` (flat, B latents of shape C, H, W) at a timestep, by a backbone trained on `schedule`.
    fn noise(
        &self,
        gentron: &GenTron,
        schedule: &Schedule,
        x: &[f64],
        timestep: f64,
        device: &Device,
    ) -> Result<Vec<f64>> {
        let config = gentron.config();
        let (c, size) = (config.in_channels, config.latent_size);
        let copies = if self.guidance == 1.0 { 1 } else { 2 };
        let input: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        let latents = Tensor::from_vec(input.repeat(copies), (copies * self.batch, c, size, size), device)?;
        let t = Tensor::full(timestep as f32, copies * self.batch, device)?;
        let output = gentron.forward(&latents, &t, &self.stacked)?; // (B or 2B, C or 2C, H, W)
        let output = output.narrow(1, 0, c)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
        let (text, null) = output.split_at(x.len());
        let guided = if copies == 1 { text.to_vec() } else { guide(null, text, self.guidance) };
        Ok(match config.prediction {
            Prediction::Noise => guided,
            Prediction::Velocity => schedule.noise_of_velocity(&guided, x, timestep),
        })
    }
}

/// Why a batch could not be denoised.
#[derive(Debug, thiserror::Error)]
pub enum DenoiseError {
    /// The sampler cannot be set up so.
    #[error(transparent)]
    Diffusion(#[from] DiffusionError),
    /// The backbone failed.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

/// Standard normal `noise` (flat, B latents) → scaled latents (B, C, H, W).
///
/// `fresh(step)` gives the noise that an ancestral sampler adds after a step, of `noise`'s length; others never ask.
///
/// # Errors
/// Where the sampler takes no such number of steps, or shapes differ.
pub fn denoise(
    gentron: &GenTron,
    text: &Guided,
    noise: Vec<f64>,
    sampling: &Sampling,
    schedule: &Schedule,
    fresh: impl Fn(usize) -> Vec<f64>,
    device: &Device,
) -> std::result::Result<Tensor, DenoiseError> {
    let mut sampler = sampling.kind.start(schedule, sampling.steps)?;
    let spread = sampler.initial_scale();
    let mut x: Vec<f64> = noise.into_iter().map(|z| z * spread).collect();
    for step in 0..sampler.timesteps().len() {
        let (timestep, scale) = (sampler.timesteps()[step], sampler.input_scale(step));
        let input: Vec<f64> = x.iter().map(|x| x * scale).collect();
        let noise = text.noise(gentron, schedule, &input, timestep, device)?;
        let added = if sampler.adds_noise(step) { fresh(step) } else { Vec::new() };
        x = sampler.step(step, &noise, &x, &added);
    }
    let config = gentron.config();
    let shape = (text.batch, config.in_channels, config.latent_size, config.latent_size);
    Ok(Tensor::from_vec(x, shape, device)?.to_dtype(DType::F32)?)
}
