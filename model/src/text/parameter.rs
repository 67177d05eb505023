//! Linear layers and norms with their initial values, shared by both encoders.

use candle_core::{DType, Result, Tensor};
use candle_nn::{Init, VarBuilder};

use crate::{ops, parameter_types};

/// Normal with mean zero.
pub(crate) fn normal(stdev: f64) -> Init {
    Init::Randn { mean: 0.0, stdev }
}

/// `x W^T + b`, the bias starting at zero where there is one.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    weight: Tensor,       // (out, in)
    bias: Option<Tensor>, // (out)
}

impl Linear {
    /// `stdev` is that of the initial weights.
    pub(crate) fn new(vb: VarBuilder, input: usize, output: usize, stdev: f64) -> Result<Self> {
        let bias = Some(parameter_types::other(&vb, output, "bias", Init::Const(0.0))?);
        Ok(Self { bias, ..Self::without_bias(vb, input, output, stdev)? })
    }

    pub(crate) fn without_bias(vb: VarBuilder, input: usize, output: usize, stdev: f64) -> Result<Self> {
        Ok(Self { weight: parameter_types::matrix(&vb, (output, input), normal(stdev))?, bias: None })
    }

    /// (..., in) → (..., out).
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        ops::linear(x, &self.weight, self.bias.as_ref())
    }
}

/// Layer norm over the last axis.
#[derive(Clone, Debug)]
pub(crate) struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    epsilon: f64,
}

impl LayerNorm {
    pub(crate) fn new(vb: VarBuilder, width: usize, epsilon: f64) -> Result<Self> {
        let weight = parameter_types::other(&vb, width, "weight", Init::Const(1.0))?;
        let bias = parameter_types::other(&vb, width, "bias", Init::Const(0.0))?;
        Ok(Self { weight, bias, epsilon })
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        ops::layer_norm(x, Some(&self.weight), Some(&self.bias), self.epsilon)
    }
}

/// Root-mean-square norm over the last axis.
#[derive(Clone, Debug)]
pub(crate) struct RmsNorm {
    weight: Tensor,
    epsilon: f64,
}

impl RmsNorm {
    pub(crate) fn new(vb: VarBuilder, width: usize, epsilon: f64) -> Result<Self> {
        Ok(Self { weight: parameter_types::other(&vb, width, "weight", Init::Const(1.0))?, epsilon })
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        ops::rms_norm(x, &self.weight, self.epsilon)
    }
}

/// What is added to the attention logits where nothing may be attended to: large and finite, also twice, in any type.
fn masked(dtype: DType) -> f64 {
    if dtype == DType::F16 { -3e4 } else { -1e30 }
}

/// (1,1,L,L): zero up to the diagonal, a large negative number after it.
pub(crate) fn causal_bias(length: usize, like: &Tensor) -> Result<Tensor> {
    let masked = masked(like.dtype()) as f32;
    let values = (0..length * length).map(|i| if i % length > i / length { masked } else { 0.0 }).collect::<Vec<_>>();
    Tensor::from_vec(values, (1, 1, length, length), like.device())?.to_dtype(like.dtype())
}

/// Mask (B,M), 1 = attended, → (B,1,1,M), zero there and a large negative number elsewhere.
pub(crate) fn mask_bias(mask: &Tensor, like: &Tensor) -> Result<Tensor> {
    let (b, m) = mask.dims2()?;
    let masked = masked(like.dtype());
    let bias = mask.to_dtype(DType::F32)?.affine(-masked, masked)?.to_dtype(like.dtype())?;
    bias.reshape((b, 1, 1, m)) // (B,1,1,M)
}
