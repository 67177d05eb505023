//! What the networks are told of a prompt.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;

use super::layout::{Family, Index};
use crate::checkpoint::{self, Foreign, Naming, load, read_json};
use crate::gentron::mask_to_bias;
use crate::pipeline::embeddings::{Embed, Store, unpadded};
use crate::pipeline::{EmbeddingCache, PipelineError, Preparing, WeightType};
use crate::text::clip::{ClipText, ClipTextConfig, ClipTextModel, read_tokenizer};
use crate::text::parameter::Linear;
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

/// The texts of a pipeline, by encoder. The encoders are gone.
pub(super) struct Texts {
    family: Family,
    /// Whether XL's null text is zeros instead of what the encoders say of it.
    zeros: bool,
    /// Of XL the encoder whose vector the network is told.
    pooled: usize,
    encoded: Vec<Encoded>,
    /// What the network computes in, and where.
    kind: (DType, Device),
}

/// What one encoder says: of each text the states of its tokens (N,W), and a vector (P).
enum Encoded {
    /// In memory.
    Held(BTreeMap<String, [Tensor; 2]>),
    /// On disk.
    Kept(Store),
}

impl Texts {
    /// Encodes `texts`, each by itself, with one encoder of `folder` in memory at a time; with `kept`, what that cache has under the
    /// pipeline's name is not encoded again.
    pub(super) fn encode(
        folder: &Path,
        (index, family): (&Index, Family),
        texts: &[&str],
        (weights, device): (WeightType, &Device),
        kept: Option<(&EmbeddingCache, &str)>,
        preparing: Preparing<'_>,
    ) -> std::result::Result<Self, PipelineError> {
        let xl = family == Family::StableDiffusionXl;
        let pooled = if xl { projecting(folder, family)? } else { 0 };
        let mut encoded = Vec::new();
        for part in family.encoders() {
            let load = || Encoder::load(folder, family, part, (weights.dtype(), device));
            let Some((cache, pipeline)) = kept else {
                encoded.push(Encoded::Held(hold(texts, part, &load()?, preparing)?));
                continue;
            };
            let name = format!("{pipeline}/{part}");
            let mut tell = |done: usize, all: usize| preparing(part, done, all);
            let name = (name.as_str(), reading(family));
            encoded.push(Encoded::Kept(Store::of(cache, name, texts, (weights, device), load, &mut tell)?));
        }
        // On the CPU activations are f32, whatever the matrices are.
        let dtype = if device.is_cpu() { DType::F32 } else { weights.dtype() };
        let zeros = xl && index.force_zeros_for_empty_prompt;
        Ok(Self { family, zeros, pooled, encoded, kind: (dtype, device.clone()) })
    }

    /// What the network is told of a text.
    pub(super) fn told(&self, text: &str) -> std::result::Result<Told, PipelineError> {
        let (dtype, device) = &self.kind;
        let row = |x: &Tensor| x.to_device(device)?.to_dtype(*dtype)?.unsqueeze(0);
        let (mut states, mut pooled) = (Vec::new(), Vec::new());
        for encoded in &self.encoded {
            let [tokens, vector] = encoded.of(text)?;
            states.push(row(&tokens)?); // (1,N,W)
            pooled.push(row(&vector)?); // (1,P)
        }
        let states = Tensor::cat(&states, 2)?; // (1,N,W of all)
        let pooled = pooled.swap_remove(self.pooled);
        Ok(match self.family {
            Family::StableDiffusion => Told { states, pooled: None, bias: None },
            Family::StableDiffusionXl if self.zeros && text.is_empty() => {
                Told { states: states.zeros_like()?, pooled: Some(pooled.zeros_like()?), bias: None }
            }
            Family::StableDiffusionXl => Told { states, pooled: Some(pooled), bias: None },
            Family::PixArt => {
                let real = states.dim(1)?;
                let mask: Vec<u8> = (0..T5_LENGTH).map(|i| u8::from(i < real)).collect();
                let bias = mask_to_bias(&Tensor::from_vec(mask, (1, T5_LENGTH), device)?)?;
                let states = states.pad_with_zeros(1, 0, T5_LENGTH.saturating_sub(real))?;
                Told { states, pooled: None, bias: Some(bias) }
            }
        })
    }

