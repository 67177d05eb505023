//! Attention as diffusers keeps it, of its UNets and of PixArt. diffusers: `Attention`.

use candle_core::{D, Result, Tensor};
use candle_nn::VarBuilder;

use crate::ops;
use crate::text::parameter::Linear;

/// Deviation of fresh weights.
const STDEV: f64 = 0.02;

/// What an attention is built from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttentionSizes {
    /// D.
    pub(crate) width: usize,
    /// W of what is attended to.
    pub(crate) context: usize,
    pub(crate) heads: usize,
    /// Whether queries, keys and values have a bias.
    pub(crate) bias: bool,
}

/// Keys `{to_q,to_k,to_v,to_out.0}`.
#[derive(Clone, Debug)]
pub(crate) struct Attention {
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
    heads: usize,
}

impl Attention {
    pub(crate) fn new(vb: VarBuilder, sizes: AttentionSizes) -> Result<Self> {
        let AttentionSizes { width, context, heads, bias } = sizes;
        let inward = |name: &str, from: usize| match bias {
            true => Linear::new(vb.pp(name), from, width, STDEV),
            false => Linear::without_bias(vb.pp(name), from, width, STDEV),
        };
        Ok(Self {
            to_q: inward("to_q", width)?,
            to_k: inward("to_k", context)?,
            to_v: inward("to_v", context)?,
            to_out: Linear::new(vb.pp("to_out").pp(0), width, width, STDEV)?,
            heads,
        })
    }

    /// (B,N,D) attends to `context` (B,L,W), of which `bias` (B,1,1,L) hides pads.
    pub(crate) fn forward(&self, x: &Tensor, context: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let (q, k, v) = (self.to_q.forward(x)?, self.to_k.forward(context)?, self.to_v.forward(context)?);
        let scale = ((q.dim(D::Minus1)? / self.heads) as f64).sqrt().recip();
        self.to_out.forward(&ops::attention(&q, &k, &v, self.heads, scale, bias)?)
    }
}
