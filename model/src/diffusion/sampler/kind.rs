//! What all samplers have in common, and their names.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ddim::Ddim;
use super::ddpm::Ddpm;
use super::dpm_solver_pp::DpmSolverPp;
use super::euler::Euler;
use crate::diffusion::{DiffusionError, Schedule};

/// One run from noise to a latent; takes its steps in order, from 0.
///
/// Buffers are flat and may hold any number of latents: each element goes its own way.
///
/// ```
/// # use gentron_model::diffusion::{SamplerKind, Schedule, ScheduleConfig};
/// # fn network(x: &[f64], timestep: f64) -> Vec<f64> { x.iter().map(|x| 0.1 * x * (timestep / 1000.0)).collect() }
/// let schedule = Schedule::new(&ScheduleConfig::default())?;
/// let mut sampler = SamplerKind::DpmSolverPp.start(&schedule, 20)?;
/// let mut x = vec![0.3, -1.2, 0.8]; // standard normal
/// x.iter_mut().for_each(|x| *x *= sampler.initial_scale());
/// for step in 0..sampler.timesteps().len() {
///     let input: Vec<f64> = x.iter().map(|x| x * sampler.input_scale(step)).collect();
///     let noise = network(&input, sampler.timesteps()[step]);
///     x = sampler.step(step, &noise, &x, &[]);
/// }
/// # Ok::<(), gentron_model::diffusion::DiffusionError>(())
/// ```
pub trait Sampler: Send {
    /// What the network is told at each step, falling; may be fractional.
    fn timesteps(&self) -> &[f64];

    /// What standard normal noise is multiplied by before the first step.
    fn initial_scale(&self) -> f64 {
        1.0
    }

    /// What the state is multiplied by before the network sees it.
    fn input_scale(&self, _step: usize) -> f64 {
        1.0
    }

    /// Whether a step adds fresh noise.
    fn adds_noise(&self, _step: usize) -> bool {
        false
    }

    /// The state after a step, given the noise that the network predicts in the (scaled) state before it. `fresh` is standard normal
    /// noise, as long as the state, where [`Sampler::adds_noise`] says so; otherwise it is not looked at.
    ///
    /// # Panics
    /// Where there is no such step, or lengths differ.
    fn step(&mut self, step: usize, predicted: &[f64], state: &[f64], fresh: &[f64]) -> Vec<f64>;
}

/// The samplers, by the names that recipes use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SamplerKind {
    /// Song et al. 2021, deterministic.
    #[serde(rename = "ddim")]
    Ddim,
    /// DPM-Solver++(2M), Lu et al. 2022, evenly spaced timesteps.
    #[serde(rename = "dpm-solver++")]
    DpmSolverPp,
    /// The same with the noise levels of Karras et al. 2022.
    #[serde(rename = "dpm-solver++-karras")]
    DpmSolverPpKarras,
    /// Euler's method on the probability-flow equation, Karras et al. 2022.
    #[serde(rename = "euler")]
    Euler,
    /// Ancestral sampling, Ho et al. 2020, with the smaller variance.
    #[serde(rename = "ddpm")]
    Ddpm,
}

impl SamplerKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Ddim, Self::DpmSolverPp, Self::DpmSolverPpKarras, Self::Euler, Self::Ddpm];

    /// The name in recipes and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ddim => "ddim",
            Self::DpmSolverPp => "dpm-solver++",
            Self::DpmSolverPpKarras => "dpm-solver++-karras",
            Self::Euler => "euler",
            Self::Ddpm => "ddpm",
        }
    }

    /// A run of `steps` steps.
    ///
    /// # Errors
    /// [`DiffusionError::Steps`].
    pub fn start(self, schedule: &Schedule, steps: usize) -> Result<Box<dyn Sampler>, DiffusionError> {
        let most = schedule.timesteps();
        // Leading spacing starts one past the last of its multiples; Euler's spacing includes both ends.
        let (fewest, most) = match self {
            Self::Ddim => (1, most - 1),
            Self::Euler => (2, most),
            Self::DpmSolverPp | Self::DpmSolverPpKarras | Self::Ddpm => (1, most),
        };
        if !(fewest..=most).contains(&steps) {
            return Err(DiffusionError::Steps { sampler: self.name(), got: steps, fewest, most });
        }
        Ok(match self {
            Self::Ddim => Box::new(Ddim::new(schedule, steps)),
            Self::DpmSolverPp => Box::new(DpmSolverPp::evenly(schedule, steps)),
            Self::DpmSolverPpKarras => Box::new(DpmSolverPp::karras(schedule, steps)),
            Self::Euler => Box::new(Euler::new(schedule, steps)),
            Self::Ddpm => Box::new(Ddpm::new(schedule, steps)),
        })
    }
}

impl fmt::Display for SamplerKind {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `f(state, predicted)` for each element.
pub(super) fn map2(state: &[f64], predicted: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    assert_eq!(state.len(), predicted.len(), "state and prediction");
    state.iter().zip(predicted).map(|(&state, &predicted)| f(state, predicted)).collect()
}
