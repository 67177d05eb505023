//! What cannot be in a recipe, found before anything is spent. What only the weights folder can tell, whoever owns it finds.

use super::plan::{ClipsRecipe, Frozen, NetworkRecipe, ObjectiveRecipe, position, size};
use super::recipe::{LearningRate, Optimisation};
use super::{GenTronTraining, Source, Timesteps, TrainError};
use crate::autoencoder::{AutoencoderKl, AutoencoderKlConfig};
use crate::checkpoint::{Parameter, outline};
use crate::diffusion::Schedule;
use crate::gentron::{GenTron, GenTronConfig, TextSource};
use crate::text::clip::{ClipConfig, ClipModel};
use crate::text::t5::{T5Config, T5Model};
use crate::text::{word_level_clip, word_level_t5};

impl Optimisation {
    /// Finds out what cannot be meant.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] where a number is none, is out of its range or contradicts another.
    pub fn check(&self) -> Result<(), TrainError> {
        if self.micro_batches == 0 || self.batch == 0 || !self.batch.is_multiple_of(self.micro_batches) {
            return fail(format!("batch {} does not divide into {} micro-batches", self.batch, self.micro_batches));
        }
        if self.samples < self.batch as u64 {
            return fail(format!("{} samples are less than one batch of {}", self.samples, self.batch));
        }
        if let LearningRate::Decay { from, .. } = self.schedule
            && !(self.warmup_samples..self.samples).contains(&from)
        {
            return fail(format!(
                "the decay from sample {from} must begin after the warm-up and before sample {}",
                self.samples
            ));
        }
        if let LearningRate::Cosine { floor } | LearningRate::Decay { floor, .. } = self.schedule {
            share("floor", floor)?;
        }
        if let Some((part, rate)) = self.rates.iter().find(|(_, rate)| !(rate.is_finite() && **rate >= 0.0)) {
            return fail(format!("rates: {part} = {rate} is no factor"));
        }
        at_least("evaluate_every", self.evaluate_every, 1)?;
        positive("learning_rate", self.learning_rate)?;
        positive("clip_norm", self.clip_norm)?;
        not_negative("weight_decay", self.weight_decay)?;
        decay("ema", self.ema)?;
        self.betas.into_iter().try_for_each(|beta| decay("betas", beta))
    }
}

impl NetworkRecipe {
    /// Finds out before anything is spent what cannot be in this network's part of a recipe: numbers out of their ranges, sizes of which
    /// no network can be made (it is built once, without its weights), names of encoders, pictures that do not fit.
    ///
    /// # Errors
    /// [`TrainError::Recipe`], or what is wrong with the noise schedule or the sampler.
    pub fn check(&self, source: &dyn Source) -> Result<(), TrainError> {
        self.optimisation.check()?;
        let side = || source.example(self.optimisation.seed, 0).image.width() as usize;
        let outlined = match &self.objective {
            ObjectiveRecipe::Autoencoder { config, kl_weight, l1_weight, thumbnail_weight, crop, crop_samples: _ } => {
                not_negative("kl_weight", *kl_weight)?;
                not_negative("l1_weight", *l1_weight)?;
                not_negative("thumbnail_weight", *thumbnail_weight)?;
                check_autoencoder(config, *thumbnail_weight > 0.0, [side(), *crop as usize])?;
                outline(|vb| AutoencoderKl::new(vb, config))
            }
            ObjectiveRecipe::Clip { config, clips: _, hard_negatives: _ } => {
                // Among one caption the right one is always found: there is nothing to learn.
                at_least("batch / micro_batches of a CLIP", self.optimisation.micro_batch() as u64, 2)?;
                check_clip(config, side())?;
                let limit = config.text_config.max_position_embeddings;
                word_level_clip(&source.vocabulary(), limit).map_err(|e| TrainError::Recipe(e.to_string()))?;
                outline(|vb| ClipModel::new(vb, config))
            }
            ObjectiveRecipe::T5 { config, limit, clips: _ } => {
                check_t5(config)?;
                word_level_t5(&source.vocabulary(), *limit).map_err(|e| TrainError::Recipe(e.to_string()))?;
                outline(|vb| T5Model::new(vb, config))
            }
            ObjectiveRecipe::GenTron { preset, conditioning, prediction: _, text, frozen, training, clips } => {
                let preset = size(preset)?;
                check_frozen(frozen, source)?;
                check_text(text, frozen)?;
                check_training(training, frozen)?;
                clips.map_or(Ok(()), |clips| check_clips(clips, source, self.optimisation.seed))?;
                // Widths, which the encoders' weights say, change no name and no layer.
                let read = |name: &String| TextSource { name: name.clone(), width: 1, pooled_width: 1 };
                let of_pictures = preset.config.with(*conditioning, text.iter().map(read).collect());
                let config = GenTronConfig { temporal: clips.is_some(), ..of_pictures };
                outline(|vb| GenTron::new(vb, &config))
            }
        };
        let parameters: Vec<Parameter> = outlined.map_err(|e| TrainError::Recipe(e.to_string()))?;
        self.optimisation.check_rates(parameters.iter().map(|parameter| parameter.name.as_str()))
    }
}

