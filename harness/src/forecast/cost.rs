//! From a recipe to what it will take.

use std::collections::HashMap;
use std::path::Path;

use gentron_model::autoencoder::AutoencoderKlConfig;
use gentron_model::checkpoint::read_json;
use gentron_model::gentron::{CLIP_L, CLIP_SHAPES, FLAN_T5_XXL, GenTronConfig, Preset, T5_SHAPES, TextSource};
use gentron_model::pipeline::Diffusers;
use gentron_model::text::clip::ClipTextConfig;

use super::probe::{self, How};
use crate::device;
use crate::generate::gentron;
use crate::recipe::{EncoderKind, GeneratorKind, Resolved, ResolvedArm};
use crate::weights::place;

/// What one arm will take.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// The arm.
    pub arm: String,
    /// Floating-point operations that what it is drawn on does in a second in such a network, measured; none where they are not counted.
    pub rate: Option<f64>,
    /// Seconds of drawing.
    pub draw: f64,
    /// Seconds of decoding.
    pub decode: f64,
    /// Width and height of an image in pixels.
    pub size: [u32; 2],
    /// What it was measured on, in words.
    pub measured: String,
}

/// What the arm's backbone is: its own configuration where the weights are, else what the recipe claims of it.
pub fn claimed(recipe: &Resolved, arm: &ResolvedArm, weights: Option<&Path>) -> Option<GenTronConfig> {
    if let Some(config) = weights.and_then(|weights| gentron::config(arm, weights).ok()) {
        return Some(config);
    }
    let preset = Preset::find(arm.scale.as_deref()?)?.config;
    let source = |kind: &EncoderKind| {
        let name = match kind {
            EncoderKind::Clip => &recipe.weights.clip,
            EncoderKind::T5 => &recipe.weights.t5,
        };
        let known = [CLIP_L, CLIP_SHAPES, FLAN_T5_XXL, T5_SHAPES].into_iter().find(|known| known.name == name);
        known.map(TextSource::from)
    };
    let text: Option<Vec<TextSource>> = arm.text.iter().map(source).collect();
    let config = preset.with(arm.conditioning?, text.filter(|text| !text.is_empty())?);
    Some(GenTronConfig { temporal: arm.sampler.frames.is_some(), ..config })
}

/// Measures this machine and says what `images` images of each arm will take that is drawn here; arms of which nothing is known are left out.
///
/// # Errors
/// A network cannot be built, or the GPU that the run would draw on cannot be used.
pub fn cost(recipe: &Resolved, weights: Option<&Path>, images: usize, threads: usize) -> anyhow::Result<Vec<Cost>> {
    let mut rates: HashMap<(usize, usize, bool), f64> = HashMap::new();
    let mut decoders: HashMap<usize, f64> = HashMap::new();
    let autoencoder = autoencoder(recipe, weights);
    let mut costs = Vec::new();
    let by_network = |arm: &ResolvedArm| matches!(arm.generator, GeneratorKind::Gentron | GeneratorKind::Diffusers);
    if !recipe.arms.iter().any(by_network) {
        return Ok(costs);
    }
    let device = device::device()?;
    let how = How::new(recipe.weights.dtype, threads, &device);
    for arm in &recipe.arms {
        let frames = arm.sampler.frames.unwrap_or(1);
        let motion = arm.sampler.frames.and(arm.sampler.motion_guidance).is_some_and(|motion| motion != 1.0);
        let branches = if motion { 3.0 } else { f64::from(1 + u8::from(arm.sampler.guidance != 1.0)) };
        let evaluations = images as f64 * branches * f64::from(arm.sampler.steps);
        if arm.generator == GeneratorKind::Diffusers {
            costs.extend(of_pipeline(arm, weights, (images, evaluations), how)?);
        }
        if arm.generator != GeneratorKind::Gentron {
            continue;
        }
        let Some(config) = claimed(recipe, arm, weights) else { continue };
        let tokens: Vec<usize> = config.text.iter().map(|source| length(recipe, source, weights)).collect();
        let key = (config.hidden_size, config.latent_size, config.cross_attends());
        let rate = match rates.get(&key) {
            Some(rate) => *rate,
            None => probe::backbone(&config, &tokens, recipe.batch as usize, how)?,
        };
        rates.insert(key, rate);
        let decoded = match decoders.get(&config.latent_size) {
            Some(decoded) => *decoded,
            None => probe::decoder(&autoencoder, config.latent_size, how)?,
        };
        decoders.insert(config.latent_size, decoded);
        let flops = config.forward_flops(&tokens, u64::from(frames)) as f64;
        costs.push(Cost {
            arm: arm.name.clone(),
            rate: Some(rate),
            draw: evaluations * flops / rate,
            decode: images as f64 * f64::from(frames) / decoded,
            // Frames lie side by side in one image.
            size: [frames, 1].map(|count| count * (config.latent_size * autoencoder.factor()) as u32),
            measured: probe::circumstances(how),
        });
    }
    Ok(costs)
}

/// What an arm takes that is a folder of diffusers; none where the folder is not here.
fn of_pipeline(
    arm: &ResolvedArm,
    weights: Option<&Path>,
    (images, evaluations): (usize, f64),
    how: How<'_>,
) -> anyhow::Result<Option<Cost>> {
    let Some(folder) = weights.zip(arm.weights.as_deref()).map(|(weights, name)| place(weights, name)) else {
        return Ok(None);
    };
    let Ok((_, size)) = Diffusers::describe(&folder) else { return Ok(None) };
    let Ok(autoencoder) = read_json::<AutoencoderKlConfig>(&folder.join("vae").join("config.json")) else {
        return Ok(None);
    };
    let side = size[0] as usize / autoencoder.factor();
    Ok(Some(Cost {
        arm: arm.name.clone(),
        rate: None,
        draw: evaluations * probe::pipeline(&folder, how)?,
        decode: images as f64 / probe::decoder(&autoencoder, side, how)?,
        size,
        measured: probe::circumstances(how),
    }))
}

/// The autoencoder's own sizes where it is here, else Stable Diffusion's.
fn autoencoder(recipe: &Resolved, weights: Option<&Path>) -> AutoencoderKlConfig {
    let own = weights.map(|weights| place(weights, &recipe.weights.autoencoder).join("config.json"));
    own.and_then(|path| read_json(&path).ok()).unwrap_or_default()
}

/// Tokens of a text.
pub(super) fn length(recipe: &Resolved, source: &TextSource, weights: Option<&Path>) -> usize {
    if source.name == recipe.weights.t5 {
        return recipe.weights.t5_length;
    }
    let own = weights.map(|weights| place(weights, &source.name).join("config.json"));
    let config = own.and_then(|path| ClipTextConfig::read(&path).ok()).unwrap_or_default();
    config.max_position_embeddings
}
