//! One block: self-attention and feed-forward layer under a modulation, cross-attention between them without one. diffusers:
//! `BasicTransformerBlock(norm_type="ada_norm_single")`.

use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};

use super::PixArtConfig;
use crate::text::parameter::Linear;
use crate::unet::{Attention, AttentionSizes};
use crate::{ops, parameter_types};

pub(super) const STDEV: f64 = 0.02;

/// Positions of the six vectors in a modulation (B, 6D).
mod slot {
    pub(super) const SHIFT_ATTENTION: usize = 0;
    pub(super) const SCALE_ATTENTION: usize = 1;
    pub(super) const GATE_ATTENTION: usize = 2;
    pub(super) const SHIFT_MLP: usize = 3;
    pub(super) const SCALE_MLP: usize = 4;
    pub(super) const GATE_MLP: usize = 5;
}

#[derive(Clone, Debug)]
pub(super) struct Block {
    scale_shift_table: Tensor, // (1, 6D)
    attn1: Attention,
    attn2: Attention,
    ff_in: Linear,
    ff_out: Linear,
    epsilon: f64,
}

impl Block {
    pub(super) fn new(vb: VarBuilder, config: &PixArtConfig) -> Result<Self> {
        let (d, ff) = (config.width(), vb.pp("ff").pp("net"));
        let (heads, bias) = (config.num_attention_heads, config.attention_bias);
        let sizes = AttentionSizes { width: d, context: d, heads, bias };
        let init = Init::Randn { mean: 0.0, stdev: (d as f64).sqrt().recip() };
        let table = parameter_types::other(&vb, (6, d), "scale_shift_table", init)?;
        Ok(Self {
            scale_shift_table: table.reshape((1, 6 * d))?,
            attn1: Attention::new(vb.pp("attn1"), sizes)?,
            attn2: Attention::new(vb.pp("attn2"), sizes)?,
            ff_in: Linear::new(ff.pp(0).pp("proj"), d, 4 * d, STDEV)?,
            ff_out: Linear::new(ff.pp(2), 4 * d, d, STDEV)?,
            epsilon: config.norm_eps,
        })
    }

    /// x (B,N,D); `time` (B,6D), the same for all blocks; text (B,L,D), its pads hidden by `bias` (B,1,1,L).
    pub(super) fn forward(&self, x: &Tensor, time: &Tensor, text: &Tensor, bias: &Tensor) -> Result<Tensor> {
        use slot::*;
        let m = time.broadcast_add(&self.scale_shift_table)?; // (B, 6D)
        let normed = ops::modulated_layer_norm(x, &m, SHIFT_ATTENTION, SCALE_ATTENTION, self.epsilon)?;
        let attended = self.attn1.forward(&normed, &normed, None)?;
        let x = ops::gated_residual(x, &m, GATE_ATTENTION, &attended)?;
        let x = (&x + self.attn2.forward(&x, text, Some(bias))?)?;
        let normed = ops::modulated_layer_norm(&x, &m, SHIFT_MLP, SCALE_MLP, self.epsilon)?;
        let widened = self.ff_out.forward(&ops::gelu_tanh(&self.ff_in.forward(&normed)?)?)?;
        ops::gated_residual(&x, &m, GATE_MLP, &widened)
    }
}