    /// Embeddings that were damaged, and whose texts have been encoded anew.
    pub(super) fn renewed(&self) -> Vec<&Path> {
        let mut all = Vec::new();
        for encoded in &self.encoded {
            if let Encoded::Kept(store) = encoded {
                all.extend(store.renewed().iter().map(PathBuf::as_path));
            }
        }
        all
    }
}

impl Encoded {
    fn of(&self, text: &str) -> std::result::Result<[Tensor; 2], PipelineError> {
        match self {
            Self::Held(texts) => texts.get(text).cloned().ok_or_else(|| PipelineError::NotPrepared(text.to_owned())),
            Self::Kept(store) => store.read(text),
        }
    }
}

/// Each of `texts` through an encoder, until `preparing` says stop.
fn hold(
    texts: &[&str],
    name: &str,
    encoder: &Encoder,
    preparing: Preparing<'_>,
) -> std::result::Result<BTreeMap<String, [Tensor; 2]>, PipelineError> {
    let mut held = BTreeMap::new();
    for text in texts {
        if !preparing(name, held.len(), texts.len()) {
            return Err(PipelineError::Stopped);
        }
        let [tokens, pooled] = encoder.embed(text)?;
        // A view would hold the pads, too: of T5-XXL's texts they are most of 2 MB.
        held.insert((*text).to_owned(), [tokens.force_contiguous()?, pooled]);
    }
    Ok(held)
}

/// What a family asks its encoders for: embeddings of one are none of the other.
fn reading(family: Family) -> &'static str {
    match family {
        Family::StableDiffusion => "clip, last states",
        Family::StableDiffusionXl => "clip, penultimate states, projected",
        Family::PixArt => "t5, lower case, at most 120",
    }
}

/// An encoder of a pipeline, with what its family reads of it.
enum Encoder {
    /// All states of the last layer.
    Last(Clip),
    /// All states before the last layer, and the vector, projected where it projects.
    Penultimate(Clip),
    /// The states of what is no pad.
    T5(T5TextEncoder),
}

impl Encoder {
    fn load(
        folder: &Path,
        family: Family,
        part: &str,
        kind: (DType, &Device),
    ) -> std::result::Result<Self, PipelineError> {
        let tokenizer = folder.join(part.replace("text_encoder", "tokenizer"));
        let at = folder.join(part);
        Ok(match family {
            Family::StableDiffusion => Self::Last(Clip::load(&at, &tokenizer, kind)?),
            Family::StableDiffusionXl => Self::Penultimate(Clip::load(&at, &tokenizer, kind)?),
            Family::PixArt => Self::T5(T5TextEncoder::load_beside((&at, &tokenizer), "t5", T5_LENGTH, kind)?),
        })
    }
}

impl Embed for Encoder {
    fn embed(&self, text: &str) -> std::result::Result<[Tensor; 2], PipelineError> {
        match self {
            Self::Last(clip) => {
                let read = clip.read(text)?;
                Ok([read.tokens.squeeze(0)?, read.pooled.squeeze(0)?])
            }
            Self::Penultimate(clip) => {
                let read = clip.read(text)?;
                let pooled = match &clip.projection {
                    Some(projection) => projection.forward(&read.pooled)?,
                    None => read.pooled,
                };
                Ok([read.penultimate.squeeze(0)?, pooled.squeeze(0)?])
            }
            // As diffusers does before it cleans captions of what a web page leaves in them, which prompts have not.
            Self::T5(t5) => unpadded(&t5.encode(&[text.to_lowercase().trim()])?),
        }
    }
}