/// `with_thumbnail`: whether three channels of the latent are to hold one. The sides are of pictures and of crops, in pixels.
fn check_autoencoder(
    config: &AutoencoderKlConfig,
    with_thumbnail: bool,
    [side, crop]: [usize; 2],
) -> Result<(), TrainError> {
    if config.in_channels != 3 || config.out_channels != 3 {
        let (i, o) = (config.in_channels, config.out_channels);
        return fail(format!("in_channels = {i} and out_channels = {o}, and pictures have 3"));
    }
    at_least("latent_channels", config.latent_channels as u64, if with_thumbnail { 3 } else { 1 })?;
    let halvings = config.block_out_channels.len().saturating_sub(1) as u32;
    let halved = |pixels: usize| 1usize.checked_shl(halvings).is_some_and(|factor| pixels.is_multiple_of(factor));
    // A crop as large as a picture is the picture.
    for pixels in [side, crop.min(side)] {
        if pixels == 0 || !halved(pixels) {
            return fail(format!("pictures or crops of {pixels} pixels cannot be halved {halvings} times"));
        }
    }
    Ok(())
}

/// Pictures are of `side` pixels.
fn check_clip(config: &ClipConfig, side: usize) -> Result<(), TrainError> {
    let (text, vision) = (&config.text_config, &config.vision_config);
    let towers = [
        ("text_config", [text.hidden_size, text.num_attention_heads, text.num_hidden_layers, text.intermediate_size]),
        (
            "vision_config",
            [vision.hidden_size, vision.num_attention_heads, vision.num_hidden_layers, vision.intermediate_size],
        ),
    ];
    for (tower, [width, heads, layers, inner]) in towers {
        if width == 0 || heads == 0 || !width.is_multiple_of(heads) {
            return fail(format!("{tower}: hidden_size {width} does not split into {heads} heads"));
        }
        at_least(&format!("{tower}.num_hidden_layers"), layers as u64, 1)?;
        at_least(&format!("{tower}.intermediate_size"), inner as u64, 1)?;
    }
    at_least("projection_dim", config.projection_dim as u64, 1)?;
    number("logit_scale_init_value", config.logit_scale_init_value, |_| true, "a number")?;
    positive("text_config.layer_norm_eps", text.layer_norm_eps)?;
    positive("vision_config.layer_norm_eps", vision.layer_norm_eps)?;
    if vision.num_channels != 3 {
        return fail(format!("vision_config.num_channels = {}, and pictures have 3", vision.num_channels));
    }
    if vision.image_size != side {
        return fail(format!("vision_config.image_size = {}, and pictures have {side} pixels", vision.image_size));
    }
    Ok(())
}

