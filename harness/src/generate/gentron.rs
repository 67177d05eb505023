//! A GenTron pipeline on trained weights as an arm.

use std::path::Path;

use anyhow::Context as _;
use gentron_model::checkpoint;
use gentron_model::gentron::{GenTronConfig, Preset};
use gentron_model::ops::single_threaded;
use gentron_model::pipeline::{
    Draw, EncoderKind, EncoderSpec, Generator as _, Pipeline, PipelineError, PipelineSpec, Sampling, WeightType,
};
use gentron_suites::Prompt;
use image::RgbImage;

use super::embeddings::{Encoding, say_renewed, way_out};
use super::{Engine, Sources, strip};
use crate::failure::{Explain as _, Interrupted, refuse};
use crate::plan::Batch;
use crate::recipe::words::Words as _;
use crate::recipe::{GeneratorKind, Resolved, ResolvedArm};
use crate::{device, interrupt, weights};

/// A pipeline that has encoded all prompts of the run.
struct Gentron {
    pipeline: Pipeline,
    arm: String,
    weights: WeightType,
}

impl Engine for Gentron {
    fn draw(&self, batch: Batch<'_>) -> anyhow::Result<Vec<RgbImage>> {
        let draws = draws(batch);
        let clips = batch.iter().any(|task| task.frames.is_some());
        // Each batch has one core to itself: so it is fastest for small networks, and so its bits do not depend on the number of cores.
        single_threaded(|| {
            if !clips {
                return drawn(self.pipeline.generate(&draws), &self.arm, self.weights);
            }
            let clips = drawn(self.pipeline.generate_clips(&draws), &self.arm, self.weights)?;
            clips.iter().map(|frames| strip::join(frames)).collect()
        })
    }
}

/// What a pipeline gave for an arm whose matrices are of that type; numbers that are none are explained.
///
/// # Errors
/// The pipeline's.
pub fn drawn<T>(given: Result<T, PipelineError>, arm: &str, weights: WeightType) -> anyhow::Result<T> {
    if !matches!(given, Err(PipelineError::NotFinite { .. })) {
        return Ok(given?);
    }
    let hint = match weights {
        WeightType::F16 => {
            "f16 ends at 65,504, and some networks compute larger numbers: draw with --dtype bf16, or f32; if that \
             does not help, the weights are damaged"
        }
        WeightType::Bf16 | WeightType::F32 => {
            "the weights are damaged, or of a training that failed: bring them anew, or look at their card.json; \
             nothing of this batch was kept"
        }
    };
    given.explain(|| (format!("the arm {arm} draws what is no picture"), hint))
}

/// A batch as pipelines are asked for it.
pub fn draws(batch: Batch<'_>) -> Vec<Draw> {
    let draw = |task: &crate::plan::Task| Draw {
        prompt: task.prompt.clone(),
        prompt_id: task.prompt_id.clone(),
        k: task.k,
        seed: task.seed,
    };
    batch.iter().map(draw).collect()
}

/// Loads the pipeline of an arm and encodes the prompts.
///
/// # Errors
/// Weights are missing, damaged, or of another shape than their configuration says; a prompt cannot be encoded.
pub fn prepare(
    recipe: &Resolved,
    arm: &ResolvedArm,
    sources: &Sources,
    prompts: &[Prompt],
) -> anyhow::Result<Box<dyn Engine>> {
    let mut encoding = Encoding::new(true);
    prepare_told(recipe, arm, sources, prompts, &mut |encoder, done, all| encoding.tell(encoder, done, all))
}

/// The same, where somebody else than the user is `told` how many texts, of how many, an encoder has encoded to be kept.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_told(
    recipe: &Resolved,
    arm: &ResolvedArm,
    sources: &Sources,
    prompts: &[Prompt],
    told: &mut (dyn FnMut(&str, usize, usize) + Send),
) -> anyhow::Result<Box<dyn Engine>> {
    let folder = sources.weights()?;
    let spec = spec(recipe, arm, folder)?;
    let kept = sources.embeddings.clone();
    // It may keep a pipeline's alone, whose encoders are large.
    let kept = kept.filter(|cache| spec.encoders.iter().all(|encoder| cache.digests.contains_key(&encoder.name)));
    let spec = PipelineSpec { embeddings: kept, ..spec };
    let texts: Vec<&str> = prompts.iter().map(|prompt| prompt.text.as_str()).collect();
    let mut tell = |encoder: &str, done, all| {
        told(encoder, done, all);
        !interrupt::requested()
    };
    let device = device::device()?;
    let pipeline = match single_threaded(|| Pipeline::load(&spec, &texts, &device, &mut tell)) {
        Ok(pipeline) => pipeline,
        Err(PipelineError::Stopped) => return Err(Interrupted.into()),
        Err(error) => {
            let hint = way_out(&error, weights::HOW_TO_GET);
            return Err(error).explain(|| (format!("cannot load the arm {}", arm.name), hint));
        }
    };
    say_renewed(&pipeline.renewed());
    Ok(Box::new(Gentron { pipeline, arm: arm.name.clone(), weights: recipe.weights.dtype }))
}