/// What else than sizes an encoder's configuration says.
#[derive(serde::Deserialize)]
struct Described {
    #[serde(default)]
    architectures: Vec<String>,
    #[serde(default)]
    projection_dim: usize,
}

impl Described {
    fn projects(&self) -> bool {
        self.architectures.iter().any(|name| name == "CLIPTextModelWithProjection")
    }
}

/// Which encoder of XL projects its vector: it is the one that the network is told.
fn projecting(folder: &Path, family: Family) -> std::result::Result<usize, PipelineError> {
    let mut found = Vec::new();
    for (i, part) in family.encoders().iter().enumerate() {
        if read_json::<Described>(&folder.join(part).join("config.json"))?.projects() {
            found.push(i);
        }
    }
    match found.as_slice() {
        [one] => Ok(*one),
        _ => {
            let what = "exactly one of text_encoder and text_encoder_2 must have a projection".to_owned();
            Err(PipelineError::Unsupported { path: folder.to_owned(), what })
        }
    }
}

/// Holds the headers of a pipeline's text encoders against their configurations, and reads the tokenizers.
pub(super) fn check(folder: &Path, family: Family) -> std::result::Result<(), PipelineError> {
    if family == Family::StableDiffusionXl {
        projecting(folder, family)?;
    }
    for part in family.encoders() {
        let (at, tokenizer) = (folder.join(part), folder.join(part.replace("text_encoder", "tokenizer")));
        if family == Family::PixArt {
            T5TextEncoder::check((&at, &tokenizer), T5_LENGTH)?;
        } else {
            let tower = Tower::read(&at)?;
            read_tokenizer(&tokenizer, &tower.config)?;
            checkpoint::check(&at, Tower::naming(), |vb| tower.build(&vb))?;
        }
    }
    Ok(())
}

/// What a CLIP's text tower is, in a folder of diffusers.
struct Tower {
    config: ClipTextConfig,
    described: Described,
    /// Whether its tensors are called by its name: since version 5 transformers leaves it away where there is no projection beside it.
    named: bool,
}

impl Tower {
    fn read(at: &Path) -> std::result::Result<Self, PipelineError> {
        let path = at.join("config.json");
        let named = Foreign::open(at)?.names().iter().any(|name| name.starts_with("text_model."));
        Ok(Self { config: ClipTextConfig::read(&path)?, described: read_json(&path)?, named })
    }

    fn naming() -> Naming<'static> {
        Naming { ignore: &["text_model.embeddings.position_ids", "embeddings.position_ids"], ..Naming::default() }
    }

    fn build(&self, vb: &VarBuilder) -> Result<(ClipTextModel, Option<Linear>)> {
        let tower = if self.named { vb.pp("text_model") } else { vb.clone() };
        let model = ClipTextModel::new(tower, &self.config)?;
        let (width, out) = (self.config.hidden_size, self.described.projection_dim);
        let projection = || Linear::without_bias(vb.pp("text_projection"), width, out, 0.02);
        Ok((model, self.described.projects().then(projection).transpose()?))
    }
}

/// A CLIP's text tower with its tokenizer, in the two folders that diffusers gives them.
struct Clip {
    model: ClipTextModel,
    projection: Option<Linear>,
    tokenizer: TextTokenizer,
    device: Device,
}

impl Clip {
    fn load(at: &Path, tokenizer: &Path, kind: (DType, &Device)) -> std::result::Result<Self, PipelineError> {
        let tower = Tower::read(at)?;
        let tokenizer = read_tokenizer(tokenizer, &tower.config)?;
        let (model, projection) = load(at, Tower::naming(), kind, |vb| tower.build(&vb))?;
        Ok(Self { model, projection, tokenizer, device: kind.1.clone() })
    }

    fn read(&self, text: &str) -> std::result::Result<ClipText, PipelineError> {
        Ok(self.model.forward(&self.tokenizer.encode(&[text])?.ids(&self.device)?)?)
    }
}
