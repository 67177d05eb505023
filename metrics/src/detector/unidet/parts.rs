//! Convolutions as detectron2 stores them.

use candle_core::{DType, Result as Candle, Tensor};

use crate::error::MetricError;
use crate::kernels::{Conv, Linear};
use crate::weights::TensorSource;

/// Output channels, input channels, side of the kernel, stride; as many zeros around as keep the size.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) out: usize,
    pub(super) inner: usize,
    pub(super) side: usize,
    pub(super) stride: usize,
}

impl Shape {
    /// Of stride 1.
    pub(super) fn new(out: usize, inner: usize, side: usize) -> Self {
        Self { out, inner, side, stride: 1 }
    }

    pub(super) fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }
}

/// Added to the variance by PyTorch's and detectron2's batch normalisations.
const EPS: f64 = 1e-5;

pub(super) fn failed(source: candle_core::Error) -> MetricError {
    MetricError::Network { network: "unidet".to_owned(), source }
}

/// A convolution without bias and its normalisation `norm` with fixed statistics, folded into one; rectified.
pub(super) fn normalised(source: &dyn TensorSource, name: &str, norm: &str, shape: Shape) -> Result<Conv, MetricError> {
    let Shape { out, inner, side, stride } = shape;
    let weight = source.tensor(&format!("{name}.weight"), &[out, inner, side, side])?;
    let (scale, bias) = affine(source, norm, out)?;
    fold(&weight, &scale, &bias, stride).map_err(failed)
}

/// A normalisation with fixed statistics as y = scale · x + bias, in f64.
pub(super) fn affine(source: &dyn TensorSource, norm: &str, out: usize) -> Result<(Tensor, Tensor), MetricError> {
    let of = |part: &str| source.tensor(&format!("{norm}.{part}"), &[out]);
    let (gain, offset, mean, variance) = (of("weight")?, of("bias")?, of("running_mean")?, of("running_var")?);
    source.ignored(&format!("{norm}.num_batches_tracked"), &[]);
    let work = || {
        let wide = |t: &Tensor| t.to_dtype(DType::F64);
        let scale = (wide(&gain)? / (wide(&variance)? + EPS)?.sqrt()?)?;
        let bias = (wide(&offset)? - (wide(&mean)? * &scale)?)?;
        Ok((scale, bias))
    };
    work().map_err(failed)
}

fn fold(weight: &Tensor, scale: &Tensor, bias: &Tensor, stride: usize) -> Candle<Conv> {
    let (out, _, side, _) = weight.dims4()?;
    let folded = weight.to_dtype(DType::F64)?.broadcast_mul(&scale.reshape((out, 1, 1, 1))?)?;
    let padding = (side / 2, side / 2);
    Ok(Conv::new(folded.to_dtype(DType::F32)?, bias.to_dtype(DType::F32)?, stride, padding))
}

/// A convolution with a bias; rectified.
pub(super) fn biased(source: &dyn TensorSource, name: &str, shape: Shape) -> Result<Conv, MetricError> {
    let Shape { out, inner, side, stride } = shape;
    let weight = source.tensor(&format!("{name}.weight"), &[out, inner, side, side])?;
    Ok(Conv::new(weight, source.tensor(&format!("{name}.bias"), &[out])?, stride, (side / 2, side / 2)))
}

/// [`normalised`] under detectron2's usual name, or [`biased`].
pub(super) fn either(
    source: &dyn TensorSource,
    name: &str,
    shape: Shape,
    with_norm: bool,
) -> Result<Conv, MetricError> {
    if with_norm { normalised(source, name, &format!("{name}.norm"), shape) } else { biased(source, name, shape) }
}

/// A linear layer (out, inner).
pub(super) fn linear(source: &dyn TensorSource, name: &str, out: usize, inner: usize) -> Result<Linear, MetricError> {
    let weight = source.tensor(&format!("{name}.weight"), &[out, inner])?;
    Ok(Linear::new(weight, source.tensor(&format!("{name}.bias"), &[out])?))
}
