//! A short measurement of what the run will draw on: one forward of two blocks of a network's width, on the CPU as many at once as the run
//! will have threads.
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
/// Floating-point operations of one measurement on one thread of the CPU, about.
const EFFORT: f64 = 3e10;
/// Side of the latent that the CPU decodes, where the run's is larger.
const SIDE: usize = 16;
/// Side of the latent that a pipeline's network is measured with on the CPU, where the run's is larger.
const PIPELINE_SIDE: usize = 32;
/// Forwards of one measurement elsewhere, where one is over before a clock says much.
const ROUNDS: usize = 4;

/// How everything here is measured, for whoever reads the time.
pub fn circumstances(how: How<'_>) -> String {
    let How { weights, threads, device } = how;
    if !device.is_cpu() {
        return format!("the GPU in {}", weights.word());
    }
    let held = if weights == WeightType::F32 { String::new() } else { format!(", weights in {}", weights.word()) };
    format!("{threads} threads of the CPU in f32{held}")
}

/// How a network is run to be measured.
#[derive(Clone, Copy, Debug)]
pub struct How<'a> {
    weights: WeightType,
    /// Forwards at once.
    threads: usize,
    device: &'a Device,
}

impl<'a> How<'a> {
    /// With weights of the recipe's type, on what the run will draw on. Threads that share a GPU wait for one another: one of them
    /// measures what all have together.
    pub fn new(weights: WeightType, threads: usize, device: &'a Device) -> Self {
        Self { weights, threads: if device.is_cpu() { threads } else { 1 }, device }
    }

    /// The side of a latent that is measured. A GPU is not filled by a small one.
    fn side(self, whole: usize, most: usize) -> usize {
        if self.device.is_cpu() { whole.min(most) } else { whole }
    }
}

/// Floating-point operations that so many forwards at once do in a second together; `tokens` are those of each text.
///
/// # Errors
/// The network cannot be built.
pub fn backbone(config: &GenTronConfig, tokens: &[usize], batch: usize, how: How<'_>) -> anyhow::Result<f64> {
    let How { weights, threads, device } = how;
    let config = GenTronConfig { depth: config.depth.min(BLOCKS), ..config.clone() };
    let flops = config.forward_flops(tokens, 1) as f64;
    let rows = if device.is_cpu() { ((EFFORT / flops) as usize).clamp(1, 2 * batch) } else { 2 * batch };
    let network = GenTron::new(VarBuilder::zeros(weights.dtype(), device), &config)?;
    let input = |(source, length): (&gentron_model::gentron::TextSource, &usize)| {
        Ok::<_, candle_core::Error>(TextInput {
            tokens: Tensor::zeros((rows, *length, source.width), DType::F32, device)?,
            mask: Tensor::ones((rows, *length), DType::U8, device)?,
            pooled: Tensor::zeros((rows, source.pooled_width), DType::F32, device)?,
        })
    };
    let inputs = config.text.iter().zip(tokens).map(input).collect::<Result<Vec<_>, _>>()?;
    let text = network.condition(&inputs)?;
    let latents =
        Tensor::zeros((rows, config.in_channels, config.latent_size, config.latent_size), DType::F32, device)?;
    let timesteps = Tensor::full(500f32, rows, device)?;
    let forward = || network.forward(&latents, &timesteps, &text).map(drop);
    let seconds = together(how, || with_precision(weights.precision(), forward))?;
    Ok(flops * rows as f64 * threads as f64 / seconds)
}

/// Images of `side` latent pixels that are decoded in a second by all threads together.
///
/// # Errors
/// The network cannot be built.
pub fn decoder(config: &AutoencoderKlConfig, side: usize, how: How<'_>) -> anyhow::Result<f64> {
    let network = AutoencoderKl::new(VarBuilder::zeros(DType::F32, how.device), config)?;
    let measured = how.side(side, SIDE);
    let latent = Tensor::zeros((1, config.latent_channels, measured, measured), DType::F32, how.device)?;
    let seconds = together(how, || network.decode(&latent).map(drop))?;
    // Convolutions, nearly all of it, take time in proportion to the area.
    let area = (side as f64 / measured as f64).powi(2);
    Ok(how.threads as f64 / (seconds * area))
}

/// Seconds that one evaluation of a pipeline's network takes for one image, where so many threads are at work on as many images.
///
/// # Errors
/// The network cannot be built.
pub fn pipeline(folder: &Path, how: How<'_>) -> anyhow::Result<f64> {
    let How { weights, threads, device } = how;
    let rehearsal = Diffusers::rehearse(folder, (weights, device))?;
    let side = rehearsal.side();
    let measured = how.side(side, PIPELINE_SIDE);
    let seconds = together(how, || with_precision(weights.precision(), || rehearsal.evaluate(measured)))?;
    // Attention among pixels grows faster than the area, and is a small part of these networks.
    let area = (side as f64 / measured as f64).powi(2);
    Ok(seconds * area / threads as f64)
}

/// Seconds until all threads have each done `work` once, after they have done it once before.
fn together(how: How<'_>, work: impl Fn() -> candle_core::Result<()> + Sync) -> anyhow::Result<f64> {
    let How { threads, device, .. } = how;
    let rounds = if device.is_cpu() { 1 } else { ROUNDS };
    let rounds_of_work = || single_threaded(|| (0..rounds).try_for_each(|_| work()));
    let once = || -> anyhow::Result<f64> {
        // A GPU is given its work at once, and does it later.
        device.synchronize()?;
        let began = Instant::now();
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(rounds_of_work)).collect();
            running
                .into_iter()
                .try_for_each(|thread| anyhow::Ok(thread.join().ok().context("a probe's thread failed")??))
        })?;
        device.synchronize()?;
        Ok(began.elapsed().as_secs_f64() / rounds as f64)
    };
    once()?;
    once()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_the_cpu_all_threads_measure_a_part_and_say_so() {
        let how = How::new(WeightType::Bf16, 3, &Device::Cpu);
        assert_eq!(circumstances(how), "3 threads of the CPU in f32, weights in bf16");
        assert_eq!((how.side(64, SIDE), how.side(8, SIDE)), (SIDE, 8));
        let begun = std::sync::atomic::AtomicUsize::new(0);
        let work = || {
            begun.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Ok(())
        };
        assert!(together(how, work).unwrap() >= 0.0);
        assert_eq!(begun.into_inner(), 6, "each thread once to begin with, and once by the clock");
    }
}
