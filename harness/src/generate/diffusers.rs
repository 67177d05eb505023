//! A published model from a folder of diffusers as an arm.

use gentron_model::ops::single_threaded;
use gentron_model::pipeline::{Diffusers, Generator as _, PipelineError};
use gentron_suites::Prompt;
use image::RgbImage;

use super::embeddings::Encoding;
use super::{Engine, Sources, gentron};
use crate::failure::{Explain as _, Interrupted};
use crate::plan::Batch;
use crate::recipe::{Resolved, ResolvedArm};
use crate::{device, interrupt, weights};

/// A pipeline that has encoded all prompts of the run.
struct Baseline(Diffusers);

impl Engine for Baseline {
    fn draw(&self, batch: Batch<'_>) -> anyhow::Result<Vec<RgbImage>> {
        Ok(single_threaded(|| self.0.generate(&gentron::draws(batch)))?)
    }
}

/// Encodes the prompts and loads the rest of the pipeline.
///
/// # Errors
/// The folder is of another pipeline, or a file is missing, damaged or of another shape.
pub fn prepare(
    recipe: &Resolved,
    arm: &ResolvedArm,
    sources: &Sources,
    prompts: &[Prompt],
) -> anyhow::Result<Box<dyn Engine>> {
    let folder = weights::place(sources.weights()?, gentron::backbone(arm)?);
    let texts: Vec<&str> = prompts.iter().map(|prompt| prompt.text.as_str()).collect();
    let device = device::device();
    let mut encoding = Encoding::new(false);
    let mut tell = |encoder: &str, done, all| {
        encoding.tell(encoder, done, all);
        !interrupt::requested()
    };
    let load = || Diffusers::load(&folder, &texts, gentron::sampling(arm), recipe.weights.dtype, &device, &mut tell);
    let pipeline = match single_threaded(load) {
        Err(PipelineError::Stopped) => return Err(Interrupted.into()),
        pipeline => pipeline,
    };
    let pipeline = pipeline.explain(|| (format!("cannot load the arm {}", arm.name), weights::PIPELINE_HINT))?;
    Ok(Box::new(Baseline(pipeline)))
}
