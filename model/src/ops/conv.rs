//! Two-dimensional convolution by unfolding a sample into columns, and nearest-neighbour upsampling.

use super::math::sum;
use super::matmul::{View, multiply};
use super::storage::{is_cpu_f32, slice, with_slices};
use super::threads::for_each_chunk;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, bail};
use std::cell::RefCell;

/// Convolution of x (B, C, H, W) with weight (O, C, K, K), bias (O), the same stride and zero padding on both axes; y is of the weight's type.
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, stride: usize, padding: usize) -> Result<Tensor> {
    let y = if is_cpu_f32(x) {
        let geometry = Geometry::new(x.dims4()?, weight.dims4()?, stride, padding)?;
        x.contiguous()?.apply_op2(&weight.contiguous()?, Conv2d(geometry))?
    } else {
        x.to_dtype(weight.dtype())?.conv2d(weight, padding, stride, 1, 1)?
    };
    match bias {
        None => Ok(y),
        Some(bias) if is_cpu_f32(&y) => y.apply_op2(&bias.contiguous()?, ShiftChannels),
        Some(bias) => y.broadcast_add(&bias.reshape((1, (), 1, 1))?),
    }
}

/// Every pixel becomes a 2 x 2 block: (B, C, H, W) → (B, C, 2H, 2W).
pub fn upsample_nearest2d(x: &Tensor) -> Result<Tensor> {
    if is_cpu_f32(x) {
        return x.contiguous()?.apply_op1(Upsample);
    }
    let (b, c, h, w) = x.dims4()?;
    x.reshape((b, c, h, 1, w, 1))?.broadcast_as((b, c, h, 2, w, 2))?.reshape((b, c, 2 * h, 2 * w))
}

#[derive(Clone, Copy)]
struct Geometry {
    channels: usize,
    height: usize,
    width: usize,
    out_channels: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
}

impl Geometry {
    fn new(
        (_, channels, height, width): (usize, usize, usize, usize),
        (out_channels, inner, kernel, kernel_w): (usize, usize, usize, usize),
        stride: usize,
        padding: usize,
    ) -> Result<Self> {
        if inner != channels || kernel != kernel_w || height + 2 * padding < kernel || width + 2 * padding < kernel {
            bail!(
                "conv2d: input ({channels}, {height}, {width}) against ({out_channels}, {inner}, {kernel}, {kernel_w})"
            );
        }
        Ok(Self { channels, height, width, out_channels, kernel, stride, padding })
    }

    fn out_size(&self) -> (usize, usize) {
        let size = |n: usize| (n + 2 * self.padding - self.kernel) / self.stride + 1;
        (size(self.height), size(self.width))
    }

    /// Rows of the column matrix: one per channel and tap.
    fn taps(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }

    fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.stride == 1 && self.padding == 0
    }

    /// Input columns that tap `kx` of output column `x` reads, as a range of x for which they lie inside.
    fn inside(&self, k: usize, size: usize, out: usize) -> (usize, usize) {
        let low = self.padding.saturating_sub(k).div_ceil(self.stride);
        let high = if size + self.padding > k { (size + self.padding - k).div_ceil(self.stride).min(out) } else { 0 };
        (low.min(high), high)
    }

    /// Calls `each(tap row, output y, range of output x, first input element)` for all taps that meet the image.
    fn visit(&self, mut each: impl FnMut(usize, usize, (usize, usize), usize)) {
        let (oh, ow) = self.out_size();
        for row in 0..self.taps() {
            let (c, tap) = (row / (self.kernel * self.kernel), row % (self.kernel * self.kernel));
            let (ky, kx) = (tap / self.kernel, tap % self.kernel);
            let ((y0, y1), x) = (self.inside(ky, self.height, oh), self.inside(kx, self.width, ow));
            if x.0 == x.1 {
                continue;
            }
            for y in y0..y1 {
                let iy = y * self.stride + ky - self.padding;
                let ix = x.0 * self.stride + kx - self.padding;
                each(row, y, x, (c * self.height + iy) * self.width + ix);
            }
        }
    }

    /// Unfolds one sample (C, H, W) into columns (C·K·K, H'·W').
    fn unfold(&self, x: &[f32], columns: &mut [f32]) {
        let (oh, ow) = self.out_size();
        if self.padding > 0 {
            columns.fill(0.0);
        }
        self.visit(|row, y, (x0, x1), from| {
            let to = &mut columns[(row * oh + y) * ow..][x0..x1];
            if self.stride == 1 {
                to.copy_from_slice(&x[from..from + (x1 - x0)]);
            } else {
                to.iter_mut().zip(x[from..].iter().step_by(self.stride)).for_each(|(to, x)| *to = *x);
            }
        });
    }

    /// The transpose of [`Self::unfold`]: adds columns back onto the sample.
    fn fold(&self, columns: &[f32], x: &mut [f32]) {
        let (oh, ow) = self.out_size();
        self.visit(|row, y, (x0, x1), to| {
            let from = &columns[(row * oh + y) * ow..][x0..x1];
            if self.stride == 1 {
                x[to..to + (x1 - x0)].iter_mut().zip(from).for_each(|(x, from)| *x += from);
            } else {
                x[to..].iter_mut().step_by(self.stride).zip(from).for_each(|(x, from)| *x += from);
            }
        });
    }
}

