//! What the networks are told of a prompt.

use std::path::Path;

use candle_core::{DType, Device, Result, Tensor};

use super::layout::{Family, Index};
use crate::checkpoint::{Foreign, Naming, load, read_json};
use crate::gentron::mask_to_bias;
use crate::pipeline::{PipelineError, Preparing};
use crate::text::clip::{ClipText, ClipTextConfig, ClipTextModel, read_tokenizer};
use crate::text::parameter::Linear;
use crate::text::t5::{T5Config, T5Encoder};
use crate::text::{T5TextEncoder, TextEncoder as _, TextTokenizer};

/// Tokens of PixArt-α's texts.
pub(super) const T5_LENGTH: usize = 120;

/// A prompt as a network reads it.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// (1,L,W).
    pub(super) states: Tensor,
    /// XL: the projected end token, (1,P).
    pub(super) pooled: Option<Tensor>,
    /// PixArt: hides pads, (1,1,1,L).
    pub(super) bias: Option<Tensor>,
}

impl Told {
    /// One below the other.
    pub(super) fn stack(rows: &[&Self]) -> Result<Self> {
        let all = |part: &dyn Fn(&Self) -> Option<&Tensor>| -> Result<Option<Tensor>> {
            let parts: Option<Vec<&Tensor>> = rows.iter().map(|row| part(row)).collect();
            parts.map(|parts| Tensor::cat(&parts, 0)).transpose()
        };
        let states: Vec<&Tensor> = rows.iter().map(|row| &row.states).collect();
        Ok(Self {
            states: Tensor::cat(&states, 0)?,
            pooled: all(&|row| row.pooled.as_ref())?,
            bias: all(&|row| row.bias.as_ref())?,
        })
    }
}

/// Encodes `texts`, each by itself; the first is the null text. The encoders are gone when it returns.
pub(super) fn encode(
    folder: &Path,
    (index, family): (&Index, Family),
    texts: &[&str],
    kind: (DType, &Device),
    encoded: Preparing<'_>,
) -> std::result::Result<Vec<Told>, PipelineError> {
    match family {
        Family::StableDiffusion => {
            let clip = Clip::load(folder, "", kind)?;
            let read = |text: &str| Ok(Told { states: clip.read(text)?.tokens, pooled: None, bias: None });
            each(texts, "text_encoder", encoded, read)
        }
        Family::StableDiffusionXl => xl(folder, index, texts, kind, encoded),
        Family::PixArt => {
            let at = folder.join("text_encoder");
            let config: T5Config = read_json(&at.join("config.json"))?;
            let tokenizer = TextTokenizer::read_t5(&folder.join("tokenizer"), config.pad_token_id, T5_LENGTH)?;
            let model = load(&at, T5Encoder::NAMING, kind, |vb| T5Encoder::new(vb, &config))?;
            let encoder = T5TextEncoder::new("t5", model, tokenizer, kind.1);
            let read = |text: &str| {
                // As diffusers does before it cleans captions of what a web page leaves in them, which prompts have not.
                let encoding = encoder.encode(&[text.to_lowercase().trim()])?;
                let bias = Some(mask_to_bias(&encoding.mask)?);
                Ok(Told { states: encoding.tokens, pooled: None, bias })
            };
            each(texts, "text_encoder", encoded, read)
        }
    }
}

/// `read` of each text in turn, until `encoded` says stop.
fn each<T>(
    texts: &[&str],
    encoder: &str,
    encoded: Preparing<'_>,
    mut read: impl FnMut(&str) -> std::result::Result<T, PipelineError>,
) -> std::result::Result<Vec<T>, PipelineError> {
    let mut all = Vec::with_capacity(texts.len());
    for text in texts {
        if !encoded(encoder, all.len(), texts.len()) {
            return Err(PipelineError::Stopped);
        }
        all.push(read(text)?);
    }
    Ok(all)
}

/// One encoder after the other: the larger one alone is 1.4 GB.
fn xl(
    folder: &Path,
    index: &Index,
    texts: &[&str],
    kind: (DType, &Device),
    encoded: Preparing<'_>,
) -> std::result::Result<Vec<Told>, PipelineError> {
    let mut states: Vec<Vec<Tensor>> = vec![Vec::new(); texts.len()];
    let mut pooled = Vec::new();
    for part in ["", "_2"] {
        let clip = Clip::load(folder, part, kind)?;
        let read = each(texts, &format!("text_encoder{part}"), encoded, |text| clip.read(text))?;
        for (read, states) in read.into_iter().zip(&mut states) {
            states.push(read.penultimate);
            if let Some(projection) = &clip.projection {
                pooled.push(projection.forward(&read.pooled)?);
            }
        }
    }
    if pooled.len() != texts.len() {
        let what = "exactly one of text_encoder and text_encoder_2 must have a projection".to_owned();
        return Err(PipelineError::Unsupported { path: folder.to_owned(), what });
    }
    let mut told = Vec::with_capacity(texts.len());
    for ((states, pooled), text) in states.iter().zip(pooled).zip(texts) {
        let (mut states, mut pooled) = (Tensor::cat(states, 2)?, pooled);
        if text.is_empty() && index.force_zeros_for_empty_prompt {
            (states, pooled) = (states.zeros_like()?, pooled.zeros_like()?);
        }
        told.push(Told { states, pooled: Some(pooled), bias: None });
    }
    Ok(told)
}

/// A CLIP's text tower with its tokenizer, in the two folders that diffusers gives them.
struct Clip {
    model: ClipTextModel,
    projection: Option<Linear>,
    tokenizer: TextTokenizer,
    device: Device,
}

impl Clip {
    fn load(folder: &Path, part: &str, kind: (DType, &Device)) -> std::result::Result<Self, PipelineError> {
        #[derive(serde::Deserialize)]
        struct Described {
            #[serde(default)]
            architectures: Vec<String>,
            #[serde(default)]
            projection_dim: usize,
        }
        let at = folder.join(format!("text_encoder{part}"));
        let path = at.join("config.json");
        let (config, described) = (ClipTextConfig::read(&path)?, read_json::<Described>(&path)?);
        let tokenizer = read_tokenizer(&folder.join(format!("tokenizer{part}")), &config)?;
        let projects = described.architectures.iter().any(|name| name == "CLIPTextModelWithProjection");
        let (width, out) = (config.hidden_size, described.projection_dim);
        // Since version 5 transformers leaves the tower's name away where there is no projection beside it.
        let named = Foreign::open(&at)?.names().iter().any(|name| name.starts_with("text_model."));
        let ignore = &["text_model.embeddings.position_ids", "embeddings.position_ids"];
        let naming = Naming { ignore, ..Naming::default() };
        let (model, projection) = load(&at, naming, kind, |vb| {
            let tower = if named { vb.pp("text_model") } else { vb.clone() };
            let model = ClipTextModel::new(tower, &config)?;
            let projection = || Linear::without_bias(vb.pp("text_projection"), width, out, 0.02);
            Ok((model, projects.then(projection).transpose()?))
        })?;
        Ok(Self { model, projection, tokenizer, device: kind.1.clone() })
    }

    fn read(&self, text: &str) -> std::result::Result<ClipText, PipelineError> {
        Ok(self.model.forward(&self.tokenizer.encode(&[text])?.ids(&self.device)?)?)
    }
}
