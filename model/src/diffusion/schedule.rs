//! How much noise there is at each timestep.

use candle_core::{Result as Computed, Tensor};
use serde::{Deserialize, Serialize};

/// Why diffusion could not be set up.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DiffusionError {
    /// Betas must rise within 0 and 1.
    #[error(
        "a schedule from beta {beta_start} to {beta_end} over {timesteps} timesteps: betas must lie between 0 and 1, over 2 or more"
    )]
    Schedule {
        /// First beta asked for.
        beta_start: f64,
        /// Last beta asked for.
        beta_end: f64,
        /// Timesteps asked for.
        timesteps: usize,
    },
    /// The sampler cannot take as many steps.
    #[error("{sampler} takes {fewest} to {most} steps, not {got}")]
    Steps {
        /// The sampler's name.
        sampler: &'static str,
        /// Steps asked for.
        got: usize,
        /// The fewest it can take.
        fewest: usize,
        /// The most it can take.
        most: usize,
    },
}

/// How beta, the variance added by one timestep, rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BetaSchedule {
    /// Evenly (Ho et al. 2020; DiT and, as we read it, GenTron).
    #[default]
    Linear,
    /// Its square root evenly (Stable Diffusion).
    ScaledLinear,
}

/// A schedule as recipes write it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// How beta rises.
    pub beta_schedule: BetaSchedule,
    /// Beta of timestep 0.
    pub beta_start: f64,
    /// Beta of the last timestep.
    pub beta_end: f64,
    /// Timesteps in all.
    pub num_train_timesteps: usize,
}

impl Default for ScheduleConfig {
    /// Linear from 1e-4 to 0.02 over 1000 timesteps, DiT's.
    fn default() -> Self {
        Self { beta_schedule: BetaSchedule::Linear, beta_start: 1e-4, beta_end: 0.02, num_train_timesteps: 1000 }
    }
}

/// The share of signal left at each timestep.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    alphas_cumprod: Vec<f64>,
}

impl Schedule {
    /// Tabulates the cumulative product of 1 - beta.
    ///
    /// diffusers rounds betas, 1 - beta and the products to f32, and multiplies in f64 between; networks were trained with that
    /// table, so this one is the same to the bit, though all that is computed from it is in f64.
    ///
    /// # Errors
    /// [`DiffusionError::Schedule`].
    pub fn new(config: &ScheduleConfig) -> Result<Self, DiffusionError> {
        let ScheduleConfig { beta_schedule, beta_start, beta_end, num_train_timesteps: timesteps } = *config;
        if !(0.0 < beta_start && beta_start <= beta_end && beta_end < 1.0) || timesteps < 2 {
            return Err(DiffusionError::Schedule { beta_start, beta_end, timesteps });
        }
        let betas = match beta_schedule {
            BetaSchedule::Linear => linspace(beta_start as f32, beta_end as f32, timesteps),
            BetaSchedule::ScaledLinear => {
                let roots = linspace(beta_start.sqrt() as f32, beta_end.sqrt() as f32, timesteps);
                roots.into_iter().map(|root| root * root).collect()
            }
        };
        let products = betas.iter().scan(1.0, |product, beta| {
            *product *= f64::from(1.0 - beta);
            Some(f64::from(*product as f32))
        });
        Ok(Self { alphas_cumprod: products.collect() })
    }

    /// Timesteps in all.
    pub fn timesteps(&self) -> usize {
        self.alphas_cumprod.len()
    }

    /// Share of the signal's variance at each timestep, falling from about 1 to about 0.
    pub fn alphas_cumprod(&self) -> &[f64] {
        &self.alphas_cumprod
    }

    /// What signal and noise are multiplied by at a timestep.
    ///
    /// # Panics
    /// Where there is no such timestep.
    pub fn scales(&self, timestep: usize) -> (f64, f64) {
        let alpha = self.alphas_cumprod[timestep];
        (alpha.sqrt(), (1.0 - alpha).sqrt())
    }

