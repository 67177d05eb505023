//! Two-dimensional convolution with a bias and, unless it is left out, a rectifier, by unfolding a sample into columns.

use candle_core::{DType, Result, Tensor, bail};
use rayon::prelude::*;

use super::product::{View, multiply};
use super::slices::{is_cpu_f32, with_slices};

/// How a window walks over a plane; sizes are (rows, columns).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) kernel: (usize, usize),
    pub(crate) stride: usize,
    /// Zeros on each side.
    pub(crate) padding: (usize, usize),
}

impl Window {
    /// Rows and columns of the result.
    pub(crate) fn out(&self, (height, width): (usize, usize)) -> Result<(usize, usize)> {
        let size = |n: usize, kernel: usize, padding: usize| {
            if kernel == 0 || n + 2 * padding < kernel {
                bail!("a window of {:?} over {height} x {width}", self.kernel);
            }
            Ok((n + 2 * padding - kernel) / self.stride + 1)
        };
        Ok((size(height, self.kernel.0, self.padding.0)?, size(width, self.kernel.1, self.padding.1)?))
    }

    /// Outputs for which tap `tap` lies inside `size` inputs, of `out`.
    fn inside(&self, tap: usize, padding: usize, size: usize, out: usize) -> (usize, usize) {
        let low = padding.saturating_sub(tap).div_ceil(self.stride);
        let high = if size + padding > tap { (size + padding - tap).div_ceil(self.stride).min(out) } else { 0 };
        (low.min(high), high)
    }
}

/// Weight (O, C, kh, kw), bias (O); the result is rectified, if not [`Conv::unrectified`].
#[derive(Clone, Debug)]
pub(crate) struct Conv {
    weight: Tensor,
    bias: Tensor,
    stride: usize,
    padding: (usize, usize),
    /// Smallest value of the result: 0, or that of all floats.
    floor: f32,
}

impl Conv {
    pub(crate) fn new(weight: Tensor, bias: Tensor, stride: usize, padding: (usize, usize)) -> Self {
        Self { weight, bias, stride, padding, floor: 0.0 }
    }

    /// The same without the rectifier.
    pub(crate) fn unrectified(self) -> Self {
        Self { floor: f32::NEG_INFINITY, ..self }
    }

    /// The convolution to outputs `start..start + count` alone.
    pub(crate) fn narrow(&self, start: usize, count: usize) -> Result<Self> {
        let (weight, bias) = (self.weight.narrow(0, start, count)?, self.bias.narrow(0, start, count)?);
        Ok(Self { weight: weight.contiguous()?, bias: bias.contiguous()?, ..self.clone() })
    }

    /// The same where `before` (O) was added before a scale (O), in f64, was folded in.
    pub(crate) fn biased_before(&self, before: &Tensor, scale: &Tensor) -> Result<Self> {
        let moved = (before.to_dtype(DType::F64)? * scale)?;
        let bias = (self.bias.to_dtype(DType::F64)? + moved)?.to_dtype(DType::F32)?;
        Ok(Self { bias, ..self.clone() })
    }

