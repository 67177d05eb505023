//! CLIP: picture and caption find each other among a batch.

use super::autoencoder::{EVALUATION_INDEX, write_json};
use super::engine::{Loss, Objective};
use super::{Example, Source, TrainError};
use crate::text::clip::{ClipConfig, ClipModel, pixels};
use crate::text::{TextTokenizer, word_level_clip};
use candle_core::{D, Device, Tensor};
use candle_nn::VarBuilder;
use std::collections::BTreeMap;
use std::path::Path;

/// Trains a [`ClipModel`], both towers, contrastively within each micro-batch.
pub struct ClipObjective<'a> {
    config: ClipConfig,
    tokenizer: TextTokenizer,
    clips: bool,
    source: &'a dyn Source,
    seed: u64,
    micro_batch: usize,
    micro_batches: usize,
    device: Device,
}

impl<'a> ClipObjective<'a> {
    /// Makes the tokenizer from the source's vocabulary and fits the configuration to it. With `clips`, every eighth pair is a clip's
    /// middle frame and the clip's caption.
    ///
    /// # Errors
    /// Where the vocabulary makes no tokenizer.
    pub fn new(
        (mut config, clips): (ClipConfig, bool),
        source: &'a dyn Source,
        seed: u64,
        (micro_batch, micro_batches): (usize, usize),
        device: Device,
    ) -> Result<Self, TrainError> {
        let more = if clips { source.clip_vocabulary() } else { Vec::new() };
        let words = [source.vocabulary(), more].concat();
        let tokenizer = word_level_clip(&words, config.text_config.max_position_embeddings)?;
        let id = |token: &str| tokenizer.id(token).unwrap_or_default();
        config.text_config.vocab_size = tokenizer.vocabulary();
        config.text_config.bos_token_id = id("<|startoftext|>");
        config.text_config.eos_token_id = id("<|endoftext|>");
        Ok(Self { config, tokenizer, clips, source, seed, micro_batch, micro_batches, device })
    }

    /// Images and captions from `first` on: embeddings of both, and the captions.
    fn embed(&self, network: &ClipModel, first: u64, n: usize) -> Result<(Tensor, Tensor, Vec<String>), TrainError> {
        let clip = |i: u64| (self.clips && i % 8 == 7).then(|| self.source.clip(self.seed, i)).flatten();
        let example = |i: u64| match clip(i) {
            Some(mut clip) => Example { image: clip.frames.swap_remove(clip.frames.len() / 2), caption: clip.caption },
            None => self.source.example(self.seed, i),
        };
        let examples: Vec<Example> = (first..first + n as u64).map(example).collect();
        let images: Vec<_> = examples.iter().map(|e| &e.image).collect();
        let captions: Vec<String> = examples.iter().map(|e| e.caption.clone()).collect();
        let texts: Vec<&str> = captions.iter().map(String::as_str).collect();
        let ids = self.tokenizer.encode(&texts)?.ids(&self.device)?;
        let size = self.config.vision_config.image_size;
        let image = network.embed_image(&pixels(&images, size, &self.device)?)?;
        Ok((image, network.embed_text(&ids)?, captions))
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
        if self.clips {
            identity["clips"] = true.into();
        }
        identity
    }

    fn build(&self, vb: VarBuilder) -> Result<ClipModel, TrainError> {
        Ok(ClipModel::new(vb, &self.config)?)
    }

    fn loss(&self, network: &ClipModel, step: u64, micro: usize) -> Result<Loss, TrainError> {
        let first = (step * self.micro_batches as u64 + micro as u64) * self.micro_batch as u64;
        let (image, text, _) = self.embed(network, first, self.micro_batch)?;
        Ok(Loss { total: network.contrastive_loss(&image, &text)? })
    }

    /// How often the right one of 64 captions is the nearest, over 8 such sets; an equal caption counts as the right one.
    fn evaluate(&self, network: &ClipModel, _: &Path) -> Result<BTreeMap<String, f64>, TrainError> {
        let (mut right, sets) = (0usize, 8);
        for set in 0..sets {
            let first = EVALUATION_INDEX + (set * CHOICES) as u64;
            let (image, text, captions) = self.embed(network, first, CHOICES)?;
            let nearest = network.logits(&image, &text)?.argmax(D::Minus1)?.to_vec1::<u32>()?;
            right += nearest.iter().enumerate().filter(|(i, j)| captions[*i] == captions[**j as usize]).count();
        }
        Ok(BTreeMap::from([("right_of_64".to_owned(), right as f64 / (sets * CHOICES) as f64)]))
    }

    fn rows(&self, initial: &Path) -> Result<Vec<Option<usize>>, TrainError> {
        Ok(self.tokenizer.rows_of(&initial.join("tokenizer.json"))?)
    }

    fn export(&self, _: &ClipModel, folder: &Path) -> Result<(), TrainError> {
        self.tokenizer.save(&folder.join("tokenizer.json"))?;
        write_json(&folder.join("config.json"), &self.config)
    }
}
