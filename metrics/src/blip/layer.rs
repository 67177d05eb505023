//! A BERT layer with cross-attention, and its parts. Names are the checkpoint's.

use candle_core::{Result as Candle, Tensor};

use super::config::BertConfig;
use crate::error::MetricError;
use crate::kernels::{After, Columns, LayerNorm, Linear, Segments, Width, attend};
use crate::weights::TensorSource;

/// `NAME.weight` (out, inner) and `NAME.bias`.
pub(super) fn linear(
    source: &dyn TensorSource,
    name: &str,
    (out, inner): (usize, usize),
) -> Result<Linear, MetricError> {
    let weight = source.tensor(&format!("{name}.weight"), &[out, inner])?;
    Ok(Linear::new(weight, source.tensor(&format!("{name}.bias"), &[out])?))
}

/// `NAME.weight` and `NAME.bias`, each (width).
pub(super) fn layer_norm(
    source: &dyn TensorSource,
    name: &str,
    width: usize,
    eps: f64,
) -> Result<LayerNorm, MetricError> {
    let weight = source.tensor(&format!("{name}.weight"), &[width])?;
    Ok(LayerNorm::new(weight, source.tensor(&format!("{name}.bias"), &[width])?, eps))
}

/// A linear map whose result joins the residual under a layer normalisation (post-LN).
pub(super) struct Joined {
    dense: Linear,
    norm: LayerNorm,
}

impl Joined {
    pub(super) fn load(
        source: &dyn TensorSource,
        name: &str,
        inner: usize,
        config: &BertConfig,
    ) -> Result<Self, MetricError> {
        Ok(Self {
            dense: linear(source, &format!("{name}.dense"), (config.hidden, inner))?,
            norm: layer_norm(source, &format!("{name}.LayerNorm"), config.hidden, config.ln_eps)?,
        })
    }

    /// LN(dense(branch) + x)
    pub(super) fn forward(&self, branch: &Tensor, x: &Tensor) -> Candle<Tensor> {
        self.norm.forward(&self.dense.forward_rows(branch, After::Add(x))?)
    }
}

/// Attention from text to text (`attention`) or from text to something else (`crossattention`).
pub(super) struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Joined,
    width: Width,
}

impl Attention {
    /// `seen` is the width of what is looked at.
    pub(super) fn load(
        source: &dyn TensorSource,
        name: &str,
        seen: usize,
        config: &BertConfig,
    ) -> Result<Self, MetricError> {
        let d = config.hidden;
        Ok(Self {
            query: linear(source, &format!("{name}.self.query"), (d, d))?,
            key: linear(source, &format!("{name}.self.key"), (d, seen))?,
            value: linear(source, &format!("{name}.self.value"), (d, seen))?,
            output: Joined::load(source, &format!("{name}.output"), d, config)?,
            width: Width { dims: d, heads: config.heads },
        })
    }

    /// Keys and values of a picture's many tokens: (N, seen) → two of (N, D).
    pub(super) fn keys_values_of_picture(&self, seen: &Tensor) -> Candle<(Tensor, Tensor)> {
        Ok((self.key.forward(seen, After::Nothing)?, self.value.forward(seen, After::Nothing)?))
    }

    /// Keys and values of words: (T, seen) → two of (T, D), each row's bits its own.
    pub(super) fn keys_values(&self, seen: &Tensor) -> Candle<(Tensor, Tensor)> {
        Ok((self.key.forward_rows(seen, After::Nothing)?, self.value.forward_rows(seen, After::Nothing)?))
    }

    /// x (T, D) looks at keys and values → (T, D), residual and normalisation included.
    pub(super) fn forward(&self, x: &Tensor, (k, v): (&Tensor, &Tensor), segments: &Segments) -> Candle<Tensor> {
        let q = self.query.forward_rows(x, After::Nothing)?;
        let mixed = attend(Columns(&q, 0), Columns(k, 0), Columns(v, 0), self.width, segments)?;
        self.output.forward(&mixed, x)
    }

    /// x (T, D), each row a sequence of its own: a softmax over one key is 1, so the value is the result.
    pub(super) fn forward_alone(&self, x: &Tensor) -> Candle<Tensor> {
        self.output.forward(&self.value.forward_rows(x, After::Nothing)?, x)
    }
}

/// Two linear maps with GELU between.
pub(super) struct FeedForward {
    intermediate: Linear,
    output: Joined,
}

impl FeedForward {
    fn load(source: &dyn TensorSource, name: &str, config: &BertConfig) -> Result<Self, MetricError> {
        let shape = (config.intermediate, config.hidden);
        Ok(Self {
            intermediate: linear(source, &format!("{name}.intermediate.dense"), shape)?,
            output: Joined::load(source, &format!("{name}.output"), config.intermediate, config)?,
        })
    }

    pub(super) fn forward(&self, x: &Tensor) -> Candle<Tensor> {
        self.output.forward(&self.intermediate.forward_rows(x, After::Gelu)?, x)
    }
}

/// Self-attention, cross-attention, feed-forward.
pub(super) struct Layer {
    pub(super) attention: Attention,
    pub(super) crossattention: Attention,
    pub(super) feed_forward: FeedForward,
}

impl Layer {
    /// `seen` is the width of what cross-attention looks at.
    pub(super) fn load(
        source: &dyn TensorSource,
        name: &str,
        seen: usize,
        config: &BertConfig,
    ) -> Result<Self, MetricError> {
        Ok(Self {
            attention: Attention::load(source, &format!("{name}.attention"), config.hidden, config)?,
            crossattention: Attention::load(source, &format!("{name}.crossattention"), seen, config)?,
            feed_forward: FeedForward::load(source, name, config)?,
        })
    }
}

/// Word and position embeddings under a layer normalisation; BLIP has no token types.
pub(super) struct Embeddings {
    pub(super) words: Tensor,
    positions: Tensor,
    norm: LayerNorm,
}

impl Embeddings {
    pub(super) fn load(source: &dyn TensorSource, name: &str, config: &BertConfig) -> Result<Self, MetricError> {
        let d = config.hidden;
        source.ignored(&format!("{name}.position_ids"), &[1, config.max_pos]);
        Ok(Self {
            words: source.tensor(&format!("{name}.word_embeddings.weight"), &[config.vocab, d])?,
            positions: source.tensor(&format!("{name}.position_embeddings.weight"), &[config.max_pos, d])?,
            norm: layer_norm(source, &format!("{name}.LayerNorm"), d, config.ln_eps)?,
        })
    }

    /// Ids and positions of equal length T → (T, D).
    pub(super) fn forward(&self, ids: &[u32], positions: &[u32]) -> Candle<Tensor> {
        let pick = |table: &Tensor, rows: &[u32]| table.index_select(&Tensor::new(rows, table.device())?, 0);
        self.norm.forward(&(pick(&self.words, ids)? + pick(&self.positions, positions)?)?)
    }
}
