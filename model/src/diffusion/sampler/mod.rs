//! From noise to a latent in a few steps.

mod ddim;
mod ddpm;
mod dpm_solver_pp;
mod euler;
mod kind;
mod sigmas;

pub use kind::{Sampler, SamplerKind};
