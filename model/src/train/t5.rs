//! T5: span corruption (Raffel et al. 2020, section 3.1.4) on captions and documents.

use super::autoencoder::{EVALUATION_INDEX, write_json};
use super::engine::{Loss, Objective};
use super::{Source, TrainError, purpose};
use crate::noise::Stream;
use crate::text::t5::{T5Config, T5Model};
use crate::text::{TextTokenizer, word_level_t5};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use std::collections::BTreeMap;
use std::path::Path;

/// Trains a [`T5Model`] to restore what was cut out of a text; its encoder is what is wanted.
///
/// Every second text is a document, which mentions an object more than once: there, a missing colour can be restored by knowing
/// which object it belongs to, so that token states come to carry their object's attributes.
pub struct T5Objective<'a> {
    config: T5Config,
    tokenizer: TextTokenizer,
    sentinels: Vec<u32>,
    clips: bool,
    source: &'a dyn Source,
    seed: u64,
    micro_batch: usize,
    micro_batches: usize,
    device: Device,
}

/// Share of tokens that is cut out, and the mean length of a cut.
const CORRUPTED: f64 = 0.2;
const MEAN_SPAN: f64 = 1.5;

/// A corrupted text and what was cut out of it.
struct Corrupted {
    input: Vec<u32>,
    label: Vec<u32>,
}

impl<'a> T5Objective<'a> {
    /// Makes the tokenizer from the source's vocabulary and fits the configuration to it. Texts have at most `limit` tokens. With
    /// `clips`, every fourth text is a clip's caption.
    ///
    /// # Errors
    /// Where the vocabulary makes no tokenizer.
    pub fn new(
        mut config: T5Config,
        (limit, clips): (usize, bool),
        source: &'a dyn Source,
        seed: u64,
        (micro_batch, micro_batches): (usize, usize),
        device: Device,
    ) -> Result<Self, TrainError> {
        let more = if clips { source.clip_vocabulary() } else { Vec::new() };
        let tokenizer = word_level_t5(&[source.vocabulary(), more].concat(), limit)?;
        config.vocab_size = tokenizer.vocabulary();
        config.pad_token_id = tokenizer.pad_id();
        config.eos_token_id = tokenizer.id("</s>").unwrap_or(config.eos_token_id);
        let sentinels = (0..).map_while(|i| tokenizer.id(&format!("<extra_id_{i}>"))).collect();
        Ok(Self { config, tokenizer, sentinels, clips, source, seed, micro_batch, micro_batches, device })
    }

    /// Cuts spans out of `ids` (which end with the end token); each leaves a sentinel, which announces it in the label.
    fn corrupt(&self, ids: &[u32], stream: Stream) -> Corrupted {
        let (body, end) = ids.split_at(ids.len().saturating_sub(1));
        let wanted = ((body.len() as f64 * CORRUPTED).round() as usize).clamp(1, body.len().max(1));
        let mut cut = vec![false; body.len()];
        let mut draw = 0;
        while !body.is_empty() && cut.iter().filter(|cut| **cut).count() < wanted {
            let [u, v] = stream.uniforms(draw);
            draw += 1;
            let start = (u * body.len() as f64) as usize;
            // Geometric lengths of the given mean.
            let length = 1 + ((1.0 - v).ln() / (1.0 - 1.0 / MEAN_SPAN).ln()) as usize;
            cut[start..(start + length).min(body.len())].fill(true);
        }
        let mut corrupted = Corrupted { input: Vec::new(), label: Vec::new() };
        let mut spans = 0;
        for (i, &id) in body.iter().enumerate() {
            if !cut[i] {
                corrupted.input.push(id);
                continue;
            }
            if i == 0 || !cut[i - 1] {
                let sentinel = self.sentinels[spans.min(self.sentinels.len() - 1)];
                corrupted.input.push(sentinel);
                corrupted.label.push(sentinel);
                spans += 1;
            }
            corrupted.label.push(id);
        }
        corrupted.input.extend(end);
        corrupted.label.extend(end);
        corrupted
    }

