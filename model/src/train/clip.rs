//! CLIP: picture and caption find each other among a batch.

use super::autoencoder::{EVALUATION_INDEX, write_json};
use super::engine::{Loss, Objective};
use super::{Example, Source, TrainError};
use crate::text::clip::{ClipConfig, ClipModel, pixels};
use crate::text::{TextTokenizer, word_level_clip};
use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use std::collections::BTreeMap;
use std::path::Path;

/// Trains a [`ClipModel`], both towers, contrastively within each micro-batch.
pub struct ClipObjective<'a> {
    config: ClipConfig,
    tokenizer: TextTokenizer,
    texts: ClipTexts,
    source: &'a dyn Source,
    seed: u64,
    micro_batch: usize,
    micro_batches: usize,
    device: Device,
}

/// What a CLIP reads beside the captions of its pictures.
#[derive(Clone, Copy)]
pub struct ClipTexts {
    /// Every eighth pair is a clip's middle frame and the clip's caption.
    pub clips: bool,
    /// Each picture is to tell its caption from one that is false of it, too ([`Source::hard_negative`]).
    pub hard_negatives: bool,
}

impl<'a> ClipObjective<'a> {
    /// Makes the tokenizer from the source's vocabulary and fits the configuration to it.
    ///
    /// # Errors
    /// Where the vocabulary makes no tokenizer.
    pub fn new(
        (mut config, texts): (ClipConfig, ClipTexts),
        source: &'a dyn Source,
        seed: u64,
        (micro_batch, micro_batches): (usize, usize),
        device: Device,
    ) -> Result<Self, TrainError> {
        let more = if texts.clips { source.clip_vocabulary() } else { Vec::new() };
        let words = [source.vocabulary(), more].concat();
        let tokenizer = word_level_clip(&words, config.text_config.max_position_embeddings)?;
        let id = |token: &str| tokenizer.id(token).unwrap_or_default();
        config.text_config.vocab_size = tokenizer.vocabulary();
        config.text_config.bos_token_id = id("<|startoftext|>");
        config.text_config.eos_token_id = id("<|endoftext|>");
        Ok(Self { config, tokenizer, texts, source, seed, micro_batch, micro_batches, device })
    }

    /// The pair of `index`, and a caption that is false of its image where these are wanted and there is one.
    fn pair(&self, index: u64) -> (Example, Option<String>) {
        let clip = (self.texts.clips && index % 8 == 7).then(|| self.source.clip(self.seed, index)).flatten();
        if let Some(mut clip) = clip {
            let image = clip.frames.swap_remove(clip.frames.len() / 2);
            return (Example { image, caption: clip.caption }, None);
        }
        let lie = self.texts.hard_negatives.then(|| self.source.hard_negative(self.seed, index)).flatten();
        (self.source.example(self.seed, index), lie)
    }

    /// `n` pairs from `first` on, embedded: (n,P) of the images, (n,P) or, with the false captions, (n+m,P) of the texts.
    fn embed(&self, network: &ClipModel, pairs: &[(Example, Option<String>)]) -> Result<(Tensor, Tensor), TrainError> {
        let images: Vec<_> = pairs.iter().map(|(example, _)| &example.image).collect();
        let captions = pairs.iter().map(|(example, _)| &example.caption);
        let texts: Vec<&str> =
            captions.chain(pairs.iter().filter_map(|(_, lie)| lie.as_ref())).map(String::as_str).collect();
        let ids = self.tokenizer.encode(&texts)?.ids(&self.device)?;
        let size = self.config.vision_config.image_size;
        let image = network.embed_image(&pixels(&images, size, &self.device)?)?;
        Ok((image, network.embed_text(&ids)?))
    }
}

/// Captions among which the right one is to be found.
const CHOICES: usize = 64;

impl Objective for ClipObjective<'_> {
    type Network = ClipModel;

    fn describe(&self) -> String {
        let (text, vision) = (&self.config.text_config, &self.config.vision_config);
        format!(
            "CLIP, text {} x {}, image {} x {} at {} px",
            text.num_hidden_layers, text.hidden_size, vision.num_hidden_layers, vision.hidden_size, vision.image_size
        )
    }

    fn identity(&self) -> serde_json::Value {
        let mut identity = serde_json::json!({ "network": "clip", "config": self.config });
        if self.texts.clips {
            identity["clips"] = true.into();
        }
        if self.texts.hard_negatives {
            identity["hard_negatives"] = true.into();
        }
        identity
    }

    fn build(&self, vb: VarBuilder) -> Result<ClipModel, TrainError> {
        Ok(ClipModel::new(vb, &self.config)?)
    }

    fn loss(&self, network: &ClipModel, step: u64, micro: usize) -> Result<Loss, TrainError> {
        let first = (step * self.micro_batches as u64 + micro as u64) * self.micro_batch as u64;
        let pairs: Vec<_> = (first..first + self.micro_batch as u64).map(|i| self.pair(i)).collect();
        let (image, text) = self.embed(network, &pairs)?;
        Ok(Loss { total: network.contrastive_loss(&image, &text)? })
    }

    /// How often the right one of 64 captions is the nearest, over 8 such sets; an equal caption counts as the right one. With hard negatives,
    /// also how often an image is nearer to its caption than to the false one.
    fn evaluate(&self, network: &ClipModel, _: &Path) -> Result<BTreeMap<String, f64>, TrainError> {
        let sets = 8;
        let (mut right, mut lies, mut seen_through) = (0usize, 0usize, 0usize);
        for set in 0..sets {
            let first = EVALUATION_INDEX + (set * CHOICES) as u64;
            let pairs: Vec<_> = (first..first + CHOICES as u64).map(|i| self.pair(i)).collect();
            let (image, text) = self.embed(network, &pairs)?;
            let logits = network.logits(&image, &text)?.to_vec2::<f32>()?;
            let caption = |i: usize| &pairs[i].0.caption;
            let mut lie = CHOICES;
            for (i, logits) in logits.iter().enumerate() {
                let nearest = (0..CHOICES).fold(0, |best, j| if logits[j] > logits[best] { j } else { best });
                right += usize::from(caption(i) == caption(nearest));
                if pairs[i].1.is_some() {
                    seen_through += usize::from(logits[i] > logits[lie]);
                    lie += 1;
                }
            }
            lies += lie - CHOICES;
        }
        let mut scores = BTreeMap::from([("right_of_64".to_owned(), right as f64 / (sets * CHOICES) as f64)]);
        if lies > 0 {
            scores.insert("lies_seen_through".to_owned(), seen_through as f64 / lies as f64);
        }
        Ok(scores)
    }

    fn rows(&self, initial: &Path) -> Result<Vec<Option<usize>>, TrainError> {
        Ok(self.tokenizer.rows_of(&initial.join("tokenizer.json"))?)
    }

    fn export(&self, _: &ClipModel, folder: &Path) -> Result<(), TrainError> {
        self.tokenizer.save(&folder.join("tokenizer.json"))?;
        write_json(&folder.join("config.json"), &self.config)
    }
}
