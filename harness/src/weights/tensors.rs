//! Whether networks have the tensors that their configurations ask for, from the headers of their files: before hours go into what comes
//! first.

use std::path::Path;

use candle_core::Device;
use gentron_model::checkpoint::{CheckpointError, Foreign, Naming, check, read_json};
use gentron_model::pipeline::{
    Diffusers, EncoderKind, EncoderSpec, Family, PipelineError, check_backbone, load_autoencoder,
};
use gentron_model::text::clip::{ClipTextConfig, ClipTextModel, read_tokenizer};
use gentron_model::text::t5::{T5Config, T5Encoder};
use gentron_model::text::{TextError, TextTokenizer};

use super::hub::place;
use crate::failure::Explain as _;

/// What a folder of weights is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A GenTron.
    Backbone,
    /// A CLIP, whose text tower encodes prompts.
    Clip,
    /// A T5, whose encoder brings texts to so many tokens.
    T5 {
        /// Tokens of a text.
        length: usize,
    },
    /// An autoencoder of images.
    Autoencoder,
    /// All networks of a folder of diffusers.
    Pipeline,
}

/// What to do about files that do not belong together.
const MISFIT: &str = "its files are not of one network: copy configuration, tokenizer and weights anew from the place that they come from";

/// Holds the tensors of the folder that a recipe calls `name` against the configurations beside them, and reads the tokenizers. The folder
/// must be whole: see [`check_folder`](super::check_folder).
///
/// # Errors
/// Tensors that are missing, extra or of another shape, by name.
pub fn check_tensors(weights: &Path, name: &str, kind: Kind) -> anyhow::Result<()> {
    let folder = place(weights, name);
    let fits = match kind {
        Kind::Backbone => check_backbone(&folder),
        Kind::Clip => clip(&folder),
        Kind::T5 { length } => t5(&folder, &folder, length),
        Kind::Autoencoder => autoencoder(&folder),
        Kind::Pipeline => pipeline(&folder),
    };
    fits.explain(|| (format!("the weights in {} do not fit their configuration", folder.display()), MISFIT))
}

/// Channels that an encoder gives a token, and a whole text.
///
/// # Errors
/// Its configuration cannot be read.
pub fn width(encoder: &EncoderSpec) -> Result<usize, CheckpointError> {
    let path = encoder.folder.join("config.json");
    match encoder.kind {
        EncoderKind::Clip => Ok(ClipTextConfig::read(&path)?.hidden_size),
        EncoderKind::T5 => Ok(read_json::<T5Config>(&path)?.d_model),
    }
}

/// What the folder of a whole CLIP has besides the text tower.
const BESIDE_THE_TOWER: [&str; 5] =
    ["vision_model.", "visual_projection.", "text_projection.", "logit_scale", "text_model.embeddings.position_ids"];

fn clip(folder: &Path) -> Result<(), PipelineError> {
    let config = ClipTextConfig::read(&folder.join("config.json"))?;
    read_tokenizer(folder, &config)?;
    let naming = Naming { ignore: &BESIDE_THE_TOWER, ..Naming::default() };
    Ok(check(folder, naming, |vb| ClipTextModel::new(vb.pp("text_model"), &config))?)
}

/// `words` is the folder of the tokenizer.
fn t5(folder: &Path, words: &Path, length: usize) -> Result<(), PipelineError> {
    let config: T5Config = read_json(&folder.join("config.json"))?;
    let (expected, got) = (config.vocab_size, TextTokenizer::read_t5(words, config.pad_token_id, length)?.vocabulary());
    if got > expected {
        return Err(TextError::Vocabulary { path: words.to_owned(), expected, got }.into());
    }
    Ok(check(folder, T5Encoder::NAMING, |vb| T5Encoder::new(vb, &config))?)
}

/// Read whole: it is the one network that is never large, and its reader alone knows the names in older files.
fn autoencoder(folder: &Path) -> Result<(), PipelineError> {
    Ok(load_autoencoder(folder, &Device::Cpu).map(drop)?)
}

fn pipeline(folder: &Path) -> Result<(), PipelineError> {
    /// Tokens of PixArt-α's texts.
    const T5_LENGTH: usize = 120;
    Diffusers::check(folder)?;
    let (family, _) = Diffusers::describe(folder)?;
    let mut projections = 0;
    for (part, _) in Diffusers::networks(folder)? {
        if !part.starts_with("text_encoder") {
            continue;
        }
        if family == Family::PixArt {
            t5(&folder.join(part), &folder.join("tokenizer"), T5_LENGTH)?;
        } else {
            projections += usize::from(tower(folder, part)?);
        }
    }
    if family == Family::StableDiffusionXl && projections != 1 {
        let what = "exactly one of text_encoder and text_encoder_2 must have a projection".to_owned();
        return Err(PipelineError::Unsupported { path: folder.to_owned(), what });
    }
    autoencoder(&folder.join("vae"))
}

/// A CLIP's text tower alone, in a folder of its own beside its tokenizer's; returns whether it has a projection.
fn tower(folder: &Path, part: &str) -> Result<bool, PipelineError> {
    #[derive(serde::Deserialize)]
    struct Described {
        #[serde(default)]
        architectures: Vec<String>,
        #[serde(default)]
        projection_dim: usize,
    }
    let at = folder.join(part);
    let path = at.join("config.json");
    let (config, described) = (ClipTextConfig::read(&path)?, read_json::<Described>(&path)?);
    read_tokenizer(&folder.join(part.replace("text_encoder", "tokenizer")), &config)?;
    let projects = described.architectures.iter().any(|name| name == "CLIPTextModelWithProjection");
    // Since version 5 transformers leaves the tower's name away where there is no projection beside it.
    let named = Foreign::open(&at)?.names().iter().any(|name| name.starts_with("text_model."));
    let ignore = &["text_model.embeddings.position_ids", "embeddings.position_ids"];
    check(&at, Naming { ignore, ..Naming::default() }, |vb| {
        let tower = if named { vb.pp("text_model") } else { vb.clone() };
        ClipTextModel::new(tower, &config)?;
        if projects {
            vb.pp("text_projection").get((described.projection_dim, config.hidden_size), "weight")?;
        }
        Ok(())
    })?;
    Ok(projects)
}
