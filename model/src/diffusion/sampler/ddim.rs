//! DDIM (Song, Meng and Ermon 2021), deterministic. diffusers: `DDIMScheduler` with leading spacing, offset 1, eta 0, and the first
//! alpha (not one) after the last step, as Stable Diffusion and DiT's users set it.

use super::kind::{Sampler, map2};
use crate::diffusion::Schedule;

#[derive(Clone, Debug)]
pub(super) struct Ddim {
    timesteps: Vec<f64>,
    alphas: Vec<(f64, f64)>, // before and after each step
}

impl Ddim {
    pub(super) fn new(schedule: &Schedule, steps: usize) -> Self {
        let stride = schedule.timesteps() / steps;
        let alphas = schedule.alphas_cumprod();
        let timesteps: Vec<usize> = (0..steps).rev().map(|i| i * stride + 1).collect();
        // Past the first timestep, its alpha stays.
        let after = |t: usize| alphas[t.saturating_sub(stride)];
        Self {
            alphas: timesteps.iter().map(|&t| (alphas[t], after(t))).collect(),
            timesteps: timesteps.into_iter().map(|t| t as f64).collect(),
        }
    }
}

impl Sampler for Ddim {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn step(&mut self, step: usize, predicted: &[f64], state: &[f64], _: &[f64]) -> Vec<f64> {
        let (before, after) = self.alphas[step];
        map2(state, predicted, |x, noise| {
            let x0 = (x - (1.0 - before).sqrt() * noise) / before.sqrt();
            after.sqrt() * x0 + (1.0 - after).sqrt() * noise
        })
    }
}
