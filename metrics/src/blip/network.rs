//! The whole network.

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use super::answer::AnswerDecoder;
use super::config::BlipConfig;
use super::question::QuestionEncoder;
use super::vision::Vit;
use crate::error::MetricError;
use crate::weights::TensorSource;

/// BLIP-VQA without words: pictures and token ids in, logits out.
pub struct BlipNetwork {
    visual_encoder: Vit,
    text_encoder: QuestionEncoder,
    text_decoder: AnswerDecoder,
    config: BlipConfig,
}

/// What the question encoder needs to know of a picture: each layer's keys and values, (N, D) each; 66 MB at full size.
pub struct Seen {
    tokens: Tensor,
    keys_values: Vec<(Tensor, Tensor)>,
}

impl Seen {
    /// The picture's tokens (N, W) after the final normalisation.
    #[must_use]
    pub fn tokens(&self) -> &Tensor {
        &self.tokens
    }
}

/// Ids that the network gives a meaning beyond BERT's own vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SpecialIds {
    /// First token of an answer.
    pub(super) dec: u32,
    /// First token of a question, in place of `[CLS]`.
    pub(super) enc: u32,
    /// The answer "yes".
    pub(super) yes: u32,
    /// The answer "no".
    pub(super) no: u32,
}

/// Of `bert-base-uncased` with two words added.
pub(super) const IDS: SpecialIds = SpecialIds { dec: 30522, enc: 30523, yes: 2748, no: 2053 };

fn failed(source: candle_core::Error) -> MetricError {
    MetricError::Network { network: "blip-vqa".to_owned(), source }
}

impl BlipNetwork {
    /// Takes every tensor by its name in the original checkpoint (`visual_encoder.…`, `text_encoder.…`,
    /// `text_decoder.…`).
    ///
    /// # Errors
    /// Those of the source.
    pub fn load(source: &dyn TensorSource, config: &BlipConfig) -> Result<Self, MetricError> {
        Ok(Self {
            visual_encoder: Vit::load(source, "visual_encoder", &config.vit)?,
            text_encoder: QuestionEncoder::load(source, "text_encoder", &config.bert)?,
            text_decoder: AnswerDecoder::load(source, "text_decoder", &config.bert)?,
            config: config.clone(),
        })
    }

    /// Its sizes.
    #[must_use]
    pub fn config(&self) -> &BlipConfig {
        &self.config
    }

    /// Looks at one normalised picture (3, S, S), once for all questions.
    ///
    /// # Errors
    /// [`MetricError::Network`] where the shape is another one.
    pub fn look(&self, picture: &Tensor) -> Result<Seen, MetricError> {
        let tokens = self.visual_encoder.forward(picture).map_err(failed)?;
        let keys_values = self.text_encoder.look(&tokens).map_err(failed)?;
        Ok(Seen { tokens, keys_values })
    }

    /// Question states, packed: (Σ lengths, D).
    ///
    /// # Errors
    /// [`MetricError::Network`] where a question is empty, too long, or has an id outside the vocabulary.
    pub fn read(&self, seen: &Seen, questions: &[Vec<u32>]) -> Result<Tensor, MetricError> {
        Ok(self.text_encoder.forward(&with_enc(questions), &seen.keys_values).map_err(failed)?.states)
    }

    /// Logits (questions, answers) of `answers` as the first word of the answer.
    ///
    /// `questions` are ids with `[CLS]` first, which is overwritten with `[ENC]`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn logits(&self, seen: &Seen, questions: &[Vec<u32>], answers: &[u32]) -> Result<Tensor, MetricError> {
        let read = self.text_encoder.forward(&with_enc(questions), &seen.keys_values).map_err(failed)?;
        self.text_decoder.forward(&read, IDS.dec, answers).map_err(failed)
    }

    /// P(yes) against no, of each question; in its order, and the same bits in any company.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn probabilities(&self, seen: &Seen, questions: &[Vec<u32>]) -> Result<Vec<f64>, MetricError> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let logits = self.logits(seen, questions, &[IDS.yes, IDS.no])?.to_vec2::<f32>().map_err(failed)?;
        Ok(logits.iter().map(|row| sigmoid(f64::from(row[0]) - f64::from(row[1]))).collect())
    }
}

fn sigmoid(x: f64) -> f64 {
    ((-x).exp() + 1.0).recip()
}

fn with_enc(questions: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let overwritten = |ids: &Vec<u32>| std::iter::once(IDS.enc).chain(ids.iter().skip(1).copied()).collect();
    questions.iter().map(overwritten).collect()
}
