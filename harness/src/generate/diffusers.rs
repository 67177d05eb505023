//! A published model from a folder of diffusers as an arm.

use gentron_model::ops::single_threaded;
use gentron_model::pipeline::{Diffusers, EmbeddingCache, Generator as _, PipelineError, WeightType};
use gentron_suites::Prompt;
use image::RgbImage;

use super::embeddings::{Encoding, say_renewed, way_out};
use super::{Engine, Sources, gentron};
use crate::failure::{Explain as _, Interrupted};
use crate::plan::Batch;
use crate::recipe::{Resolved, ResolvedArm};
use crate::{device, interrupt, weights};

/// A pipeline that has encoded all prompts of the run.
struct Baseline {
    pipeline: Diffusers,
    arm: String,
    weights: WeightType,
}

impl Engine for Baseline {
    fn draw(&self, batch: Batch<'_>) -> anyhow::Result<Vec<RgbImage>> {
        let given = single_threaded(|| self.pipeline.generate(&gentron::draws(batch)));
        gentron::drawn(given, &self.arm, self.weights)
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
    let name = gentron::backbone(arm)?;
    let folder = weights::place(sources.weights()?, name);
    let texts: Vec<&str> = prompts.iter().map(|prompt| prompt.text.as_str()).collect();
    let device = device::device()?;
    let inside = format!("{name}/");
    let is_own = |encoder: &String| encoder.strip_prefix(&inside).is_some_and(|folder| !folder.contains('/'));
    let keeps = |cache: &&EmbeddingCache| cache.digests.keys().any(is_own);
    let kept = sources.embeddings.as_ref().filter(keeps).map(|cache| (cache, name));
    let mut encoding = Encoding::new(kept.is_some());
    let mut tell = |encoder: &str, done, all| {
        // A rehearsal encodes the null text alone, and has nothing to say.
        if !texts.is_empty() {
            encoding.tell(encoder, done, all);
        }
        !interrupt::requested()
    };
    let kind = (recipe.weights.dtype, &device);
    let load = || Diffusers::load(&folder, &texts, gentron::sampling(arm), kind, kept, &mut tell);
    let pipeline = match single_threaded(load) {
        Ok(pipeline) => pipeline,
        Err(PipelineError::Stopped) => return Err(Interrupted.into()),
        Err(error) => {
            let hint = way_out(&error, weights::PIPELINE_HINT);
            return Err(error).explain(|| (format!("cannot load the arm {}", arm.name), hint));
        }
    };
    say_renewed(&pipeline.renewed());
    Ok(Box::new(Baseline { pipeline, arm: arm.name.clone(), weights: recipe.weights.dtype }))
}
