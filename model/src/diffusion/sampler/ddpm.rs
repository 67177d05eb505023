//! Ancestral sampling (Ho, Jain and Abbeel 2020, algorithm 2) with the posterior's own variance. diffusers: `DDPMScheduler` with
//! leading spacing, `fixed_small`, and no clipping, which is for pixels.

use super::kind::{Sampler, map2};
use crate::diffusion::Schedule;

#[derive(Clone, Debug)]
pub(super) struct Ddpm {
    timesteps: Vec<f64>,
    alphas: Vec<(f64, f64)>, // before and after each step
}

impl Ddpm {
    pub(super) fn new(schedule: &Schedule, steps: usize) -> Self {
        let stride = schedule.timesteps() / steps;
        let alphas = schedule.alphas_cumprod();
        let after = |t: usize| t.checked_sub(stride).map_or(1.0, |t| alphas[t]);
        let timesteps: Vec<usize> = (0..steps).rev().map(|i| i * stride).collect();
        Self {
            alphas: timesteps.iter().map(|&t| (alphas[t], after(t))).collect(),
            timesteps: timesteps.into_iter().map(|t| t as f64).collect(),
        }
    }
}

impl Sampler for Ddpm {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn adds_noise(&self, step: usize) -> bool {
        step + 1 < self.timesteps.len()
    }

    fn step(&mut self, step: usize, predicted: &[f64], state: &[f64], fresh: &[f64]) -> Vec<f64> {
        let (before, after) = self.alphas[step];
        let alpha = before / after; // of this step alone
        let signal = after.sqrt() * (1.0 - alpha) / (1.0 - before);
        let kept = alpha.sqrt() * (1.0 - after) / (1.0 - before);
        let mean = map2(state, predicted, |x, noise| {
            let x0 = (x - (1.0 - before).sqrt() * noise) / before.sqrt();
            signal * x0 + kept * x
        });
        if !self.adds_noise(step) {
            return mean;
        }
        let deviation = ((1.0 - after) / (1.0 - before) * (1.0 - alpha)).sqrt();
        map2(&mean, fresh, |mean, fresh| mean + deviation * fresh)
    }
}
