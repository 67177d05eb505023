//! Training recipes: which networks, in which order, of which sizes, from which others.

use super::{
    AutoencoderObjective, Optimisation, Outcome, Progress, Source, TrainError, train,
};
use crate::autoencoder::AutoencoderKlConfig;
use candle_core::Device;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A training recipe: networks in the order in which they need one another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainRecipe {
    /// Networks, each after those that it is trained on.
    pub network: Vec<NetworkRecipe>,
}

/// One network of a recipe; its weights go to `weights/<name>/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkRecipe {
    /// Folder name of the weights.
    pub name: String,
    /// How long and how it is trained.
    pub optimisation: Optimisation,
    /// What it is.
    pub objective: ObjectiveRecipe,
}

/// What is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ObjectiveRecipe {
    /// AutoencoderKL on pictures.
    Autoencoder {
        /// Sizes.
        config: AutoencoderKlConfig,
        /// See [`AutoencoderObjective::kl_weight`].
        kl_weight: f64,
        /// See [`AutoencoderObjective::l1_weight`].
        l1_weight: f64,
        /// See [`AutoencoderObjective::crop`].
        crop: u32,
        /// See [`AutoencoderObjective::crop_samples`].
        crop_samples: u64,
    },
}

/// Where a training reads and writes.
#[derive(Clone, Copy, Debug)]
pub struct Folders<'a> {
    /// Training states, one folder a network.
    pub states: &'a Path,
    /// Finished weights, one folder a network; frozen networks are read from here.
    pub weights: &'a Path,
}

impl NetworkRecipe {
    /// Trains this network, from its state where there is one.
    ///
    /// # Errors
    /// As [`train`].
    pub fn train(
        &self,
        source: &dyn Source,
        folders: Folders,
        device: &Device,
        progress: &mut dyn Progress,
    ) -> Result<Outcome, TrainError> {
        let o = &self.optimisation;
        let (state, weights) = (folders.states.join(&self.name), folders.weights.join(&self.name));
        let at = (state.as_path(), weights.as_path());
        let (seed, micro_batch, micro_batches, device) = (o.seed, o.micro_batch(), o.micro_batches, device.clone());
        match &self.objective {
            ObjectiveRecipe::Autoencoder { config, kl_weight, l1_weight, crop, crop_samples } => {
                let objective = AutoencoderObjective {
                    config: config.clone(),
                    kl_weight: *kl_weight,
                    l1_weight: *l1_weight,
                    crop: *crop,
                    crop_samples: *crop_samples,
                    source,
                    seed,
                    micro_batch,
                    micro_batches,
                    device: device.clone(),
                };
                train(&objective, o, &source.id(), &device, at, progress)
            }
        }
    }
}
