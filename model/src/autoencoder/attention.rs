//! Attention of the middle block, one head over all H W positions. diffusers: `Attention(..., residual_connection=True)`.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::init::{GroupNorm, affine};
use crate::ops;

#[derive(Clone, Debug)]
pub(super) struct Attention {
    group_norm: GroupNorm,
    to_q: (Tensor, Tensor),
    to_k: (Tensor, Tensor),
    to_v: (Tensor, Tensor),
    to_out: (Tensor, Tensor),
}

impl Attention {
    pub(super) fn new(vb: VarBuilder, channels: usize, groups: usize) -> Result<Self> {
        let square = [channels, channels];
        Ok(Self {
            group_norm: GroupNorm::new(vb.pp("group_norm"), channels, groups)?,
            to_q: affine(&vb.pp("to_q"), &square)?,
            to_k: affine(&vb.pp("to_k"), &square)?,
            to_v: affine(&vb.pp("to_v"), &square)?,
            to_out: affine(&vb.pp("to_out").pp("0"), &square)?,
        })
    }

    /// (B,C,H,W) → (B,C,H,W).
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (b, c, h, w) = x.dims4()?;
        let tokens = self.group_norm.forward(x)?.flatten_from(2)?.transpose(1, 2)?.contiguous()?; // (B,HW,C)
        let project = |(weight, bias): &(Tensor, Tensor), x: &Tensor| ops::linear(x, weight, Some(bias));
        let (q, k, v) = (project(&self.to_q, &tokens)?, project(&self.to_k, &tokens)?, project(&self.to_v, &tokens)?);
        let mixed = ops::attention(&q, &k, &v, 1, (c as f64).sqrt().recip(), None)?;
        let out = project(&self.to_out, &mixed)?.transpose(1, 2)?.reshape((b, c, h, w))?; // (B,C,H,W)
        x + out
    }
}
