//! Layer normalisation over the last axis.

use candle_core::{D, Result, Tensor};
use rayon::prelude::*;

use super::math::sum_by;
use super::slices::{is_cpu_f32, with_slices};

/// Gain and offset, each (D).
#[derive(Clone, Debug)]
pub(crate) struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

/// Rows a thread takes at a time.
const ROWS: usize = 32;

impl LayerNorm {
    pub(crate) fn new(weight: Tensor, bias: Tensor, eps: f64) -> Self {
        Self { weight, bias, eps }
    }

    /// (x − mean) / √(variance + eps) · weight + bias, a row of x (M, D).
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let d = x.dim(D::Minus1)?;
        if !is_cpu_f32(x) {
            return candle_nn::ops::layer_norm_slow(x, &self.weight, &self.bias, self.eps as f32);
        }
        let y = with_slices([x, &self.weight, &self.bias], |[x, weight, bias]| {
            let mut y = vec![0f32; x.len()];
            y.par_chunks_mut(ROWS * d).zip(x.par_chunks(ROWS * d)).for_each(|(y, x)| {
                for (y, x) in y.chunks_exact_mut(d).zip(x.chunks_exact(d)) {
                    let mean = sum_by(x, |x| x) / d as f32;
                    // Two passes: the mean of squares less the square of the mean cancels in f32.
                    let variance = sum_by(x, |x| (x - mean) * (x - mean)) / d as f32;
                    let inverse = (f64::from(variance) + self.eps).sqrt().recip() as f32;
                    for (((y, x), weight), bias) in y.iter_mut().zip(x).zip(weight).zip(bias) {
                        *y = ((x - mean) * inverse).mul_add(*weight, *bias);
                    }
                }
            });
            y
        })?;
        Tensor::from_vec(y, x.shape(), x.device())
    }
}
