//! Tensors with the initial values that PyTorch gives to convolutions, linear layers and norms.

use candle_core::{Result, Tensor};
use candle_nn::{Init, VarBuilder};

use crate::parameter_types;

/// Weight and bias of a layer with `bound = 1 / sqrt(fan-in)`, PyTorch's default; the bias starts at zero (ours).
pub(crate) fn affine(vb: &VarBuilder, shape: &[usize]) -> Result<(Tensor, Tensor)> {
    let fan_in: usize = shape[1..].iter().product();
    let bound = (fan_in as f64).sqrt().recip();
    let weight = parameter_types::other(vb, shape, "weight", Init::Uniform { lo: -bound, up: bound })?;
    let bias = parameter_types::other(vb, shape[0], "bias", Init::Const(0.0))?;
    Ok((weight, bias))
}

/// A convolution with a square kernel, kept with its stride and padding.
#[derive(Clone, Debug)]
pub(crate) struct Conv {
    weight: Tensor, // (out, in, k, k)
    bias: Tensor,   // (out)
    stride: usize,
    padding: usize,
}

impl Conv {
    /// `kernel` 3 keeps the size (padding 1), `kernel` 1 mixes channels.
    pub(crate) fn new(vb: VarBuilder, input: usize, output: usize, kernel: usize) -> Result<Self> {
        let (weight, bias) = affine(&vb, &[output, input, kernel, kernel])?;
        Ok(Self { weight, bias, stride: 1, padding: kernel / 2 })
    }

    /// 3 x 3 with stride 2 and no padding of its own.
    pub(crate) fn halving(vb: VarBuilder, channels: usize) -> Result<Self> {
        let (weight, bias) = affine(&vb, &[channels, channels, 3, 3])?;
        Ok(Self { weight, bias, stride: 2, padding: 0 })
    }

    /// 3 x 3 with stride 2 and padding 1 on every side.
    pub(crate) fn halving_padded(vb: VarBuilder, channels: usize) -> Result<Self> {
        Ok(Self { padding: 1, ..Self::halving(vb, channels)? })
    }

    /// (B,C,H,W) → (B,C',H',W').
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        crate::ops::conv2d(x, &self.weight, Some(&self.bias), self.stride, self.padding)
    }
}

/// Group norm over (B,C,H,W).
#[derive(Clone, Debug)]
pub(crate) struct GroupNorm {
    weight: Tensor, // (C)
    bias: Tensor,   // (C)
    groups: usize,
    epsilon: f64,
}

impl GroupNorm {
    /// With the epsilon that all of diffusers' autoencoders use.
    pub(crate) fn new(vb: VarBuilder, channels: usize, groups: usize) -> Result<Self> {
        Self::with_epsilon(vb, channels, groups, 1e-6)
    }

    pub(crate) fn with_epsilon(vb: VarBuilder, channels: usize, groups: usize, epsilon: f64) -> Result<Self> {
        let weight = parameter_types::other(&vb, channels, "weight", Init::Const(1.0))?;
        let bias = parameter_types::other(&vb, channels, "bias", Init::Const(0.0))?;
        Ok(Self { weight, bias, groups, epsilon })
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        crate::ops::group_norm(x, &self.weight, &self.bias, self.groups, self.epsilon)
    }
}
