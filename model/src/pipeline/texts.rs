//! What the backbone reads of the prompts: computed for all of them beforehand, or from embeddings on disk when one is drawn.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::Device;

use super::embeddings::{EmbeddingCache, Embeddings};
use super::load::{EncoderSpec, PipelineSpec, load_encoder};
use super::{PipelineError, Preparing};
use crate::gentron::{GenTron, GenTronConfig, TextContext, TextInput};
use crate::text::Encoding;

/// Texts encoded at a time, where all are.
const TEXTS: usize = 32;

/// Texts, encoded. The encoders are gone.
pub(super) enum Encoded<'a> {
    /// In memory, by chunks of texts: an input an encoder.
    Held(Vec<(&'a [&'a str], Vec<TextInput>)>),
    /// On disk, by encoder.
    Kept(Vec<Embeddings>),
}

/// Encodes `texts`, of which the first is the null text, with each encoder that the backbone names, one encoder in memory at a time.
pub(super) fn encode<'a>(
    spec: &PipelineSpec,
    config: &GenTronConfig,
    texts: &'a [&'a str],
    device: &Device,
    preparing: Preparing,
) -> Result<Encoded<'a>, PipelineError> {
    match &spec.embeddings {
        Some(cache) => keep(spec, config, texts, device, cache, preparing).map(Encoded::Kept),
        None => hold(spec, config, texts, device).map(Encoded::Held),
    }
}

fn keep(
    spec: &PipelineSpec,
    config: &GenTronConfig,
    texts: &[&str],
    device: &Device,
    cache: &EmbeddingCache,
    preparing: Preparing,
) -> Result<Vec<Embeddings>, PipelineError> {
    let of = |source: &crate::gentron::TextSource| {
        let encoder = encoder(spec, &source.name)?;
        let mut report = |done: usize, total: usize| preparing(&source.name, done, total);
        Embeddings::of(cache, encoder, source, texts, (spec.weights, device), &mut report)
    };
    config.text.iter().map(of).collect()
}

/// Texts that were encoded together, and what each encoder made of them.
type EncodedChunk<'a> = (&'a [&'a str], Vec<TextInput>);

fn hold<'a>(
    spec: &PipelineSpec,
    config: &GenTronConfig,
    texts: &'a [&'a str],
    device: &Device,
) -> Result<Vec<EncodedChunk<'a>>, PipelineError> {
    let chunks = std::iter::once(&texts[..1]).chain(texts[1..].chunks(TEXTS));
    let mut held: Vec<EncodedChunk> = chunks.map(|chunk| (chunk, Vec::new())).collect();
    for source in &config.text {
        let encoder = load_encoder(encoder(spec, &source.name)?, spec.weights, device)?;
        for (expected, got) in [(source.width, encoder.width()), (source.pooled_width, encoder.pooled_width())] {
            if expected != got {
                let (folder, name) = (spec.backbone.clone(), source.name.clone());
                return Err(PipelineError::EncoderWidth { folder, name, expected, got });
            }
        }
        for (chunk, inputs) in &mut held {
            let Encoding { tokens, mask, pooled, .. } = encoder.encode(chunk)?;
            inputs.push(TextInput { tokens, mask, pooled });
        }
    }
    Ok(held)
}

fn encoder<'a>(spec: &'a PipelineSpec, name: &str) -> Result<&'a EncoderSpec, PipelineError> {
    spec.encoders.iter().find(|encoder| encoder.name == name).ok_or_else(|| PipelineError::UnknownEncoder {
        folder: spec.backbone.clone(),
        wanted: name.to_owned(),
        given: spec.encoders.iter().map(|encoder| encoder.name.clone()).collect(),
    })
}

/// The prompts of a pipeline, under its backbone.
pub(super) enum Texts {
    /// Keys and values of every prompt: fastest where they are small.
    Ready(BTreeMap<String, TextContext>),
    /// A prompt's keys and values are computed when it is drawn. At full size they are 25 to 63 MB a prompt, and a thousandth of
    /// what its denoising costs.
    Kept(Vec<Embeddings>),
}

impl Texts {
    pub(super) fn of(encoded: Encoded, backbone: &GenTron) -> Result<Self, PipelineError> {
        let held = match encoded {
            Encoded::Kept(embeddings) => return Ok(Self::Kept(embeddings)),
            Encoded::Held(held) => held,
        };
        let mut contexts = BTreeMap::new();
        for (chunk, inputs) in &held {
            let context = backbone.condition(inputs)?;
            for (i, text) in chunk.iter().enumerate() {
                contexts.insert((*text).to_owned(), context.row(i)?);
            }
        }
        Ok(Self::Ready(contexts))
    }

    /// Embeddings that were damaged, and whose texts have been encoded anew.
    pub(super) fn renewed(&self) -> Vec<&Path> {
        match self {
            Self::Ready(_) => Vec::new(),
            Self::Kept(embeddings) => embeddings.iter().flat_map(Embeddings::renewed).map(PathBuf::as_path).collect(),
        }
    }

    /// What the backbone reads of a prompt, a batch of one.
    pub(super) fn context(
        &self,
        prompt: &str,
        backbone: &GenTron,
        device: &Device,
    ) -> Result<Cow<'_, TextContext>, PipelineError> {
        match self {
            Self::Ready(contexts) => {
                let context = contexts.get(prompt);
                Ok(Cow::Borrowed(context.ok_or_else(|| PipelineError::NotPrepared(prompt.to_owned()))?))
            }
            Self::Kept(embeddings) => {
                let inputs = embeddings.iter().map(|of| of.read(prompt, device)).collect::<Result<Vec<_>, _>>()?;
                Ok(Cow::Owned(backbone.condition(&inputs)?))
            }
        }
    }
}
