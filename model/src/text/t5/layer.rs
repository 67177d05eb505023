//! The layers of a block. transformers: `T5LayerSelfAttention`, `T5LayerCrossAttention`, `T5LayerFF`.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::T5Config;
use crate::ops;
use crate::text::parameter::{Linear, RmsNorm};

/// Norm, attention without scaling, residual.
#[derive(Clone, Debug)]
pub(super) struct AttentionLayer {
    layer_norm: RmsNorm,
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    heads: usize,
}

impl AttentionLayer {
    /// `kind` is `SelfAttention` or `EncDecAttention`.
    pub(super) fn new(vb: VarBuilder, kind: &str, config: &T5Config) -> Result<Self> {
        let (d, inner) = (config.d_model, config.inner());
        let (width, projected) = ((d as f64).sqrt().recip(), (inner as f64).sqrt().recip());
        // The logits are not divided by the root of the head's width: the initial queries are.
        let query = ((d * config.d_kv) as f64).sqrt().recip();
        let attention = vb.pp(kind);
        Ok(Self {
            layer_norm: RmsNorm::new(vb.pp("layer_norm"), d, config.layer_norm_epsilon)?,
            q: Linear::without_bias(attention.pp("q"), d, inner, query)?,
            k: Linear::without_bias(attention.pp("k"), d, inner, width)?,
            v: Linear::without_bias(attention.pp("v"), d, inner, width)?,
            o: Linear::without_bias(attention.pp("o"), inner, d, projected)?,
            heads: config.num_heads,
        })
    }

    /// (B,N,D) attends to itself, or to `memory` (B,M,D); `bias` is added to the logits.
    pub(super) fn forward(&self, x: &Tensor, memory: Option<&Tensor>, bias: Option<&Tensor>) -> Result<Tensor> {
        let normed = self.layer_norm.forward(x)?;
        let memory = memory.unwrap_or(&normed);
        let (q, k, v) = (self.q.forward(&normed)?, self.k.forward(memory)?, self.v.forward(memory)?);
        x + self.o.forward(&ops::attention(&q, &k, &v, self.heads, 1.0, bias)?)?
    }
}

/// Norm, gated feed-forward, residual.
#[derive(Clone, Debug)]
pub(super) struct FeedForwardLayer {
    layer_norm: RmsNorm,
    wi_0: Linear,
    wi_1: Linear,
    wo: Linear,
}

impl FeedForwardLayer {
    pub(super) fn new(vb: VarBuilder, config: &T5Config) -> Result<Self> {
        let (d, inner) = (config.d_model, config.d_ff);
        let (width, projected) = ((d as f64).sqrt().recip(), (inner as f64).sqrt().recip());
        let dense = vb.pp("DenseReluDense");
        Ok(Self {
            layer_norm: RmsNorm::new(vb.pp("layer_norm"), d, config.layer_norm_epsilon)?,
            wi_0: Linear::without_bias(dense.pp("wi_0"), d, inner, width)?,
            wi_1: Linear::without_bias(dense.pp("wi_1"), d, inner, width)?,
            wo: Linear::without_bias(dense.pp("wo"), inner, d, projected)?,
        })
    }

    /// (B,N,D) → (B,N,D).
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let normed = self.layer_norm.forward(x)?;
        let gated = (ops::gelu_tanh(&self.wi_0.forward(&normed)?)? * self.wi_1.forward(&normed)?)?;
        x + self.wo.forward(&gated)?
    }
}
