//! What can draw an arm.

use std::path::Path;

use gentron_model::pipeline::{Diffusers, check_backbone};
use gentron_suites::Prompt;
use image::RgbImage;

use super::{Sources, command, diffusers, gentron, imported, truth};
use crate::failure::Explain as _;
use crate::plan::Batch;
use crate::recipe::{GeneratorKind, Resolved, ResolvedArm};
use crate::weights::{HOW_TO_GET, PIPELINE_HINT, place};

/// Draws whole batches of one arm. The images depend on the arm and the batch alone: not on the thread, nor on what was drawn before.
pub trait Engine: Send + Sync {
    /// One image a task, in order.
    ///
    /// # Errors
    /// The network fails, or a prompt is not one that it was prepared for.
    fn draw(&self, batch: Batch<'_>) -> anyhow::Result<Vec<RgbImage>>;
}

/// Holds the headers of an arm's weights against their configuration; of an arm that is too large to be made ready for nothing.
///
/// # Errors
/// Files are missing, damaged or of another shape.
pub fn check(arm: &ResolvedArm, weights: &Path) -> anyhow::Result<()> {
    match arm.generator {
        GeneratorKind::Gentron => {
            let checked = check_backbone(&weights.join(gentron::backbone(arm)?));
            checked.explain(|| (format!("cannot load the arm {}", arm.name), HOW_TO_GET))
        }
        GeneratorKind::Diffusers => {
            let checked = Diffusers::check(&place(weights, gentron::backbone(arm)?));
            checked.explain(|| (format!("cannot load the arm {}", arm.name), PIPELINE_HINT))
        }
        _ => Ok(()),
    }
}

/// Makes an arm ready to draw any of `prompts`, which are all prompts of the run, whatever is still missing: so what is computed
/// once for all of them does not depend on where an earlier execution stopped.
///
/// # Errors
/// Weights are missing, damaged or of another shape, or there is no import.
pub fn prepare(
    recipe: &Resolved,
    arm: &ResolvedArm,
    sources: &Sources,
    prompts: &[Prompt],
) -> anyhow::Result<Box<dyn Engine>> {
    match arm.generator {
        GeneratorKind::Gentron => gentron::prepare(recipe, arm, sources, prompts),
        GeneratorKind::Diffusers => diffusers::prepare(recipe, arm, sources, prompts),
        GeneratorKind::GroundTruth => Ok(Box::new(truth::Truth::new(prompts, false))),
        GeneratorKind::ReconstructedTruth => {
            let autoencoder = place(sources.weights()?, &recipe.weights.autoencoder);
            Ok(Box::new(truth::Reconstruction::load(prompts, &autoencoder)?))
        }
        GeneratorKind::Import => imported::prepare(arm, sources),
        GeneratorKind::Command => command::prepare(arm, sources),
        GeneratorKind::ShuffledTruth => Ok(Box::new(truth::Truth::new(prompts, true))),
    }
}
