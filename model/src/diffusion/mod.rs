//! Denoising diffusion around the network: how noise is added, how it is taken away, how text guides.
//!
//! [`Schedule`] (Ho et al. 2020) → [`SamplerKind`] and [`Sampler`] (DDIM, DPM-Solver++(2M), Euler, ancestral DDPM) → [`guide`]
//! (classifier-free guidance) and [`MotionFree`] (of clips). Conventions are those of diffusers. Everything here works in f64 on flat buffers, element by
//! element: what one image becomes does not depend on the others in its batch, and no time is lost, for latents are
//! small beside the network's activations.

mod guidance;
mod sampler;
mod schedule;

pub use guidance::{MotionFree, guide};
pub use sampler::{Sampler, SamplerKind};
pub use schedule::{BetaSchedule, DiffusionError, Schedule, ScheduleConfig};

#[cfg(test)]
mod tests;
