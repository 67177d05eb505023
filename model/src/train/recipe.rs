//! The part of a training recipe that every network shares.

use super::TrainError;
use crate::ops::Precision;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long and how a network is trained. AdamW throughout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optimisation {
    /// Seed of initial weights, data order, noise and dropout.
    pub seed: u64,
    /// Samples seen before training ends.
    pub samples: u64,
    /// Samples a step.
    pub batch: usize,
    /// Pieces of a batch that are computed apart, each on a thread, and summed; fixed by the recipe, not by the machine. Where arms are
    /// trained side by side on a thread each, one piece is fastest: each piece costs a gradient of every weight.
    #[serde(default = "micro_batches")]
    pub micro_batches: usize,
    /// Of the operands of matrix products in the loss and its gradient.
    #[serde(default, skip_serializing_if = "is_default")]
    pub precision: Precision,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// What the learning rate is multiplied by for parameters whose names have this part, such as `temp_attn = 4.0`: layers that begin at
    /// zero beside trained ones have a longer way to go.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rates: BTreeMap<String, f64>,
    /// Samples of linear warm-up from zero.
    pub warmup_samples: u64,
    /// What the learning rate does after warm-up.
    #[serde(default)]
    pub schedule: LearningRate,
    /// AdamW's decay rates of the gradient's first and second moment.
    #[serde(default = "adam_betas")]
    pub betas: [f64; 2],
    /// Decoupled weight decay, on matrices only.
    #[serde(default)]
    pub weight_decay: f64,
    /// The gradient's global norm is cut to this.
    #[serde(default = "one")]
    pub clip_norm: f64,
    /// Decay a step of the exponential moving average of the weights; the average is what is exported.
    pub ema: f64,
    /// Seconds between checkpoints.
    #[serde(default = "three_minutes")]
    pub checkpoint_seconds: u64,
    /// Samples between evaluations.
    pub evaluate_every: u64,
}

/// The course of the learning rate after warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LearningRate {
    /// Stays at its peak, as in the paper.
    #[default]
    Constant,
    /// Falls along half a cosine to `floor` times its peak at the last sample.
    Cosine {
        /// Final rate over peak rate.
        floor: f64,
    },
    /// Stays at its peak, then falls along half a cosine to `floor` times its peak at the last sample (Hägele et al. 2024): as a
    /// cosine's end, and until it begins the end may be put off.
    Decay {
        /// The sample at which it begins to fall.
        from: u64,
        /// Final rate over peak rate.
        floor: f64,
    },
}

/// The end of [`LearningRate::Decay`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Fall {
    from: u64,
    to: u64,
    floor: f64,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
/// Micro-batches where a recipe does not say.
pub(super) const MICRO_BATCHES: usize = 2;

fn micro_batches() -> usize {
    MICRO_BATCHES
}
fn one() -> f64 {
    1.0
}
fn adam_betas() -> [f64; 2] {
    [0.9, 0.99]
}
fn three_minutes() -> u64 {
    180
}

impl Optimisation {
    /// Optimiser steps of the whole training.
    pub fn steps(&self) -> u64 {
        self.samples.div_ceil(self.batch as u64)
    }

    /// Samples of one micro-batch.
    pub fn micro_batch(&self) -> usize {
        self.batch / self.micro_batches
    }

