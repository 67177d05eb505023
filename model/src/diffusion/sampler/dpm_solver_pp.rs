//! DPM-Solver++(2M) (Lu et al. 2022b, algorithm 2). diffusers: `DPMSolverMultistepScheduler` with the midpoint rule, linspace spacing
//! or Karras' noise levels, and a last level of zero, which makes its last step, like its first, one of first order.

use super::kind::{Sampler, map2};
use super::sigmas;
use crate::diffusion::Schedule;

#[derive(Clone, Debug)]
pub(super) struct DpmSolverPp {
    timesteps: Vec<f64>,
    sigmas: Vec<f64>, // noise over signal; one more: zero
    x0: Vec<f64>,     // predicted one step ago
}

impl DpmSolverPp {
    /// Timesteps evenly spaced, rounded.
    pub(super) fn evenly(schedule: &Schedule, steps: usize) -> Self {
        let mut timesteps = sigmas::linspace(0.0, (schedule.timesteps() - 1) as f64, steps + 1).split_off(1);
        timesteps.reverse();
        timesteps.iter_mut().for_each(|timestep| *timestep = timestep.round_ties_even());
        Self { sigmas: sigmas::at(&timesteps, &sigmas::table(schedule)), timesteps, x0: Vec::new() }
    }

    /// Noise levels as Karras et al. space them.
    pub(super) fn karras(schedule: &Schedule, steps: usize) -> Self {
        let (timesteps, sigmas) = sigmas::karras(&sigmas::table(schedule), steps);
        Self { timesteps, sigmas, x0: Vec::new() }
    }

    /// Scale of the signal, where signal and noise together have variance one.
    fn alpha(&self, step: usize) -> f64 {
        (self.sigmas[step].powi(2) + 1.0).sqrt().recip()
    }
}

impl Sampler for DpmSolverPp {
    fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    fn step(&mut self, step: usize, predicted: &[f64], state: &[f64], _: &[f64]) -> Vec<f64> {
        let (sigma, next) = (self.sigmas[step], self.sigmas[step + 1]);
        let (alpha, alpha_next) = (self.alpha(step), self.alpha(step + 1));
        let x0 = map2(state, predicted, |x, noise| (x - alpha * sigma * noise) / alpha);
        // With lambda = -ln sigma and h its growth: e^-h, and what is then left to come from x0.
        let decay = next / sigma;
        let (kept, gain) = (alpha_next / alpha * decay, alpha_next * (1.0 - decay));
        let mut after = map2(state, &x0, |x, x0| kept * x + gain * x0);
        if step > 0 && next > 0.0 {
            let ratio = (sigma / next).ln() / (self.sigmas[step - 1] / sigma).ln(); // h over the h before it
            let slope = map2(&x0, &self.x0, |x0, before| ratio * (x0 - before));
            after = map2(&after, &slope, |after, slope| after + 0.5 * gain * slope);
        }
        self.x0 = x0;
        after
    }
}
