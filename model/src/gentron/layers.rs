//! Layers with their initial values: DiT's (Peebles & Xie 2023, `initialize_weights`).

use crate::{ops, parameter_types};
use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};

/// Epsilon of every LayerNorm of the backbone; none has affine weights.
pub(super) const NORM_EPS: f64 = 1e-6;

/// An affine map with checkpoint keys `weight` and `bias`.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// Xavier-uniform weight, zero bias.
    pub(super) fn new(vb: VarBuilder, input: usize, output: usize) -> Result<Self> {
        let bound = (6.0 / (input + output) as f64).sqrt();
        Self::with_init(vb, input, output, Init::Uniform { lo: -bound, up: bound })
    }

    /// All zero: the branch it ends is silent until trained.
    pub(super) fn zero(vb: VarBuilder, input: usize, output: usize) -> Result<Self> {
        Self::with_init(vb, input, output, Init::Const(0.0))
    }

    /// Normal weight of the given deviation, zero bias.
    pub(super) fn normal(vb: VarBuilder, input: usize, output: usize, stdev: f64) -> Result<Self> {
        Self::with_init(vb, input, output, Init::Randn { mean: 0.0, stdev })
    }

    fn with_init(vb: VarBuilder, input: usize, output: usize, init: Init) -> Result<Self> {
        let weight = parameter_types::matrix(&vb, (output, input), init)?;
        Ok(Self { weight, bias: parameter_types::other(&vb, output, "bias", Init::Const(0.0))? })
    }

    /// A convolution whose stride is its kernel, (O, C, p, p), as the affine map of unfolded patches that it is.
    pub(super) fn patches(vb: VarBuilder, channels: usize, patch: usize, output: usize) -> Result<Self> {
        let input = channels * patch * patch;
        let bound = (6.0 / (input + output) as f64).sqrt();
        let init = Init::Uniform { lo: -bound, up: bound };
        let weight =
            parameter_types::other(&vb, (output, channels, patch, patch), "weight", init)?.reshape((output, input))?;
        Ok(Self { weight, bias: parameter_types::other(&vb, output, "bias", Init::Const(0.0))? })
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        ops::linear(x, &self.weight, Some(&self.bias))
    }
}

/// LayerNorm without affine weights.
pub(super) fn norm(x: &Tensor) -> Result<Tensor> {
    ops::layer_norm(x, None, None, NORM_EPS)
}