    fn batch(&self, first: u64, n: usize) -> Result<[Tensor; 3], TrainError> {
        let clip = |index: u64| (self.clips && index % 4 == 3).then(|| self.source.clip(self.seed, index)).flatten();
        let text = |index: u64| match (clip(index), index % 2) {
            (Some(clip), _) => clip.caption,
            (None, 0) => self.source.document(self.seed, index),
            (None, _) => self.source.example(self.seed, index).caption,
        };
        let texts: Vec<String> = (first..first + n as u64).map(text).collect();
        let tokens = self.tokenizer.encode(&texts.iter().map(String::as_str).collect::<Vec<_>>())?;
        let corrupted: Vec<Corrupted> = (first..)
            .zip(tokens.rows.iter().zip(&tokens.lengths))
            .map(|(i, (row, &n))| self.corrupt(&row[..n], Stream::new(self.seed, "spans", i, purpose::CORRUPTION)))
            .collect();
        let pad = |rows: Vec<&Vec<u32>>| {
            let length = rows.iter().map(|row| row.len()).max().unwrap_or(0);
            let padded = |row: &Vec<u32>| {
                let mut row = row.clone();
                row.resize(length, self.config.pad_token_id);
                row
            };
            Tensor::from_vec(rows.into_iter().flat_map(padded).collect::<Vec<u32>>(), (n, length), &self.device)
        };
        let ids = pad(corrupted.iter().map(|c| &c.input).collect())?;
        let labels = pad(corrupted.iter().map(|c| &c.label).collect())?;
        let mask = ids.ne(self.config.pad_token_id)?;
        Ok([ids, mask, labels])
    }
}

impl Objective for T5Objective<'_> {
    type Network = T5Model;

    fn describe(&self) -> String {
        format!("T5 encoder, gated GELU, {} x {}", self.config.num_layers, self.config.d_model)
    }

    fn identity(&self) -> serde_json::Value {
        let mut identity =
            serde_json::json!({ "network": "t5", "config": self.config, "limit": self.tokenizer.limit() });
        if self.clips {
            identity["clips"] = true.into();
        }
        identity
    }

    fn build(&self, vb: VarBuilder) -> Result<T5Model, TrainError> {
        Ok(T5Model::new(vb, &self.config)?)
    }

    fn loss(&self, network: &T5Model, step: u64, micro: usize) -> Result<Loss, TrainError> {
        let first = (step * self.micro_batches as u64 + micro as u64) * self.micro_batch as u64;
        let [ids, mask, labels] = self.batch(first, self.micro_batch)?;
        Ok(Loss { total: network.loss(&ids, Some(&mask), &labels)? })
    }

    /// Cross entropy in nats a token over 512 held-out texts.
    fn evaluate(&self, network: &T5Model, _: &Path) -> Result<BTreeMap<String, f64>, TrainError> {
        let mut total = 0.0;
        for i in 0..8 {
            let [ids, mask, labels] = self.batch(EVALUATION_INDEX + 64 * i, 64)?;
            let loss = network.loss(&ids, Some(&mask), &labels)?;
            total += f64::from(loss.to_dtype(DType::F32)?.to_scalar::<f32>()?) / 8.0;
        }
        Ok(BTreeMap::from([("cross_entropy".to_owned(), total)]))
    }

    fn rows(&self, initial: &Path) -> Result<Vec<Option<usize>>, TrainError> {
        Ok(self.tokenizer.rows_of(&initial.join("tokenizer.json"))?)
    }

    fn export(&self, _: &T5Model, folder: &Path) -> Result<(), TrainError> {
        self.tokenizer.save(&folder.join("tokenizer.json"))?;
        write_json(&folder.join("config.json"), &self.config)
    }
}
