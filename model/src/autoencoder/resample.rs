//! Halving by a stride-2 convolution, doubling by nearest neighbour and a convolution.
//!
//! diffusers: `Downsample2D(padding=0)`, which pads right and bottom by one, and `Upsample2D`.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::init::Conv;
use crate::ops;

#[derive(Clone, Debug)]
pub(crate) struct Downsample {
    conv: Conv,
}

impl Downsample {
    pub(crate) fn new(vb: VarBuilder, channels: usize) -> Result<Self> {
        Ok(Self { conv: Conv::halving(vb.pp("conv"), channels)? })
    }

    /// (B,C,H,W) → (B,C,H/2,W/2).
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.conv.forward(&x.pad_with_zeros(3, 0, 1)?.pad_with_zeros(2, 0, 1)?)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Upsample {
    conv: Conv,
}

impl Upsample {
    pub(crate) fn new(vb: VarBuilder, channels: usize) -> Result<Self> {
        Ok(Self { conv: Conv::new(vb.pp("conv"), channels, channels, 3)? })
    }

    /// (B,C,H,W) → (B,C,2H,2W).
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.conv.forward(&ops::upsample_nearest2d(x)?)
    }
}
