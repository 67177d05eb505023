//! Whether networks have the tensors that their configurations ask for, from the headers of their files: before hours go into what comes
//! first.

use std::path::Path;

use gentron_model::autoencoder::AutoencoderKl;
use gentron_model::checkpoint::{CheckpointError, read_json};
use gentron_model::pipeline::{Diffusers, EncoderKind, EncoderSpec, PipelineError, check_backbone, check_encoder};
use gentron_model::text::clip::ClipTextConfig;
use gentron_model::text::t5::T5Config;

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
    let encoder = |kind, length| {
        let spec = EncoderSpec { name: name.to_owned(), kind, folder: folder.clone(), length };
        check_encoder(&spec).map_err(PipelineError::from)
    };
    let fits = match kind {
        Kind::Backbone => check_backbone(&folder),
        Kind::Clip => encoder(EncoderKind::Clip, None),
        Kind::T5 { length } => encoder(EncoderKind::T5, Some(length)),
        Kind::Autoencoder => AutoencoderKl::check(&folder).map_err(Into::into),
        Kind::Pipeline => Diffusers::check(&folder),
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
