//! The residual block under a time embedding, and the embedding. diffusers: `ResnetBlock2D`, `TimestepEmbedding`.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use crate::autoencoder::init::{Conv, GroupNorm};
use crate::ops;
use crate::text::parameter::Linear;

/// Initial weights are never used: these networks are loaded, not trained here.
const STDEV: f64 = 0.02;

/// Linear, SiLU, linear.
#[derive(Clone, Debug)]
pub(crate) struct TimestepEmbedding {
    linear_1: Linear,
    linear_2: Linear,
}

impl TimestepEmbedding {
    pub(crate) fn new(vb: VarBuilder, input: usize, output: usize) -> Result<Self> {
        Ok(Self {
            linear_1: Linear::new(vb.pp("linear_1"), input, output, STDEV)?,
            linear_2: Linear::new(vb.pp("linear_2"), output, output, STDEV)?,
        })
    }

    /// (B, in) → (B, out).
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.linear_2.forward(&ops::silu(&self.linear_1.forward(x)?)?)
    }
}

/// Norm, SiLU, convolution; time is added between the two.
#[derive(Clone, Debug)]
pub(super) struct Resnet {
    norm1: GroupNorm,
    conv1: Conv,
    time_emb_proj: Linear,
    norm2: GroupNorm,
    conv2: Conv,
    conv_shortcut: Option<Conv>,
}

/// What all residual blocks of one UNet share.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResnetSizes {
    pub(super) time: usize,
    pub(super) groups: usize,
    pub(super) epsilon: f64,
}

impl Resnet {
    pub(super) fn new(vb: VarBuilder, input: usize, output: usize, sizes: ResnetSizes) -> Result<Self> {
        let ResnetSizes { time, groups, epsilon } = sizes;
        let shortcut = || Conv::new(vb.pp("conv_shortcut"), input, output, 1);
        Ok(Self {
            norm1: GroupNorm::with_epsilon(vb.pp("norm1"), input, groups, epsilon)?,
            conv1: Conv::new(vb.pp("conv1"), input, output, 3)?,
            time_emb_proj: Linear::new(vb.pp("time_emb_proj"), time, output, STDEV)?,
            norm2: GroupNorm::with_epsilon(vb.pp("norm2"), output, groups, epsilon)?,
            conv2: Conv::new(vb.pp("conv2"), output, output, 3)?,
            conv_shortcut: (input != output).then(shortcut).transpose()?,
        })
    }

    /// (B,C,H,W) and time (B,T), already through SiLU → (B,C',H,W).
    pub(super) fn forward(&self, x: &Tensor, time: &Tensor) -> Result<Tensor> {
        let h = self.conv1.forward(&ops::silu(&self.norm1.forward(x)?)?)?;
        let shift = self.time_emb_proj.forward(time)?.unsqueeze(2)?.unsqueeze(3)?; // (B,C',1,1)
        let h = self.norm2.forward(&h.broadcast_add(&shift)?)?;
        let h = self.conv2.forward(&ops::silu(&h)?)?;
        match &self.conv_shortcut {
            Some(shortcut) => shortcut.forward(x)? + h,
            None => x + h,
        }
    }
}
