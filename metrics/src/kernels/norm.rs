//! Layer normalisation over the last axis.

use candle_core::{D, Result, Tensor, bail};
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

/// (x − mean) / √(variance + eps) · weight + bias over each group of channels of x (1, C, H, W); weight and bias (C).
pub(crate) fn group_norm(x: &Tensor, groups: usize, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    let (b, c, h, w) = x.dims4()?;
    if b != 1 || groups == 0 || !c.is_multiple_of(groups) {
        bail!("group normalisation of {:?} in {groups} groups", x.shape());
    }
    if !is_cpu_f32(x) {
        let rows = x.reshape((groups, c / groups * h * w))?;
        let centred = rows.broadcast_sub(&rows.mean_keepdim(D::Minus1)?)?;
        let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + eps)?.sqrt()?;
        let normal = centred.broadcast_div(&deviation)?.reshape((b, c, h, w))?;
        let of = |t: &Tensor| t.reshape((1, c, 1, 1));
        return normal.broadcast_mul(&of(weight)?)?.broadcast_add(&of(bias)?);
    }
    let y = with_slices([x, weight, bias], |[x, weight, bias]| {
        let (area, each) = (h * w, c / groups);
        let mut y = vec![0f32; x.len()];
        y.par_chunks_mut(each * area).zip(x.par_chunks(each * area)).enumerate().for_each(|(group, (y, x))| {
            // Thousands of values: planes are summed in f32, their sums in f64.
            let total = |f: &dyn Fn(f32) -> f32| -> f64 {
                x.chunks_exact(w).map(|row| f64::from(row.iter().map(|x| f(*x)).sum::<f32>())).sum()
            };
            let mean = (total(&|x| x) / x.len() as f64) as f32;
            let variance = total(&|x| (x - mean) * (x - mean)) / x.len() as f64;
            let inverse = (variance + eps).sqrt().recip() as f32;
            for (i, (y, x)) in y.chunks_exact_mut(area).zip(x.chunks_exact(area)).enumerate() {
                let (gain, offset) = (weight[group * each + i], bias[group * each + i]);
                y.iter_mut().zip(x).for_each(|(y, x)| *y = ((x - mean) * inverse).mul_add(gain, offset));
            }
        });
        y
    })?;
    Tensor::from_vec(y, x.shape(), x.device())
}