/// Lends a buffer of `n` elements with whatever they hold: column matrices are megabytes, and fresh pages are slow.
fn with_scratch<R>(n: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    thread_local! {
        static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    }
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.len() < n {
            scratch.resize(n, 0.0);
        }
        work(&mut scratch[..n])
    })
}

struct Conv2d(Geometry);

impl CustomOp2 for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        let g = self.0;
        let (x, w) = (slice(x, lx)?, slice(w, lw)?);
        let ((oh, ow), batches) = (g.out_size(), lx.dims()[0]);
        let (size, area) = (g.channels * g.height * g.width, oh * ow);
        let mut y = vec![0f32; batches * g.out_channels * area];
        for_each_chunk(&mut y, g.out_channels * area, |b, y| {
            let x = &x[b * size..][..size];
            let weight = View::dense(w, g.out_channels, g.taps());
            if g.is_pointwise() {
                multiply(y, area, false, 1.0, weight, View::dense(x, g.channels, area));
            } else {
                with_scratch(g.taps() * area, |columns| {
                    g.unfold(x, columns);
                    multiply(y, area, false, 1.0, weight, View::dense(columns, g.taps(), area));
                });
            }
        });
        Ok((CpuStorage::F32(y), (batches, g.out_channels, oh, ow).into()))
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let g = self.0;
        let (oh, ow) = g.out_size();
        let (size, area) = (g.channels * g.height * g.width, oh * ow);
        let (dx, dw) = with_slices([x, w, dy], |[xs, ws, dy]| {
            let mut dx = vec![0f32; if x.track_op() { xs.len() } else { 0 }];
            let mut dw = vec![0f32; ws.len()];
            with_scratch(g.taps() * area, |columns| {
                for (b, dy) in dy.chunks_exact(g.out_channels * area).enumerate() {
                    let dy = View::dense(dy, g.out_channels, area);
                    let sample = &xs[b * size..][..size];
                    if g.is_pointwise() {
                        multiply(&mut dw, g.taps(), true, 1.0, dy, View::dense(sample, g.channels, area).t());
                    } else {
                        g.unfold(sample, columns);
                        multiply(&mut dw, g.taps(), true, 1.0, dy, View::dense(columns, g.taps(), area).t());
                    }
                    if let Some(dx) = dx.get_mut(b * size..(b + 1) * size) {
                        let weight = View::dense(ws, g.out_channels, g.taps()).t();
                        if g.is_pointwise() {
                            multiply(dx, area, false, 1.0, weight, dy);
                        } else {
                            multiply(columns, area, false, 1.0, weight, dy);
                            g.fold(columns, dx);
                        }
                    }
                }
            });
            (dx, dw)
        })?;
        let dx = x.track_op().then(|| Tensor::from_vec(dx, x.shape(), x.device())).transpose()?;
        Ok((dx, Some(Tensor::from_vec(dw, w.shape(), w.device())?)))
    }
}

struct ShiftChannels;

impl CustomOp2 for ShiftChannels {
    fn name(&self) -> &'static str {
        "shift-channels"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, b: &CpuStorage, lb: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, c, h, w) = lx.shape().dims4()?;
        let (x, bias) = (slice(x, lx)?, slice(b, lb)?);
        let mut y = vec![0f32; x.len()];
        for_each_chunk(&mut y, h * w, |i, y| {
            let bias = bias[i % c];
            y.iter_mut().zip(&x[i * h * w..]).for_each(|(y, x)| *y = x + bias);
        });
        Ok((CpuStorage::F32(y), lx.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, b: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (_, c, h, w) = x.dims4()?;
        let db = with_slices([dy], |[dy]| {
            let mut db = vec![0f32; c];
            for (i, dy) in dy.chunks_exact(h * w).enumerate() {
                db[i % c] += sum(dy);
            }
            db
        })?;
        Ok((Some(dy.clone()), Some(Tensor::from_vec(db, c, b.device())?)))
    }
}

struct Upsample;

impl CustomOp1 for Upsample {
    fn name(&self) -> &'static str {
        "upsample-nearest"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (b, c, h, w) = layout.shape().dims4()?;
        let x = slice(x, layout)?;
        let mut y = vec![0f32; 4 * x.len()];
        for_each_chunk(&mut y, 4 * w, |i, y| {
            let (upper, lower) = y.split_at_mut(2 * w);
            for (pair, x) in upper.chunks_exact_mut(2).zip(&x[i * w..][..w]) {
                pair.fill(*x);
            }
            lower.copy_from_slice(upper);
        });
        Ok((CpuStorage::F32(y), (b, c, 2 * h, 2 * w).into()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let w = x.dims4()?.3;
        let dx = with_slices([dy], |[dy]| {
            let mut dx = vec![0f32; dy.len() / 4];
            for (dx, dy) in dx.chunks_exact_mut(w).zip(dy.chunks_exact(4 * w)) {
                let (upper, lower) = dy.split_at(2 * w);
                for (j, dx) in dx.iter_mut().enumerate() {
                    *dx = (upper[2 * j] + upper[2 * j + 1]) + (lower[2 * j] + lower[2 * j + 1]);
                }
            }
            dx
        })?;
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}