    /// x ∗ weight + bias, rectified where it is to be: x (B, C, H, W) → (B, O, H', W').
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let ((b, c, h, w), (o, inner, kh, kw)) = (x.dims4()?, self.weight.dims4()?);
        let window = Window { kernel: (kh, kw), stride: self.stride, padding: self.padding };
        let (oh, ow) = window.out((h, w))?;
        if c != inner {
            bail!("convolution of {:?} with {:?}", x.shape(), self.weight.shape());
        }
        if !is_cpu_f32(x) {
            let (ph, pw) = self.padding;
            let padded = x.pad_with_zeros(2, ph, ph)?.pad_with_zeros(3, pw, pw)?;
            let y =
                padded.conv2d(&self.weight, 0, self.stride, 1, 1)?.broadcast_add(&self.bias.reshape((1, o, 1, 1))?)?;
            return if self.floor == 0.0 { y.relu() } else { Ok(y) };
        }
        let taps = c * kh * kw;
        let pointwise = window == Window { kernel: (1, 1), stride: 1, padding: (0, 0) };
        let y = with_slices([x, &self.weight, &self.bias], |[x, weight, bias]| {
            let area = oh * ow;
            let mut y = vec![0f32; b * o * area];
            let mut columns = if pointwise { Vec::new() } else { vec![0f32; taps * area] };
            for (x, y) in x.chunks_exact(c * h * w).zip(y.chunks_exact_mut(o * area)) {
                let columns = if pointwise {
                    x
                } else {
                    let planes = columns.par_chunks_mut(kh * kw * area).zip(x.par_chunks(h * w));
                    planes.for_each(|(columns, plane)| unfold(plane, columns, (h, w), (oh, ow), window));
                    &columns
                };
                multiply(y, area, false, 1.0, View::dense(weight, o, taps), View::dense(columns, taps, area));
                y.par_chunks_mut(area)
                    .zip(bias)
                    .for_each(|(y, bias)| y.iter_mut().for_each(|y| *y = (*y + bias).max(self.floor)));
            }
            y
        })?;
        Tensor::from_vec(y, (b, o, oh, ow), x.device())
    }
}

/// One channel (H, W) into its rows (kh·kw, H'·W') of the column matrix; what lies outside stays zero.
fn unfold(plane: &[f32], columns: &mut [f32], (h, w): (usize, usize), (oh, ow): (usize, usize), window: Window) {
    let ((_, kw), (ph, pw), stride) = (window.kernel, window.padding, window.stride);
    for (tap, column) in columns.chunks_exact_mut(oh * ow).enumerate() {
        let (ky, kx) = (tap / kw, tap % kw);
        let ((y0, y1), (x0, x1)) = (window.inside(ky, ph, h, oh), window.inside(kx, pw, w, ow));
        for y in y0..y1 {
            let from = (y * stride + ky - ph) * w + x0 * stride + kx - pw;
            let to = &mut column[y * ow..][x0..x1];
            if stride == 1 {
                to.copy_from_slice(&plane[from..from + (x1 - x0)]);
            } else {
                to.iter_mut().zip(plane[from..].iter().step_by(stride)).for_each(|(to, x)| *to = *x);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn filled(shape: &[usize], phase: f64) -> Tensor {
        let values: Vec<f32> =
            (0..shape.iter().product()).map(|i| ((i as f64 * 1.618_034 + phase).sin() * 1.3) as f32).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    #[test]
    fn equals_candles_convolution() {
        for (kernel, stride, padding) in
            [((3, 3), 2, (0, 0)), ((1, 7), 1, (0, 3)), ((7, 1), 1, (3, 0)), ((1, 1), 1, (0, 0)), ((5, 5), 1, (2, 2))]
        {
            let x = filled(&[2, 3, 11, 13], 0.1);
            let conv = Conv::new(filled(&[5, 3, kernel.0, kernel.1], 0.2), filled(&[5], 0.3), stride, padding);
            let padded =
                x.pad_with_zeros(2, padding.0, padding.0).unwrap().pad_with_zeros(3, padding.1, padding.1).unwrap();
            let plain = padded.conv2d(&conv.weight, 0, stride, 1, 1).unwrap();
            let plain = plain.broadcast_add(&conv.bias.reshape((1, 5, 1, 1)).unwrap()).unwrap().relu().unwrap();
            let got = conv.forward(&x).unwrap();
            assert_eq!(got.dims(), plain.dims());
            let apart = (got - plain).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(apart < 2e-5, "{kernel:?}: {apart}");
        }
        let conv = Conv::new(filled(&[5, 3, 3, 3], 0.2), filled(&[5], 0.3), 1, (0, 0));
        assert!(conv.forward(&filled(&[1, 3, 2, 5], 0.0)).is_err());
    }
}