fn check_t5(config: &T5Config) -> Result<(), TrainError> {
    let sizes = [
        ("d_model", config.d_model),
        ("d_kv", config.d_kv),
        ("d_ff", config.d_ff),
        ("num_heads", config.num_heads),
        ("num_layers", config.num_layers),
        ("num_decoder_layers", config.decoder_layers()),
    ];
    sizes.into_iter().try_for_each(|(name, size)| at_least(name, size as u64, 1))?;
    positive("layer_norm_epsilon", config.layer_norm_epsilon)
}

fn check_frozen(frozen: &Frozen, source: &dyn Source) -> Result<(), TrainError> {
    // One is held out.
    at_least("frozen.examples", frozen.examples, 2)?;
    for encoder in &frozen.encoders {
        if let Some(length) = encoder.length {
            at_least(&format!("frozen.encoders: length of {}", encoder.name), length as u64, 1)?;
        }
    }
    frozen.mix.shares(source.kinds()).map(drop)
}

fn check_text(text: &[String], frozen: &Frozen) -> Result<(), TrainError> {
    let known: Vec<&str> = frozen.encoders.iter().map(|encoder| encoder.name.as_str()).collect();
    if text.is_empty() {
        return fail(format!("text names no encoder; frozen.encoders has {}", known.join(", ")));
    }
    text.iter().try_for_each(|name| position(&known, name).map(drop))
}

fn check_training(training: &GenTronTraining, frozen: &Frozen) -> Result<(), TrainError> {
    let GenTronTraining { timesteps, text_dropout, min_snr_gamma, sampling } = training;
    share("text_dropout", *text_dropout)?;
    if let Timesteps::LogitNormal { mean, deviation } = *timesteps {
        number("timesteps: mean", mean, |_| true, "a number")?;
        not_negative("timesteps: deviation", deviation)?;
    }
    min_snr_gamma.map_or(Ok(()), |gamma| positive("min_snr_gamma", gamma))?;
    number("sampling.guidance", sampling.guidance, |_| true, "a number")?;
    let motion = sampling.motion_guidance;
    motion.map_or(Ok(()), |motion| number("sampling.motion_guidance", motion, |_| true, "a number"))?;
    let schedule = Schedule::new(&frozen.schedule)?;
    sampling.kind.start(&schedule, sampling.steps)?;
    Ok(())
}

fn check_clips(clips: ClipsRecipe, source: &dyn Source, seed: u64) -> Result<(), TrainError> {
    share("clips.motion_free", clips.motion_free)?;
    at_least("clips.examples", clips.examples, 2)?;
    if source.clip(seed, 0).is_none() {
        return fail(format!("the data `{}` have no clips", source.id()));
    }
    Ok(())
}

fn fail(why: String) -> Result<(), TrainError> {
    Err(TrainError::Recipe(why))
}

fn at_least(name: &str, value: u64, least: u64) -> Result<(), TrainError> {
    if value >= least { Ok(()) } else { fail(format!("{name} = {value}: it is {least} at least")) }
}

/// NaN and infinities fit nothing. `wanted` completes "it is".
fn number(name: &str, value: f64, fits: impl Fn(f64) -> bool, wanted: &str) -> Result<(), TrainError> {
    if value.is_finite() && fits(value) { Ok(()) } else { fail(format!("{name} = {value}: it is {wanted}")) }
}

fn positive(name: &str, value: f64) -> Result<(), TrainError> {
    number(name, value, |value| value > 0.0, "a number above 0")
}

fn not_negative(name: &str, value: f64) -> Result<(), TrainError> {
    number(name, value, |value| value >= 0.0, "a number from 0 up")
}

/// A probability or a part of something.
fn share(name: &str, value: f64) -> Result<(), TrainError> {
    number(name, value, |value| (0.0..=1.0).contains(&value), "a number from 0 to 1")
}

/// The part of an average that a step keeps. The optimiser computes with it in f32, where a number just below 1 is 1: nothing would be learnt.
fn decay(name: &str, value: f64) -> Result<(), TrainError> {
    number(name, value, |value| value >= 0.0 && (value as f32) < 1.0, "a number from 0 to below 1")
}

#[cfg(test)]
mod tests;
