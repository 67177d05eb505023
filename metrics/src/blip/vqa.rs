//! BLIP-VQA behind the trait [`Vqa`].

use std::path::Path;
use std::sync::Arc;

use candle_core::Device;
use image::RgbImage;

use super::layout::Layout;
use super::memory::Memory;
use super::network::{BlipNetwork, Seen};
use super::words::Words;
use crate::error::MetricError;
use crate::perception::{Answer, Vqa};
use crate::pixels::{Filter, Normalization, square, to_tensor};
use crate::weights::{NetworkCard, WeightsStatement};

/// What BLIP-VQA is.
pub static BLIP_VQA: NetworkCard = NetworkCard {
    id: "blip-vqa",
    name: "BLIP-VQA, ViT-B/16 at 480 px",
    weights: "model_base_vqa_capfilt_large.pth of salesforce/BLIP (361,478,972 parameters, 1.45 GB; key \"model\"), or \
        safetensors of the same names; vocab.txt of bert-base-uncased",
    licence: "weights and code BSD-3-Clause (salesforce/BLIP); vocabulary Apache-2.0",
    resize: "480 x 480, Pillow's 8-bit bicubic, aspect ratio ignored",
    normalization: "grey/255, mean 0.48145466 0.4578275 0.40821073, std 0.26862954 0.26130258 0.27577711",
    known_problems: &[
        "P(yes) of a bare noun phrase as a question: a fragment, not a sentence.",
        "The Hugging Face conversion is at 384 px with another ε, and gives other numbers; its layout is read, and \
            its scores carry another name: b-vqa@blip-hf-384.",
        "Official runs on Ampere GPUs convolve the patches in TF32; here everything is f32.",
    ],
    reference: "Li et al., arXiv 2201.12086; BLIPvqa_eval/BLIP_vqa.py of T2I-CompBench at 1b70949",
};

/// What the scores of Hugging Face's conversion are called after.
const CONVERTED: &str = "blip-hf-384";

/// Asks BLIP about pictures. Phrases that are asked together are one pass of the network after one look at the picture; the same ones
/// asked again of one of the last pictures are not asked again.
pub struct BlipVqa {
    network: BlipNetwork,
    words: Words,
    statement: WeightsStatement,
    vocabulary_sha256: String,
    device: Device,
    memory: Memory,
}

impl BlipVqa {
    /// Reads the published network and its vocabulary.
    ///
    /// # Errors
    /// Those of [`Layout::open`] and [`Words::open`].
    pub fn open(weights: &Path, vocabulary: &Path, layout: Layout, device: &Device) -> Result<Self, MetricError> {
        let words = Words::open(vocabulary)?;
        let (network, sha256) = layout.open(weights, &layout.config(), device)?;
        let statement = WeightsStatement { card: BLIP_VQA, path: weights.to_owned(), sha256, layout: layout.as_str() };
        Ok(Self::new(network, words, statement, device))
    }

    /// Of parts that were made otherwise, for networks of other sizes.
    #[must_use]
    pub fn new(network: BlipNetwork, words: Words, statement: WeightsStatement, device: &Device) -> Self {
        let vocabulary_sha256 = words.sha256().to_owned();
        Self { network, words, statement, vocabulary_sha256, device: device.clone(), memory: Memory::new() }
    }

    /// Which weights answer: for the run's protocol.
    #[must_use]
    pub fn statement(&self) -> &WeightsStatement {
        &self.statement
    }

    /// Digest of the vocabulary, lower-case hexadecimal.
    #[must_use]
    pub fn vocabulary_sha256(&self) -> &str {
        &self.vocabulary_sha256
    }

    /// What the network sees of a picture, looked at now or remembered.
    fn seen(&self, image: &RgbImage) -> Result<Arc<Seen>, MetricError> {
        if let Some(seen) = self.memory.seen(image) {
            return Ok(seen);
        }
        let side = self.network.config().vit.image as u32;
        let picture = to_tensor(&[&square(image, side, Filter::Bicubic)?], Normalization::CLIP, &self.device)?;
        let picture = picture.squeeze(0).map_err(failed)?;
        // Two threads may look at one picture at once; both see the same bits.
        let seen = Arc::new(self.network.look(&picture)?);
        self.memory.see(image, &seen);
        Ok(seen)
    }
}

fn failed(source: candle_core::Error) -> MetricError {
    MetricError::Network { network: BLIP_VQA.id.to_owned(), source }
}

impl Vqa for BlipVqa {
    fn id(&self) -> &str {
        self.statement.card.id
    }

    fn answer(&self, image: &RgbImage, phrase: &str) -> Result<Answer, MetricError> {
        let mut answers = self.answers(image, &[phrase])?;
        // One question, one answer; the alternative is unreachable and still no panic.
        answers.pop().ok_or_else(|| failed(candle_core::Error::msg("no answer")))
    }

    fn answers(&self, image: &RgbImage, phrases: &[&str]) -> Result<Vec<Answer>, MetricError> {
        if let Some(answers) = self.memory.told(image, phrases) {
            return Ok(answers);
        }
        let questions: Vec<_> =
            phrases.iter().map(|phrase| self.words.ids(&format!("{phrase}?"))).collect::<Result<_, _>>()?;
        let seen = self.seen(image)?;
        let probabilities = self.network.probabilities(&seen, &questions)?;
        let answer = |yes: f64| {
            let (word, share) = if yes >= 0.5 { ("yes", yes) } else { ("no", 1.0 - yes) };
            Answer { yes, why: format!("BLIP-VQA answers {word} with {:.1} %", share * 100.0) }
        };
        let answers: Vec<Answer> = probabilities.into_iter().map(answer).collect();
        self.memory.tell(image, phrases, &answers);
        Ok(answers)
    }

    fn name_in_score(&self) -> Option<&str> {
        (self.statement.layout == Layout::HuggingFace.as_str()).then_some(CONVERTED)
    }
}
