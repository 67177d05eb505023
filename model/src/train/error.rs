//! What can go wrong while training.

use std::path::{Path, PathBuf};

/// An error of [`super::train`] or of an objective's preparation.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A tensor operation failed.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    /// A frozen network could not be loaded.
    #[error(transparent)]
    Checkpoint(#[from] crate::checkpoint::CheckpointError),
    /// A file could not be read or written.
    #[error("cannot {action} {path}")]
    File {
        /// `read`, `write`, ...
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A training state is damaged or belongs to another recipe.
    #[error("the training state {path} cannot be continued: {reason}")]
    State {
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The caller asked for a stop while the data was being prepared.
    #[error("stopped before the first step")]
    Stopped,
    /// The loss, the gradient, a weight or a score is no longer a number.
    #[error("the {what} became {value} at step {step}; {}", kept(*last_good, path.as_deref()))]
    NotFinite {
        /// `loss`, `gradient norm`, `weights`, or the name of a score.
        what: String,
        /// What it became.
        value: f64,
        /// The step that failed, counted from 0; of weights, which are looked at only before they are used or written, the last.
        step: u64,
        /// The step of the last checkpoint.
        last_good: u64,
        /// The checkpoint, if there is one yet.
        path: Option<PathBuf>,
    },
    /// Text could not be encoded.
    #[error(transparent)]
    Text(#[from] crate::text::TextError),
    /// The noise schedule or the sampler of a recipe is impossible.
    #[error(transparent)]
    Diffusion(#[from] crate::diffusion::DiffusionError),
    /// A recipe asks for the impossible.
    #[error("recipe: {0}")]
    Recipe(String),
}

fn kept(step: u64, path: Option<&Path>) -> String {
    match path {
        Some(path) => format!("the last checkpoint, {}, was written at step {step}", path.display()),
        None => "there is no checkpoint yet".to_owned(),
    }
}
