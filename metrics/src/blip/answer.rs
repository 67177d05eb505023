//! The answer decoder, of which one step is wanted: what comes after `[DEC]`.

use candle_core::{Result as Candle, Tensor};

use super::config::BertConfig;
use super::layer::{Embeddings, Layer, layer_norm, linear};
use super::question::Read;
use crate::error::MetricError;
use crate::kernels::{After, LayerNorm, Linear, Segments};
use crate::weights::TensorSource;

pub(super) struct AnswerDecoder {
    embeddings: Embeddings,
    layers: Vec<Layer>,
    transform: Linear,
    transform_norm: LayerNorm,
    bias: Tensor,
}

impl AnswerDecoder {
    pub(super) fn load(source: &dyn TensorSource, name: &str, config: &BertConfig) -> Result<Self, MetricError> {
        let d = config.hidden;
        let layer = |i| Layer::load(source, &format!("{name}.bert.encoder.layer.{i}"), d, config);
        let head = format!("{name}.cls.predictions");
        let loaded = Self {
            embeddings: Embeddings::load(source, &format!("{name}.bert.embeddings"), config)?,
            layers: (0..config.layers).map(layer).collect::<Result<_, _>>()?,
            transform: linear(source, &format!("{head}.transform.dense"), (d, d))?,
            transform_norm: layer_norm(source, &format!("{head}.transform.LayerNorm"), d, config.ln_eps)?,
            bias: source.tensor(&format!("{head}.bias"), &[config.vocab])?,
        };
        let words = format!("{name}.bert.embeddings.word_embeddings.weight");
        source.tied(&format!("{head}.decoder.weight"), &words, &[config.vocab, d])?;
        source.tied(&format!("{head}.decoder.bias"), &format!("{head}.bias"), &[config.vocab])?;
        Ok(loaded)
    }

    /// Logits of the words `answers` as the first word of the answer: (questions, answers).
    pub(super) fn forward(&self, read: &Read, start: u32, answers: &[u32]) -> Candle<Tensor> {
        let questions = read.lengths.len();
        let mut x = self.embeddings.forward(&vec![start; questions], &vec![0; questions])?; // (Q, D)
        let segments = Segments::one_each(&read.lengths);
        for layer in &self.layers {
            x = layer.attention.forward_alone(&x)?;
            let (k, v) = layer.crossattention.keys_values(&read.states)?;
            x = layer.crossattention.forward(&x, (&k, &v), &segments)?;
            x = layer.feed_forward.forward(&x)?;
        }
        let x = self.transform_norm.forward(&self.transform.forward_rows(&x, After::Gelu)?)?;
        // The head is the word embeddings again; a product with the few rows wanted.
        let answers = Tensor::new(answers, x.device())?;
        let head = Linear::new(self.embeddings.words.index_select(&answers, 0)?, self.bias.index_select(&answers, 0)?);
        head.forward_rows(&x, After::Nothing)
    }
}
