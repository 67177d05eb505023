//! From noise to a latent: the sampler, the backbone and guidance.

use crate::diffusion::{DiffusionError, MotionFree, SamplerKind, Schedule, guide};
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
    /// Classifier-free guidance; 1 is none. λ_T of motion-free guidance.
    pub guidance: f64,
    /// Of clips: λ_M of motion-free guidance. Absent, or 1: classifier-free guidance alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motion_guidance: Option<f64>,
    /// Frames of a clip; absent for pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<usize>,
}

/// The predictions that a step mixes, each for the whole batch, in the order in which they are stacked.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mixture {
    /// Under the text.
    Text,
    /// Under the text, then the null text.
    TextAndNull,
    /// Under the text, the null text, and the null text with frames that do not see one another.
    MotionFree { motion: f64 },
}

/// The text of a batch and, for guidance, the null text: stacked once, used at every step.
pub struct Guided {
    stacked: TextContext,
    guidance: f64,
    mixture: Mixture,
    batch: usize,
    frames: Option<usize>,
}

impl Guided {
    /// Of `batch` texts, each with its own row of `text`; `null` holds the null text's single row.
    ///
    /// # Errors
    /// Where the contexts are of different lengths.
    pub fn new(text: &[&TextContext], null: &TextContext, sampling: &Sampling) -> Result<Self> {
        let Sampling { guidance, frames, .. } = *sampling;
        let mixture = match sampling.motion_guidance {
            Some(motion) if motion != 1.0 && frames.is_some() => Mixture::MotionFree { motion },
            _ if guidance == 1.0 => Mixture::Text,
            _ => Mixture::TextAndNull,
        };
        let nulls = match mixture {
            Mixture::Text => 0,
            Mixture::TextAndNull => 1,
            Mixture::MotionFree { .. } => 2,
        };
        let batch = text.len();
        let mut rows = text.to_vec();
        rows.extend(std::iter::repeat_n(null, nulls * batch));
        Ok(Self { stacked: TextContext::cat(&rows)?, guidance, mixture, batch, frames })
    }

    /// The guided noise in latents `x` (flat, B latents of shape C, H, W or B clips of T of them) at a timestep, by a backbone
    /// trained on `schedule`.
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
        let copies = match self.mixture {
            Mixture::Text => 1,
            Mixture::TextAndNull => 2,
            Mixture::MotionFree { .. } => 3,
        };
        let input: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        let t = Tensor::full(timestep as f32, copies * self.batch, device)?;
        let output = match self.frames {
            None => {
                let latents = Tensor::from_vec(input.repeat(copies), (copies * self.batch, c, size, size), device)?;
                gentron.forward(&latents, &t, &self.stacked)?.narrow(1, 0, c)? // of (·B, C or 2C, H, W)
            }
            Some(frames) => {
                let shape = (copies * self.batch, frames, c, size, size);
                let latents = Tensor::from_vec(input.repeat(copies), shape, device)?;
                let free: Vec<bool> = (0..copies * self.batch).map(|i| i >= 2 * self.batch).collect();
                gentron.forward_clips(&latents, &t, &self.stacked, &free)?.narrow(2, 0, c)? // of (·B, T, C or 2C, H, W)
            }
        };
        let output = output.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
        let (text, nulls) = output.split_at(x.len());
        let guided = match self.mixture {
            Mixture::Text => text.to_vec(),
            Mixture::TextAndNull => guide(nulls, text, self.guidance),
            Mixture::MotionFree { motion } => {
                let (null_motion, null_free) = nulls.split_at(x.len());
                MotionFree { null_free, null_motion, text_motion: text }.guide(self.guidance, motion)
            }
        };
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

/// A step on the way from noise to a latent.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// What the backbone was told.
    pub timestep: f64,
    /// The latents that the backbone saw, flat.
    pub seen: &'a [f64],
    /// The noise that it found in them, after guidance.
    pub noise: &'a [f64],
}

/// Standard normal `noise` (flat, B latents or clips) → scaled latents (B, C, H, W), or (B, T, C, H, W) of clips.
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
    denoise_watched(gentron, text, noise, sampling, schedule, fresh, device, |_| ())
}

/// [`denoise`], telling of every step.
///
/// # Errors
/// As [`denoise`].
#[expect(clippy::too_many_arguments, reason = "those of `denoise`, and who is told")]
pub fn denoise_watched(
    gentron: &GenTron,
    text: &Guided,
    noise: Vec<f64>,
    sampling: &Sampling,
    schedule: &Schedule,
    fresh: impl Fn(usize) -> Vec<f64>,
    device: &Device,
    mut watch: impl FnMut(Step),
) -> std::result::Result<Tensor, DenoiseError> {
    let predict = |x: &[f64], timestep: f64| {
        let noise = text.noise(gentron, schedule, x, timestep, device)?;
        watch(Step { timestep, seen: x, noise: &noise });
        Ok(noise)
    };
    let x = walk::<DenoiseError>(sampling, schedule, noise, predict, fresh)?;
    let config = gentron.config();
    let clip = [text.frames.unwrap_or(1), config.in_channels, config.latent_size, config.latent_size];
    let rest = if text.frames.is_some() { &clip[..] } else { &clip[1..] };
    let shape = [&[text.batch], rest].concat();
    Ok(Tensor::from_vec(x, shape, device)?.to_dtype(DType::F32)?)
}

/// Standard normal `noise` (flat) → latents (flat), by any network: `predict(x, timestep)` gives the noise in x, guided.
///
/// `fresh(step)` gives the noise that an ancestral sampler adds after a step, of `noise`'s length; others never ask.
///
/// # Errors
/// Where the sampler takes no such number of steps, or the network fails.
pub(crate) fn walk<E: From<DiffusionError>>(
    sampling: &Sampling,
    schedule: &Schedule,
    noise: Vec<f64>,
    mut predict: impl FnMut(&[f64], f64) -> std::result::Result<Vec<f64>, E>,
    fresh: impl Fn(usize) -> Vec<f64>,
) -> std::result::Result<Vec<f64>, E> {
    let mut sampler = sampling.kind.start(schedule, sampling.steps)?;
    let spread = sampler.initial_scale();
    let mut x: Vec<f64> = noise.into_iter().map(|z| z * spread).collect();
    for step in 0..sampler.timesteps().len() {
        let (timestep, scale) = (sampler.timesteps()[step], sampler.input_scale(step));
        let input: Vec<f64> = x.iter().map(|x| x * scale).collect();
        let noise = predict(&input, timestep)?;
        let added = if sampler.adds_noise(step) { fresh(step) } else { Vec::new() };
        x = sampler.step(step, &noise, &x, &added);
    }
    Ok(x)
}