    /// Learning rate of a step, counted from 0, when the optimiser's moments have been gathered since step `restart`.
    pub fn learning_rate_at(&self, step: u64, restart: u64) -> f64 {
        let samples = |steps: u64| (steps * self.batch as u64) as f64;
        let warm = (samples(step + 1 - restart) / self.warmup_samples.max(1) as f64).min(1.0);
        let cosine = |from: u64, floor: f64| {
            let span = self.samples.saturating_sub(from).max(1) as f64;
            let progress = ((samples(step + 1) - from as f64) / span).clamp(0.0, 1.0);
            floor + (1.0 - floor) * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos())
        };
        let course = match self.schedule {
            LearningRate::Constant => 1.0,
            LearningRate::Cosine { floor } => cosine(self.warmup_samples, floor),
            LearningRate::Decay { from, floor } => cosine(from, floor),
        };
        self.learning_rate * warm * course
    }

    /// What the learning rate of a parameter is multiplied by.
    pub(super) fn rate_of(&self, parameter: &str) -> f64 {
        self.rates.iter().filter(|(part, _)| parameter.contains(*part)).map(|(_, rate)| rate).product()
    }

    /// # Errors
    /// [`TrainError::Recipe`] where no parameter has a name that `rates` speaks of.
    pub(super) fn check_rates<'a>(&self, parameters: impl Iterator<Item = &'a str> + Clone) -> Result<(), TrainError> {
        match self.rates.keys().find(|part| !parameters.clone().any(|name| name.contains(*part))) {
            Some(part) => {
                Err(TrainError::Recipe(format!("rates: no parameter of this network has \"{part}\" in its name")))
            }
            None => Ok(()),
        }
    }

    /// Of a training that has done `steps`: first and last sample, and floor, of the fall that its learning rate is in. They
    /// cannot be changed any more.
    pub(super) fn fall(&self, steps: u64) -> Option<Fall> {
        match self.schedule {
            LearningRate::Decay { from, floor } if steps * self.batch as u64 > from => {
                Some(Fall { from, to: self.samples, floor })
            }
            _ => None,
        }
    }

    /// Whether the first steps are the same whatever the number of samples.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.schedule, LearningRate::Constant | LearningRate::Decay { .. })
    }

    /// Decay of the moving average at a step: young averages forget faster, or they would keep the random start.
    pub fn ema_at(&self, step: u64) -> f64 {
        self.ema.min((1.0 + step as f64) / (10.0 + step as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(schedule: LearningRate) -> Optimisation {
        Optimisation {
            seed: 1,
            samples: 1000,
            batch: 10,
            micro_batches: 2,
            precision: Precision::F32,
            rates: BTreeMap::new(),
            learning_rate: 2.0,
            warmup_samples: 100,
            schedule,
            betas: adam_betas(),
            weight_decay: 0.0,
            clip_norm: 1.0,
            ema: 0.9999,
            checkpoint_seconds: 1,
            evaluate_every: 100,
        }
    }

    #[test]
    fn the_learning_rate_warms_up_and_follows_the_cosine_to_its_floor() {
        let cosine = recipe(LearningRate::Cosine { floor: 0.1 });
        assert!((cosine.learning_rate_at(4, 0) - 1.0).abs() < 1e-12);
        assert!((cosine.learning_rate_at(9, 0) - 2.0).abs() < 1e-12);
        assert!((cosine.learning_rate_at(54, 0) - 1.1).abs() < 1e-12);
        assert!((cosine.learning_rate_at(99, 0) - 0.2).abs() < 1e-12);
        let constant = recipe(LearningRate::Constant);
        assert_eq!(constant.learning_rate_at(99, 0), 2.0);
        assert!((constant.learning_rate_at(54, 50) - 1.0).abs() < 1e-12, "moments that start anew are warmed up anew");
    }

    #[test]
    fn rates_multiply_by_parts_of_names_and_must_speak_of_something() {
        let rates = [("temp_attn".to_owned(), 4.0), ("bias".to_owned(), 0.5)].into();
        let recipe = Optimisation { rates, ..recipe(LearningRate::Constant) };
        assert_eq!(recipe.rate_of("blocks.0.temp_attn.qkv.weight"), 4.0);
        assert_eq!(recipe.rate_of("blocks.0.temp_attn.qkv.bias"), 2.0);
        assert_eq!(recipe.rate_of("blocks.0.attn.qkv.weight"), 1.0);
        assert!(recipe.check().is_ok());
        recipe.check_rates(["a.temp_attn", "a.bias"].into_iter()).unwrap();
        let error = recipe.check_rates(["a.bias"].into_iter()).unwrap_err();
        assert!(error.to_string().contains("temp_attn"), "{error}");
    }

    #[test]
    fn a_batch_that_does_not_divide_is_refused() {
        let broken = Optimisation { micro_batches: 3, ..recipe(LearningRate::Constant) };
        assert!(matches!(broken.check(), Err(TrainError::Recipe(_))));
    }
}
