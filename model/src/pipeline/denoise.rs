//! From noise to a latent: the sampler, the backbone and guidance.

use crate::diffusion::{DiffusionError, MotionFree, SamplerKind, Schedule, guide};
use crate::gentron::{GenTron, GenTronConfig, Prediction, TextContext};
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
    /// All predictions of a step at once, or one after the other.
    parts: Vec<TextContext>,
    guidance: f64,
    mixture: Mixture,
    batch: usize,
    frames: Option<usize>,
}

/// Predictions of a step whose activations take more bytes than this, about, are made one after the other.
const AT_ONCE: usize = 4 << 30;

/// About what the activations of one latent's evaluation take: a dozen tensors of every token's width (measured: 0.5 GiB for 8 frames at
/// 512 px in XL/2).
fn activation_bytes(config: &GenTronConfig, frames: usize) -> usize {
    12 * size_of::<f32>() * frames * config.tokens() * config.hidden_size
}

impl Guided {
    /// Of `batch` texts, each with its own row of `text`; `null` holds the null text's single row.
    ///
    /// # Errors
    /// Where the contexts are of different lengths.
    pub fn new(text: &[&TextContext], null: &TextContext, sampling: &Sampling, config: &GenTronConfig) -> Result<Self> {
        Self::within(text, null, sampling, config, AT_ONCE)
    }

    fn within(
        text: &[&TextContext],
        null: &TextContext,
        sampling: &Sampling,
        config: &GenTronConfig,
        most: usize,
    ) -> Result<Self> {
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
        let at_once = rows.len() * activation_bytes(config, frames.unwrap_or(1)) <= most;
        let each = if at_once { rows.len() } else { batch };
        let parts = rows.chunks(each.max(1)).map(TextContext::cat).collect::<Result<_>>()?;
        Ok(Self { parts, guidance, mixture, batch, frames })
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
        let copies_a_part = copies / self.parts.len();
        let rows = copies_a_part * self.batch;
        let t = Tensor::full(timestep as f32, rows, device)?;
        let mut output = Vec::with_capacity(copies * x.len());
        for (part, text) in self.parts.iter().enumerate() {
            let predicted = match self.frames {
                None => {
                    let latents = Tensor::from_vec(input.repeat(copies_a_part), (rows, c, size, size), device)?;
                    gentron.forward(&latents, &t, text)?.narrow(1, 0, c)? // of (·B, C or 2C, H, W)
                }
                Some(frames) => {
                    let shape = (rows, frames, c, size, size);
                    let latents = Tensor::from_vec(input.repeat(copies_a_part), shape, device)?;
                    let free: Vec<bool> = (part * rows..(part + 1) * rows).map(|i| i >= 2 * self.batch).collect();
                    gentron.forward_clips(&latents, &t, text, &free)?.narrow(2, 0, c)? // of (·B, T, C or 2C, H, W)
                }
            };
            output.extend(predicted.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gentron::TextInput;
    use crate::goldens::goldens;
    use candle_nn::VarBuilder;

    /// A step mixes the predictions that it says it mixes: each asked for by itself, then put together by the formula.
    #[test]
    fn a_guided_step_is_the_formula_of_predictions_asked_for_one_by_one() {
        let golden = goldens("gentron", "gentron_video").remove(0);
        let config: GenTronConfig = serde_json::from_value(golden.config.clone()).unwrap();
        let device = Device::Cpu;
        let bytes = std::fs::read(&golden.path).unwrap();
        let vb = VarBuilder::from_buffered_safetensors(bytes, DType::F32, &device).unwrap();
        let gentron = GenTron::new(vb.pp("model"), &config).unwrap();
        let part = |what: &str, i: usize| golden.tensor(&format!("in.{what}.{i}"));
        let inputs: Vec<TextInput> = (0..config.text.len())
            .map(|i| TextInput { tokens: part("tokens", i), mask: part("mask", i), pooled: part("pooled", i) })
            .collect();
        let context = gentron.condition(&inputs).unwrap();
        let (text, null) = (context.row(0).unwrap(), context.row(1).unwrap());
        let clips = golden.tensor("in.x").narrow(0, 0, 1).unwrap();
        let frames = clips.dim(1).unwrap();
        let t = Tensor::full(400f32, 1, &device).unwrap();
        let asked = |text: &TextContext, free: bool| -> Vec<f64> {
            let output = gentron.forward_clips(&clips, &t, text, &[free]).unwrap();
            let output = output.narrow(2, 0, config.in_channels).unwrap().to_dtype(DType::F64).unwrap();
            output.flatten_all().unwrap().to_vec1().unwrap()
        };
        let (text_motion, null_motion, null_free) = (asked(&text, false), asked(&null, false), asked(&null, true));
        let by_hand = |motion: f64| {
            let parts = text_motion.iter().zip(&null_motion).zip(&null_free);
            parts.map(|((ct, ft), ff)| ff + 7.5 * (ct - ft) + motion * (ft - ff)).collect::<Vec<f64>>()
        };
        let x: Vec<f64> = clips.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap();
        let schedule = Schedule::new(&crate::diffusion::ScheduleConfig::default()).unwrap();
        let noise = |motion: Option<f64>, most: usize| {
            let sampling = Sampling {
                kind: SamplerKind::Ddim,
                steps: 4,
                guidance: 7.5,
                motion_guidance: motion,
                frames: Some(frames),
            };
            let guided = Guided::within(&[&text], &null, &sampling, &config, most).unwrap();
            (guided.parts.len(), guided.noise(&gentron, &schedule, &x, 400.0, &device).unwrap())
        };
        let apart = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        // All at once, and one after the other where they would not fit.
        for (most, parts) in [(usize::MAX, 1), (0, 3)] {
            let (found, guided) = noise(Some(1.2), most);
            assert_eq!(found, parts);
            assert!(apart(&guided, &by_hand(1.2)) < 1e-4, "{most}: {}", apart(&guided, &by_hand(1.2)));
        }
        assert!(apart(&noise(None, usize::MAX).1, &by_hand(1.0)) < 1e-4, "off is classifier-free guidance alone");
        assert!(apart(&by_hand(1.2), &by_hand(1.0)) > 1e-3, "and the two are not the same");
    }
}
