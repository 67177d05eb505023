//! What can draw an arm.

use std::path::Path;

use gentron_suites::Prompt;
use image::RgbImage;

use super::{Sources, command, diffusers, gentron, imported, truth};
use crate::failure::{Explain as _, refuse};
use crate::plan::Batch;
use crate::recipe::{GeneratorKind, Resolved, ResolvedArm};
use crate::weights::{place, tensors};

/// Draws whole batches of one arm. The images depend on the arm and the batch alone: not on the thread, nor on what was drawn before.
pub trait Engine: Send + Sync {
    /// One image a task, in order.
    ///
    /// # Errors
    /// The network fails, or a prompt is not one that it was prepared for.
    fn draw(&self, batch: Batch<'_>) -> anyhow::Result<Vec<RgbImage>>;
}

/// Holds the configurations of an arm's networks against the recipe and against one another, for nothing.
///
/// # Errors
/// The weights are not what the recipe says of them, or were trained with an encoder of another width.
pub fn check(recipe: &Resolved, arm: &ResolvedArm, weights: &Path) -> anyhow::Result<()> {
    const HINT: &str = "name the encoder that it was trained with in the recipe's [weights]";
    if arm.generator != GeneratorKind::Gentron {
        return Ok(());
    }
    let spec = gentron::spec(recipe, arm, weights)?;
    for (source, encoder) in gentron::config(arm, weights)?.text.iter().zip(&spec.encoders) {
        let got = tensors::width(encoder).explain(|| (format!("cannot read the encoder {}", encoder.name), HINT))?;
        if [source.width, source.pooled_width] != [got; 2] {
            let (name, width) = (&encoder.name, source.width);
            let what = format!("the arm {} reads {width} channels of {name}, whose weights give {got}", arm.name);
            return Err(refuse(what, HINT));
        }
    }
    Ok(())
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
