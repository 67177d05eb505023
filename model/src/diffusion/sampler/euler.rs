//! Euler's method (Karras et al. 2022, algorithm 1 without churn), on states whose signal has scale one.
//! diffusers: `EulerDiscreteScheduler` with linspace spacing.

use super::kind::{Sampler, map2};
use super::sigmas;
use crate::diffusion::Schedule;

#[derive(Clone, Debug)]
pub(super) struct Euler {
    timesteps: Vec<f64>,
    sigmas: Vec<f64>, // one more: zero
}

impl Euler {
    pub(super) fn new(schedule: &Schedule, steps: usize) -> Self {
        let mut timesteps = sigmas::linspace(0.0, (schedule.timesteps() - 1) as f64, steps);
        timesteps.reverse();
        // diffusers keeps them in f32, and interpolates there.
        timesteps.iter_mut().for_each(|timestep| *timestep = f64::from(*timestep as f32));
        Self { sigmas: sigmas::at(&timesteps, &sigmas::table(schedule)), timesteps }
    }
}

impl Sampler for Euler {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn initial_scale(&self) -> f64 {
        self.sigmas[0]
    }

    fn input_scale(&self, step: usize) -> f64 {
        (self.sigmas[step].powi(2) + 1.0).sqrt().recip()
    }

    fn step(&mut self, step: usize, predicted: &[f64], state: &[f64], _: &[f64]) -> Vec<f64> {
        let change = self.sigmas[step + 1] - self.sigmas[step];
        map2(state, predicted, |x, noise| x + change * noise)
    }
}
