//! A short measurement of this machine: one forward of two blocks of a network's width, as many at once as the run will have threads.
//!
//! Weights are zeros, because a product takes as long whatever its factors are; so nothing need be there to know what it will take.

use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use gentron_model::autoencoder::{AutoencoderKl, AutoencoderKlConfig};
use gentron_model::gentron::{GenTron, GenTronConfig, TextInput};
use gentron_model::ops::{single_threaded, with_precision};
use gentron_model::pipeline::{Diffusers, WeightType};

use crate::recipe::words::Words as _;

/// Blocks that are measured of a network with more.
const BLOCKS: usize = 2;
/// Floating-point operations of one measurement on one thread, about.
const EFFORT: f64 = 3e10;
/// Side of the latent that is decoded, where the run's is larger.
const SIDE: usize = 16;
/// Side of the latent that a pipeline's network is measured with, where the run's is larger.
const PIPELINE_SIDE: usize = 32;

/// How everything here is measured, for whoever reads the time: on the CPU, whatever the run will draw on.
pub fn circumstances(how: How) -> String {
    let How { weights, threads } = how;
    let held = if weights == WeightType::F32 { String::new() } else { format!(", weights in {}", weights.word()) };
    format!("{threads} threads of the CPU in f32{held}")
}

/// How a network is run to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct How {
    /// The type of the recipe's weights.
    pub weights: WeightType,
    /// Forwards at once.
    pub threads: usize,
}

/// Floating-point operations that so many forwards at once do in a second together; `tokens` are those of each text.
///
/// # Errors
/// The network cannot be built.
pub fn backbone(config: &GenTronConfig, tokens: &[usize], batch: usize, how: How) -> anyhow::Result<f64> {
    let How { weights, threads } = how;
    let config = GenTronConfig { depth: config.depth.min(BLOCKS), ..config.clone() };
    let flops = config.forward_flops(tokens, 1) as f64;
    let rows = ((EFFORT / flops) as usize).clamp(1, 2 * batch);
    let device = Device::Cpu;
    let network = GenTron::new(VarBuilder::zeros(weights.dtype(), &device), &config)?;
    let input = |(source, length): (&gentron_model::gentron::TextSource, &usize)| {
        Ok::<_, candle_core::Error>(TextInput {
            tokens: Tensor::zeros((rows, *length, source.width), DType::F32, &device)?,
            mask: Tensor::ones((rows, *length), DType::U8, &device)?,
            pooled: Tensor::zeros((rows, source.pooled_width), DType::F32, &device)?,
        })
    };
    let inputs = config.text.iter().zip(tokens).map(input).collect::<Result<Vec<_>, _>>()?;
    let text = network.condition(&inputs)?;
    let latents =
        Tensor::zeros((rows, config.in_channels, config.latent_size, config.latent_size), DType::F32, &device)?;
    let timesteps = Tensor::full(500f32, rows, &device)?;
    let forward = || network.forward(&latents, &timesteps, &text).map(drop);
    let seconds = together(threads, || with_precision(weights.precision(), forward))?;
    Ok(flops * rows as f64 * threads as f64 / seconds)
}

/// Images of `side` latent pixels that `threads` decode in a second together.
///
/// # Errors
/// The network cannot be built.
pub fn decoder(config: &AutoencoderKlConfig, side: usize, threads: usize) -> anyhow::Result<f64> {
    let device = Device::Cpu;
    let network = AutoencoderKl::new(VarBuilder::zeros(DType::F32, &device), config)?;
    let measured = side.min(SIDE);
    let latent = Tensor::zeros((1, config.latent_channels, measured, measured), DType::F32, &device)?;
    let seconds = together(threads, || network.decode(&latent).map(drop))?;
    // Convolutions, nearly all of it, take time in proportion to the area.
    let area = (side as f64 / measured as f64).powi(2);
    Ok(threads as f64 / (seconds * area))
}

/// Seconds that one evaluation of a pipeline's network takes for one image, where so many threads are at work on as many images.
///
/// # Errors
/// The network cannot be built.
pub fn pipeline(folder: &Path, how: How) -> anyhow::Result<f64> {
    let How { weights, threads } = how;
    let rehearsal = Diffusers::rehearse(folder)?;
    let (side, measured) = (rehearsal.side(), rehearsal.side().min(PIPELINE_SIDE));
    let seconds = together(threads, || with_precision(weights.precision(), || rehearsal.evaluate(measured)))?;
    // Attention among pixels grows faster than the area, and is a small part of these networks.
    let area = (side as f64 / measured as f64).powi(2);
    Ok(seconds * area / threads as f64)
}

/// Seconds until `threads` have each done `work` once, after they have done it once before.
fn together(threads: usize, work: impl Fn() -> candle_core::Result<()> + Sync) -> anyhow::Result<f64> {
    let once = || -> anyhow::Result<f64> {
        let began = Instant::now();
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(|| single_threaded(&work))).collect();
            running
                .into_iter()
                .try_for_each(|thread| anyhow::Ok(thread.join().ok().context("a probe's thread failed")??))
        })?;
        Ok(began.elapsed().as_secs_f64())
    };
    once()?;
    once()
}
