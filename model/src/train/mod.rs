//! Training: one engine, and an objective for each network of the paper.
//!
//! The engine knows parameters, optimiser, checkpoints and progress; an [`Objective`] knows a network and its loss. A step's
//! batch is cut into a fixed number of micro-batches, one a core, whose gradients are summed in order: so the weights are the
//! same for any number of threads, and after any interruption.

mod autoencoder;
mod card;
mod check;
mod clip;
mod corpus;
mod engine;
mod error;
mod export;
mod foreign;
mod gentron;
mod held_out;
mod identity;
mod mix;
mod optimizer;
mod parameters;
mod plan;
mod purpose;
mod recipe;
mod source;
mod state;
mod t5;

pub use autoencoder::AutoencoderObjective;
pub use card::{CurvePoint, TrainingCard};
pub use clip::{ClipObjective, ClipTexts};
pub use corpus::Corpus;
pub use engine::{At, Beginning, Control, Loss, Objective, Outcome, Progress, StepReport, train};
pub use error::TrainError;
pub use foreign::TakenOver;
pub use gentron::{ClipTraining, GenTronObjective, GenTronTraining, Timesteps};
pub use held_out::Exam;
pub use mix::Mix;
pub use parameters::Parameters;
pub use plan::{ClipsRecipe, Folders, NetworkRecipe, ObjectiveRecipe, TrainRecipe};
pub use recipe::{LearningRate, Optimisation};
pub use source::{ClipExample, Example, Source};
pub use t5::T5Objective;

#[cfg(test)]
mod tests;
