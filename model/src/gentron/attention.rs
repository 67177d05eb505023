//! The attentions of a block.

use super::layers::Linear;
use super::watch;
use crate::ops;
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

/// Self-attention over a sequence; keys `{qkv,proj}`.
#[derive(Clone, Debug)]
pub(super) struct SelfAttention {
    qkv: Linear,
    proj: Linear,
    heads: usize,
}

impl SelfAttention {
    pub(super) fn new(vb: VarBuilder, width: usize, heads: usize) -> Result<Self> {
        let qkv = Linear::new(vb.pp("qkv"), width, 3 * width)?;
        Ok(Self { qkv, proj: Linear::new(vb.pp("proj"), width, width)?, heads })
    }

    /// One whose output is zero until trained.
    pub(super) fn silent(vb: VarBuilder, width: usize, heads: usize) -> Result<Self> {
        let qkv = Linear::new(vb.pp("qkv"), width, 3 * width)?;
        Ok(Self { qkv, proj: Linear::zero(vb.pp("proj"), width, width)?, heads })
    }

    /// (B, N, D) → (B, N, D); `bias`, broadcast to (B, heads, N, N), hides pairs.
    pub(super) fn forward(&self, x: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        self.proj.forward(&ops::self_attention(&self.qkv.forward(x)?, self.heads, bias)?)
    }
}

/// Attention of image tokens (queries) to text tokens; keys `cross_attn.{q_linear,kv_linear,proj}`.
#[derive(Clone, Debug)]
pub(super) struct CrossAttention {
    q_linear: Linear,
    kv_linear: Linear,
    proj: Linear,
    heads: usize,
}

impl CrossAttention {
    pub(super) fn new(vb: VarBuilder, width: usize, context_width: usize, heads: usize) -> Result<Self> {
        Ok(Self {
            q_linear: Linear::new(vb.pp("q_linear"), width, width)?,
            kv_linear: Linear::new(vb.pp("kv_linear"), context_width, 2 * width)?,
            proj: Linear::zero(vb.pp("proj"), width, width)?,
            heads,
        })
    }

    /// Keys and values of the text, (B, L, W) → (B, L, 2D): the same at every denoising step.
    pub(super) fn keys_values(&self, context: &Tensor) -> Result<Tensor> {
        self.kv_linear.forward(context)
    }

    /// (B·T, N, D) against keys and values (B, L, 2D), which T frames share; `bias` (B, 1, 1, L) hides pads.
    pub(super) fn forward(&self, x: &Tensor, keys_values: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let q = self.q_linear.forward(x)?;
        watch::note(&q, keys_values, self.heads, bias)?;
        self.proj.forward(&ops::cross_attention(&q, keys_values, self.heads, Some(bias))?)
    }
}