/// What an arm is made of, its encoders in the order in which blocks take turns.
///
/// # Errors
/// Its configuration cannot be read, or is not what the recipe says of it.
pub fn spec(recipe: &Resolved, arm: &ResolvedArm, folder: &Path) -> anyhow::Result<PipelineSpec> {
    let config = config(arm, folder)?;
    check_claims(recipe, arm, &config)?;
    Ok(PipelineSpec {
        backbone: folder.join(backbone(arm)?),
        encoders: config
            .text
            .iter()
            .map(|source| encoder(recipe, arm, &source.name, folder))
            .collect::<anyhow::Result<_>>()?,
        autoencoder: weights::place(folder, &recipe.weights.autoencoder),
        schedule: config.schedule,
        sampling: sampling(arm),
        weights: recipe.weights.dtype,
        embeddings: None,
    })
}

/// How an arm's latents are drawn.
pub fn sampling(arm: &ResolvedArm) -> Sampling {
    Sampling {
        kind: arm.sampler.kind,
        steps: arm.sampler.steps as usize,
        guidance: arm.sampler.guidance,
        motion_guidance: arm.sampler.motion_guidance,
        frames: arm.sampler.frames.map(|frames| frames as usize),
    }
}

/// Folders inside the weights folder that an arm computes with: backbone, its encoders, autoencoder.
///
/// # Errors
/// The backbone's configuration cannot be read, or names an encoder that the recipe does not know.
pub fn folders(recipe: &Resolved, arm: &ResolvedArm, weights: &Path) -> anyhow::Result<Vec<String>> {
    match arm.generator {
        GeneratorKind::Gentron => {}
        GeneratorKind::Diffusers => return Ok(vec![backbone(arm)?.to_owned()]),
        GeneratorKind::ReconstructedTruth => return Ok(vec![recipe.weights.autoencoder.clone()]),
        GeneratorKind::GroundTruth | GeneratorKind::ShuffledTruth | GeneratorKind::Import | GeneratorKind::Command => {
            return Ok(Vec::new());
        }
    }
    let mut folders = vec![backbone(arm)?.to_owned()];
    for source in config(arm, weights)?.text {
        encoder(recipe, arm, &source.name, weights)?;
        folders.push(source.name);
    }
    folders.push(recipe.weights.autoencoder.clone());
    Ok(folders)
}

/// The configuration beside an arm's backbone.
///
/// # Errors
/// It is missing or no configuration.
pub fn config(arm: &ResolvedArm, weights: &Path) -> anyhow::Result<GenTronConfig> {
    let name = backbone(arm)?;
    weights::check_folder(weights, name)?;
    let path = weights.join(name).join("config.json");
    checkpoint::read_json(&path)
        .explain(|| (format!("cannot read the configuration of the arm {}", arm.name), weights::HOW_TO_GET))
}

/// The folder inside the weights folder that an arm names.
///
/// # Errors
/// It names none.
pub fn backbone(arm: &ResolvedArm) -> anyhow::Result<&str> {
    arm.weights.as_deref().with_context(|| format!("arm `{}` has no weights", arm.name))
}

fn encoder(recipe: &Resolved, arm: &ResolvedArm, name: &str, weights: &Path) -> anyhow::Result<EncoderSpec> {
    let folders = &recipe.weights;
    let (kind, length) = if name == folders.clip {
        (EncoderKind::Clip, None)
    } else if name == folders.t5 {
        (EncoderKind::T5, Some(folders.t5_length))
    } else {
        let what = format!("the arm {} reads text from `{name}`, which the recipe does not know", arm.name);
        return Err(refuse(what, "name that folder as clip or t5 in the recipe's [weights]"));
    };
    Ok(EncoderSpec { name: name.to_owned(), kind, folder: weights::place(weights, name), length })
}

/// What the recipe says of the arm must be what the checkpoint is: a mislabelled ablation is worse than none.
fn check_claims(recipe: &Resolved, arm: &ResolvedArm, config: &GenTronConfig) -> anyhow::Result<()> {
    let wrong = |what: String| {
        let hint = "correct the arm in the recipe, or name the weights that it means";
        Err(refuse(format!("the arm {}: {what}", arm.name), hint))
    };
    if arm.sampler.frames.is_some() && !config.temporal {
        return wrong("the recipe asks for clips, and its weights have no TempSelfAttn".to_owned());
    }
    if let Some(claimed) = arm.conditioning.filter(|claimed| *claimed != config.conditioning) {
        let (claimed, found) = (claimed.word(), config.conditioning.word());
        return wrong(format!("the recipe says {claimed}, its weights are of {found}"));
    }
    let folder = |kind: &EncoderKind| match kind {
        EncoderKind::Clip => &recipe.weights.clip,
        EncoderKind::T5 => &recipe.weights.t5,
    };
    let claimed: Vec<&String> = arm.text.iter().map(folder).collect();
    let found: Vec<&String> = config.text.iter().map(|source| &source.name).collect();
    if !claimed.is_empty() && claimed != found {
        return wrong(format!("the recipe says text from {claimed:?}, its weights read {found:?}"));
    }
    let Some(scale) = &arm.scale else { return Ok(()) };
    let Some(preset) = Preset::find(scale) else {
        let names: Vec<&str> = gentron_model::gentron::presets().iter().map(|preset| preset.name).collect();
        let hint = crate::names::suggestion(scale, names.iter().copied());
        return Err(refuse(format!("the arm {}: unknown scale `{scale}`", arm.name), hint));
    };
    let size = |config: &GenTronConfig| (config.depth, config.hidden_size, config.num_heads);
    if size(&preset.config) != size(config) {
        let ((depth, width, heads), (d, w, h)) = (size(&preset.config), size(config));
        return wrong(format!(
            "{scale} has {depth} blocks of width {width} with {heads} heads, its weights {d} of {w} with {h}"
        ));
    }
    Ok(())
}