    /// [`Schedule::scales`] between timesteps, the signal's share interpolated on a straight line.
    ///
    /// # Panics
    /// Where the timestep lies past the last.
    fn scales_between(&self, timestep: f64) -> (f64, f64) {
        let low = (timestep as usize).min(self.timesteps() - 2);
        let [before, after] = [self.alphas_cumprod[low], self.alphas_cumprod[low + 1]];
        let alpha = before + (after - before) * (timestep - low as f64);
        (alpha.sqrt(), (1.0 - alpha).sqrt())
    }

    /// What is left of `x` (signal and noise of variance one together) without `noise`, in the scale of pictures' latents.
    ///
    /// # Panics
    /// Where the lengths differ.
    pub fn signal_of_noise(&self, noise: &[f64], x: &[f64], timestep: f64) -> Vec<f64> {
        assert_eq!(noise.len(), x.len(), "noise and state");
        let (signal, deviation) = self.scales_between(timestep);
        noise.iter().zip(x).map(|(noise, x)| (x - deviation * noise) / signal).collect()
    }

    /// The noise in `x` (signal and noise of variance one together) of which a network says `velocity = a noise - s x0`
    /// (Salimans and Ho 2022, appendix D): `s x + a velocity`.
    ///
    /// # Panics
    /// Where the lengths differ.
    pub fn noise_of_velocity(&self, velocity: &[f64], x: &[f64], timestep: f64) -> Vec<f64> {
        assert_eq!(velocity.len(), x.len(), "velocity and state");
        let (signal, deviation) = self.scales_between(timestep);
        velocity.iter().zip(x).map(|(v, x)| deviation * x + signal * v).collect()
    }

    /// `x0` with as much of `noise` as there is at `timestep`.
    ///
    /// # Panics
    /// Where there is no such timestep.
    pub fn add_noise(&self, x0: &[f64], noise: &[f64], timestep: usize) -> Vec<f64> {
        let (signal, deviation) = self.scales(timestep);
        x0.iter().zip(noise).map(|(x0, noise)| signal * x0 + deviation * noise).collect()
    }

    /// [`Schedule::add_noise`] for training: `x0` and `noise` (B,...), a timestep for each of the batch.
    ///
    /// # Errors
    /// Where shapes do not fit.
    ///
    /// # Panics
    /// Where there is no such timestep.
    pub fn add_noise_to_batch(&self, x0: &Tensor, noise: &Tensor, timesteps: &[usize]) -> Computed<Tensor> {
        let (signal, deviation) = self.batch_scales(x0, timesteps)?;
        x0.broadcast_mul(&signal)? + noise.broadcast_mul(&deviation)?
    }

    /// What a network that predicts velocity is trained on: `a noise - s x0`; arguments as in [`Schedule::add_noise_to_batch`].
    ///
    /// # Errors
    /// Where shapes do not fit.
    ///
    /// # Panics
    /// Where there is no such timestep.
    pub fn velocity_of_batch(&self, x0: &Tensor, noise: &Tensor, timesteps: &[usize]) -> Computed<Tensor> {
        let (signal, deviation) = self.batch_scales(x0, timesteps)?;
        noise.broadcast_mul(&signal)? - x0.broadcast_mul(&deviation)?
    }

    /// [`Schedule::scales`] of a batch, (B, 1, ...), as `like` has dimensions.
    fn batch_scales(&self, like: &Tensor, timesteps: &[usize]) -> Computed<(Tensor, Tensor)> {
        let (signal, deviation): (Vec<f64>, Vec<f64>) = timesteps.iter().map(|&t| self.scales(t)).unzip();
        let mut shape = vec![1; like.rank()];
        shape[0] = timesteps.len();
        let scale =
            |values: Vec<f64>| Tensor::from_vec(values, shape.as_slice(), like.device())?.to_dtype(like.dtype());
        Ok((scale(signal)?, scale(deviation)?))
    }
}

/// torch.linspace in f32: from either end, by a rounded step, in one rounding each.
fn linspace(start: f32, end: f32, count: usize) -> Vec<f32> {
    let step = (end - start) / (count - 1) as f32;
    let at = |i: usize| {
        if i < count / 2 { step.mul_add(i as f32, start) } else { (-step).mul_add((count - 1 - i) as f32, end) }
    };
    (0..count).map(at).collect()
}
