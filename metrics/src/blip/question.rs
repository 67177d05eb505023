//! The question encoder: a bidirectional BERT that looks at the picture in every layer.

use candle_core::{Result as Candle, Tensor, bail};

use super::config::BertConfig;
use super::layer::{Embeddings, Layer};
use crate::error::MetricError;
use crate::kernels::Segments;
use crate::weights::TensorSource;

pub(super) struct QuestionEncoder {
    embeddings: Embeddings,
    layers: Vec<Layer>,
    positions: usize,
}

/// Questions' states, packed without padding.
pub(super) struct Read {
    /// (T, D), T the sum of the lengths.
    pub(super) states: Tensor,
    /// Of each question.
    pub(super) lengths: Vec<usize>,
}

impl QuestionEncoder {
    pub(super) fn load(source: &dyn TensorSource, name: &str, config: &BertConfig) -> Result<Self, MetricError> {
        let layer = |i| Layer::load(source, &format!("{name}.encoder.layer.{i}"), config.encoder_width, config);
        Ok(Self {
            embeddings: Embeddings::load(source, &format!("{name}.embeddings"), config)?,
            layers: (0..config.layers).map(layer).collect::<Result<_, _>>()?,
            positions: config.max_pos,
        })
    }

    /// Each layer's keys and values of a picture's tokens (N, W), whatever will be asked of it.
    pub(super) fn look(&self, tokens: &Tensor) -> Candle<Vec<(Tensor, Tensor)>> {
        self.layers.iter().map(|layer| layer.crossattention.keys_values_of_picture(tokens)).collect()
    }

    /// Ids of each question, at least one each, over what was seen.
    pub(super) fn forward(&self, questions: &[Vec<u32>], seen: &[(Tensor, Tensor)]) -> Candle<Read> {
        let lengths: Vec<usize> = questions.iter().map(Vec::len).collect();
        if let Some(length) = lengths.iter().find(|&&length| length == 0 || length > self.positions) {
            bail!("a question of {length} tokens, not 1 to {}", self.positions);
        }
        let positions: Vec<u32> = lengths.iter().flat_map(|&length| 0..length as u32).collect();
        let mut x = self.embeddings.forward(&questions.concat(), &positions)?; // (T, D)
        let own = Segments::own(&lengths);
        for (layer, (k, v)) in self.layers.iter().zip(seen) {
            let (own_k, own_v) = layer.attention.keys_values(&x)?;
            x = layer.attention.forward(&x, (&own_k, &own_v), &own)?;
            x = layer.crossattention.forward(&x, (k, v), &Segments::shared(&lengths, k.dim(0)?))?;
            x = layer.feed_forward.forward(&x)?;
        }
        Ok(Read { states: x, lengths })
    }
}
