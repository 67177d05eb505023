//! One transformer block: self-attention → cross-attention → TempSelfAttn (of video) → MLP.

use super::attention::{CrossAttention, SelfAttention};
use super::config::GenTronConfig;
use super::layers::{Linear, NORM_EPS, norm};
use super::temporal::{Frames, TempSelfAttention};
use crate::ops;
use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

/// Keys `mlp.{fc1,fc2}`.
#[derive(Clone, Debug)]
struct Mlp {
    fc1: Linear,
    fc2: Linear,
}

impl Mlp {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.fc2.forward(&ops::gelu_tanh(&self.fc1.forward(x)?)?)
    }
}

/// Positions of the six vectors in a block's modulation (B, 6D), in DiT's order.
mod slot {
    pub(super) const SHIFT_ATTENTION: usize = 0;
    pub(super) const SCALE_ATTENTION: usize = 1;
    pub(super) const GATE_ATTENTION: usize = 2;
    pub(super) const SHIFT_MLP: usize = 3;
    pub(super) const SCALE_MLP: usize = 4;
    pub(super) const GATE_MLP: usize = 5;
}

/// Keys of one `blocks.{i}`.
#[derive(Clone, Debug)]
pub(super) struct Block {
    attn: SelfAttention,
    mlp: Mlp,
    ada_ln_modulation: Linear,
    cross_attn: Option<CrossAttention>,
    temp_attn: Option<TempSelfAttention>,
}

/// What a block reads of the text: keys and values (B, L, 2D), and the bias (B, 1, 1, L) that hides pads.
pub(super) struct BlockText<'a> {
    pub(super) keys_values: &'a Tensor,
    pub(super) bias: &'a Tensor,
}

impl Block {
    /// Block `i`, which attends to encoder `i mod n`.
    pub(super) fn new(vb: VarBuilder, config: &GenTronConfig, i: usize) -> Result<Self> {
        let (d, heads) = (config.hidden_size, config.num_heads);
        let cross_attn = || {
            let width = config.text[config.source_of_block(i)].width;
            CrossAttention::new(vb.pp("cross_attn"), d, width, heads)
        };
        Ok(Self {
            attn: SelfAttention::new(vb.pp("attn"), d, heads)?,
            mlp: Mlp {
                fc1: Linear::new(vb.pp("mlp.fc1"), d, config.mlp_width())?,
                fc2: Linear::new(vb.pp("mlp.fc2"), config.mlp_width(), d)?,
            },
            ada_ln_modulation: Linear::zero(vb.pp("adaLN_modulation.1"), d, 6 * d)?,
            cross_attn: config.cross_attends().then(cross_attn).transpose()?,
            temp_attn: config.temporal.then(|| TempSelfAttention::new(vb.pp("temp_attn"), d, heads)).transpose()?,
        })
    }

    /// Keys and values of the text for this block, where it attends to any.
    pub(super) fn keys_values(&self, context: &Tensor) -> Result<Option<Tensor>> {
        self.cross_attn.as_ref().map(|cross| cross.keys_values(context)).transpose()
    }

    /// x (B, T·N, D), the frames of a clip one after the other (T = 1 for pictures); `c` (B, D), already through SiLU. Time and
    /// text are those of the clip: frames share their modulation, and the text's keys and values are not repeated for them.
    pub(super) fn forward(&self, x: &Tensor, c: &Tensor, text: Option<BlockText>, frames: &Frames) -> Result<Tensor> {
        use slot::*;
        let m = self.ada_ln_modulation.forward(c)?; // (B, 6D)
        let (b, tn, d) = x.dims3()?;
        let normed = ops::modulated_layer_norm(x, &m, SHIFT_ATTENTION, SCALE_ATTENTION, NORM_EPS)?;
        let apart = (b * frames.count, tn / frames.count, d); // each frame attends to itself, and to the clip's text
        let attended = self.attn.forward(&normed.reshape(apart)?, None)?.reshape((b, tn, d))?;
        let mut x = ops::gated_residual(x, &m, GATE_ATTENTION, &attended)?;
        if let (Some(cross), Some(text)) = (&self.cross_attn, text) {
            let attended = cross.forward(&norm(&x)?.reshape(apart)?, text.keys_values, text.bias)?;
            x = (&x + attended.reshape((b, tn, d))?)?;
        }
        if let Some(temporal) = &self.temp_attn {
            x = (&x + temporal.forward(&norm(&x)?, frames)?)?;
        }
        let widened = self.mlp.forward(&ops::modulated_layer_norm(&x, &m, SHIFT_MLP, SCALE_MLP, NORM_EPS)?)?;
        ops::gated_residual(&x, &m, GATE_MLP, &widened)
    }
}
