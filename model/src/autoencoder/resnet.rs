//! The residual block: norm, SiLU, convolution, twice. diffusers: `ResnetBlock2D` without a time embedding.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::init::{Conv, GroupNorm};
use crate::ops;

#[derive(Clone, Debug)]
pub(super) struct Resnet {
    norm1: GroupNorm,
    conv1: Conv,
    norm2: GroupNorm,
    conv2: Conv,
    conv_shortcut: Option<Conv>,
}

impl Resnet {
    pub(super) fn new(vb: VarBuilder, input: usize, output: usize, groups: usize) -> Result<Self> {
        Ok(Self {
            norm1: GroupNorm::new(vb.pp("norm1"), input, groups)?,
            conv1: Conv::new(vb.pp("conv1"), input, output, 3)?,
            norm2: GroupNorm::new(vb.pp("norm2"), output, groups)?,
            conv2: Conv::new(vb.pp("conv2"), output, output, 3)?,
            conv_shortcut: (input != output)
                .then(|| Conv::new(vb.pp("conv_shortcut"), input, output, 1))
                .transpose()?,
        })
    }

    /// (B,C,H,W) → (B,C',H,W).
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let h = self.conv1.forward(&ops::silu(&self.norm1.forward(x)?)?)?;
        let h = self.conv2.forward(&ops::silu(&self.norm2.forward(&h)?)?)?;
        match &self.conv_shortcut {
            Some(shortcut) => shortcut.forward(x)? + h,
            None => x + h,
        }
    }
}
