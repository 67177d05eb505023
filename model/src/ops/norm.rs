//! Normalisations, and the adaLN modulation that rides on one of them.

use super::linear::column_sums;
use super::math::{dot, sum, sum_square};
use super::storage::{is_cpu_f32, slice, with_slices};
use super::threads::for_each_chunk;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, CustomOp3, D, DType, Layout, Result, Shape, Tensor};

/// LayerNorm over the last axis (..., D), with optional affine weight and bias (D).
pub fn layer_norm(x: &Tensor, weight: Option<&Tensor>, bias: Option<&Tensor>, eps: f64) -> Result<Tensor> {
    let normed = if is_cpu_f32(x) {
        x.contiguous()?.apply_op1(Standardise { eps: eps as f32 })?
    } else {
        let exact = x.to_dtype(DType::F32)?;
        let centred = exact.broadcast_sub(&exact.mean_keepdim(D::Minus1)?)?;
        centred.broadcast_div(&(centred.sqr()?.mean_keepdim(D::Minus1)? + eps)?.sqrt()?)?.to_dtype(x.dtype())?
    };
    let scaled = weight.map_or(Ok(normed.clone()), |w| scale_columns(&normed, w))?;
    bias.map_or(Ok(scaled.clone()), |b| shift_columns(&scaled, b))
}

/// T5's norm over the last axis: x / rms(x) · weight, no centring.
pub fn rms_norm(x: &Tensor, weight: &Tensor, eps: f64) -> Result<Tensor> {
    let normed = if is_cpu_f32(x) {
        x.contiguous()?.apply_op1(RootMeanSquare { eps: eps as f32 })?
    } else {
        let exact = x.to_dtype(DType::F32)?;
        exact.broadcast_div(&(exact.sqr()?.mean_keepdim(D::Minus1)? + eps)?.sqrt()?)?.to_dtype(x.dtype())?
    };
    scale_columns(&normed, weight)
}

/// LayerNorm without affine weights, then `x (1 + scale) + shift`: DiT's adaLN.
///
/// x (B, N, D); modulation (B, kD) holds k vectors a sample, of which `shift` and `scale` are indices.
pub fn modulated_layer_norm(x: &Tensor, modulation: &Tensor, shift: usize, scale: usize, eps: f64) -> Result<Tensor> {
    if is_cpu_f32(x) {
        let op = Modulate { shift, scale, eps: eps as f32 };
        return x.contiguous()?.apply_op2(&modulation.contiguous()?, op);
    }
    let d = x.dim(D::Minus1)?;
    let part = |i: usize| modulation.narrow(1, i * d, d)?.unsqueeze(1);
    layer_norm(x, None, None, eps)?.broadcast_mul(&(part(scale)? + 1.0)?)?.broadcast_add(&part(shift)?)
}

/// GroupNorm with affine weight and bias (C): x (B, C, H, W), statistics over C/groups channels and all positions.
pub fn group_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, groups: usize, eps: f64) -> Result<Tensor> {
    let (b, c, h, w) = x.dims4()?;
    if is_cpu_f32(x) {
        let op = GroupNorm { groups, eps: eps as f32 };
        return x.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, op);
    }
    let grouped = x.reshape((b, groups, c / groups * h * w))?;
    let normed = layer_norm(&grouped, None, None, eps)?.reshape((b, c, h, w))?;
    normed.broadcast_mul(&weight.reshape((1, c, 1, 1))?)?.broadcast_add(&bias.reshape((1, c, 1, 1))?)
}

fn scale_columns(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    if is_cpu_f32(x) { x.contiguous()?.apply_op2(&weight.contiguous()?, ScaleColumns) } else { x.broadcast_mul(weight) }
}

fn shift_columns(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if is_cpu_f32(x) { x.contiguous()?.apply_op2(&bias.contiguous()?, ShiftColumns) } else { x.broadcast_add(bias) }
}

/// Rows a thread takes at a time.
const ROWS: usize = 16;

#[inline(always)]
fn mean_and_inverse_deviation(row: &[f32], eps: f32) -> (f32, f32) {
    let n = row.len() as f32;
    let mean = sum(row) / n;
    (mean, 1.0 / (sum_square(row, mean) / n + eps).sqrt())
}

/// Gradient through y = (x - mean(x)) · r, given g = dL/dy: r (g - mean(g) - y mean(g y)).
#[inline(always)]
fn standardise_backward(x: &[f32], g: &[f32], dx: &mut [f32], mean: f32, r: f32) {
    let n = x.len() as f32;
    let mean_g = sum(g) / n;
    let mean_gy = (dot(g, x) - mean * sum(g)) * r / n;
    for ((dx, &x), &g) in dx.iter_mut().zip(x).zip(g) {
        *dx = r * (g - mean_g - (x - mean) * r * mean_gy);
    }
}

struct Standardise {
    eps: f32,
}

impl CustomOp1 for Standardise {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, d) = (slice(x, layout)?, layout.shape().dim(D::Minus1)?);
        let mut y = vec![0f32; x.len()];
        for_each_chunk(&mut y, ROWS * d, |i, y| {
            for (y, x) in y.chunks_exact_mut(d).zip(x[i * ROWS * d..].chunks_exact(d)) {
                let (mean, r) = mean_and_inverse_deviation(x, self.eps);
                y.iter_mut().zip(x).for_each(|(y, x)| *y = (x - mean) * r);
            }
        });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let d = x.dim(D::Minus1)?;
        let dx = with_slices([x, dy], |[x, dy]| {
            let mut dx = vec![0f32; x.len()];
            for_each_chunk(&mut dx, ROWS * d, |i, dx| {
                let rows = x[i * ROWS * d..].chunks_exact(d).zip(dy[i * ROWS * d..].chunks_exact(d));
                for (dx, (x, dy)) in dx.chunks_exact_mut(d).zip(rows) {
                    let (mean, r) = mean_and_inverse_deviation(x, self.eps);
                    standardise_backward(x, dy, dx, mean, r);
                }
            });
            dx
        })?;
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

struct RootMeanSquare {
    eps: f32,
}

impl RootMeanSquare {
    fn inverse(&self, row: &[f32]) -> f32 {
        1.0 / (sum_square(row, 0.0) / row.len() as f32 + self.eps).sqrt()
    }
}

impl CustomOp1 for RootMeanSquare {
    fn name(&self) -> &'static str {
        "rms-norm"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, d) = (slice(x, layout)?, layout.shape().dim(D::Minus1)?);
        let mut y = vec![0f32; x.len()];
        for_each_chunk(&mut y, ROWS * d, |i, y| {
            for (y, x) in y.chunks_exact_mut(d).zip(x[i * ROWS * d..].chunks_exact(d)) {
                let r = self.inverse(x);
                y.iter_mut().zip(x).for_each(|(y, x)| *y = x * r);
            }
        });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        let d = x.dim(D::Minus1)?;
        let dx = with_slices([x, dy], |[x, dy]| {
            let mut dx = vec![0f32; x.len()];
            for_each_chunk(&mut dx, ROWS * d, |i, dx| {
                let rows = x[i * ROWS * d..].chunks_exact(d).zip(dy[i * ROWS * d..].chunks_exact(d));
                for (dx, (x, dy)) in dx.chunks_exact_mut(d).zip(rows) {
                    let r = self.inverse(x);
                    let pull = dot(x, dy) * r * r / d as f32;
                    for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
                        *dx = r * (dy - x * pull);
                    }
                }
            });
            dx
        })?;
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}

struct Modulate {
    shift: usize,
    scale: usize,
    eps: f32,
}

impl CustomOp2 for Modulate {
    fn name(&self) -> &'static str {
        "modulated-layer-norm"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, m: &CpuStorage, lm: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, n, d) = lx.shape().dims3()?;
        let stride = lm.shape().dim(1)?;
        let (x, m) = (slice(x, lx)?, slice(m, lm)?);
        let mut y = vec![0f32; x.len()];
        for_each_chunk(&mut y, n * d, |b, y| {
            let (shift, scale) = (&m[b * stride + self.shift * d..][..d], &m[b * stride + self.scale * d..][..d]);
            for (y, x) in y.chunks_exact_mut(d).zip(x[b * n * d..].chunks_exact(d)) {
                let (mean, r) = mean_and_inverse_deviation(x, self.eps);
                for (((y, x), shift), scale) in y.iter_mut().zip(x).zip(shift).zip(scale) {
                    *y = ((x - mean) * r).mul_add(1.0 + scale, *shift);
                }
            }
        });
        Ok((CpuStorage::F32(y), lx.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, m: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (_, n, d) = x.dims3()?;
        let stride = m.dim(1)?;
        let (dx, dm) = with_slices([x, m, dy], |[x, m, dy]| {
            let (mut dx, mut dm) = (vec![0f32; x.len()], vec![0f32; m.len()]);
            let mut g = vec![0f32; d];
            for (b, dm) in dm.chunks_exact_mut(stride).enumerate() {
                let scale = &m[b * stride + self.scale * d..][..d];
                for row in b * n..(b + 1) * n {
                    let (x, dy) = (&x[row * d..][..d], &dy[row * d..][..d]);
                    let (mean, r) = mean_and_inverse_deviation(x, self.eps);
                    dm[self.shift * d..][..d].iter_mut().zip(dy).for_each(|(sum, dy)| *sum += dy);
                    for ((sum, x), dy) in dm[self.scale * d..][..d].iter_mut().zip(x).zip(dy) {
                        *sum = ((x - mean) * r).mul_add(*dy, *sum);
                    }
                    g.iter_mut().zip(dy).zip(scale).for_each(|((g, dy), scale)| *g = dy * (1.0 + scale));
                    standardise_backward(x, &g, &mut dx[row * d..][..d], mean, r);
                }
            }
            (dx, dm)
        })?;
        Ok((Some(Tensor::from_vec(dx, x.shape(), x.device())?), Some(Tensor::from_vec(dm, m.shape(), m.device())?)))
    }
}

struct GroupNorm {
    groups: usize,
    eps: f32,
}

impl CustomOp3 for GroupNorm {
    fn name(&self) -> &'static str {
        "group-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        w: &CpuStorage,
        lw: &Layout,
        b: &CpuStorage,
        lb: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, c, height, width) = lx.shape().dims4()?;
        let (area, per_group) = (height * width, c / self.groups);
        let (x, w, b) = (slice(x, lx)?, slice(w, lw)?, slice(b, lb)?);
        let mut y = vec![0f32; x.len()];
        for_each_chunk(&mut y, per_group * area, |i, y| {
            let x = &x[i * per_group * area..][..per_group * area];
            let (mean, r) = mean_and_inverse_deviation(x, self.eps);
            for (j, (y, x)) in y.chunks_exact_mut(area).zip(x.chunks_exact(area)).enumerate() {
                let channel = i % self.groups * per_group + j;
                let (gain, offset) = (w[channel] * r, b[channel] - mean * r * w[channel]);
                y.iter_mut().zip(x).for_each(|(y, x)| *y = x.mul_add(gain, offset));
            }
        });
        Ok((CpuStorage::F32(y), lx.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        _: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (_, c, height, width) = x.dims4()?;
        let (area, per_group) = (height * width, c / self.groups);
        let (dx, dw, db) = with_slices([x, w, dy], |[x, w, dy]| {
            let (mut dx, mut dw, mut db) = (vec![0f32; x.len()], vec![0f32; c], vec![0f32; c]);
            for (i, dx) in dx.chunks_exact_mut(per_group * area).enumerate() {
                let span = i * per_group * area..(i + 1) * per_group * area;
                let (x, dy) = (&x[span.clone()], &dy[span]);
                let (mean, r) = mean_and_inverse_deviation(x, self.eps);
                // With g = w·dy: dx = r (g - mean(g) - y mean(g y)); per channel both means need only sum(dy) and sum(dy·x).
                let (mut mean_g, mut mean_gy) = (0.0, 0.0);
                for (j, (x, dy)) in x.chunks_exact(area).zip(dy.chunks_exact(area)).enumerate() {
                    let channel = i % self.groups * per_group + j;
                    let (sum_dy, sum_dyx) = (sum(dy), dot(dy, x));
                    let sum_dyy = (sum_dyx - mean * sum_dy) * r;
                    dw[channel] += sum_dyy;
                    db[channel] += sum_dy;
                    mean_g += w[channel] * sum_dy;
                    mean_gy += w[channel] * sum_dyy;
                }
                let n = (per_group * area) as f32;
                let (mean_g, mean_gy) = (mean_g / n, mean_gy / n);
                let rows = x.chunks_exact(area).zip(dy.chunks_exact(area));
                for (j, (dx, (x, dy))) in dx.chunks_exact_mut(area).zip(rows).enumerate() {
                    let w = w[i % self.groups * per_group + j];
                    for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
                        *dx = r * (w * dy - mean_g - (x - mean) * r * mean_gy);
                    }
                }
            }
            (dx, dw, db)
        })?;
        let device = x.device();
        Ok((
            Some(Tensor::from_vec(dx, x.shape(), device)?),
            Some(Tensor::from_vec(dw, c, device)?),
            Some(Tensor::from_vec(db, c, device)?),
        ))
    }
}

struct ScaleColumns;

impl CustomOp2 for ScaleColumns {
    fn name(&self) -> &'static str {
        "scale-columns"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, w) = (slice(x, lx)?, slice(w, lw)?);
        let mut y = x.to_vec();
        for_each_chunk(&mut y, ROWS * w.len(), |_, y| {
            for y in y.chunks_exact_mut(w.len()) {
                y.iter_mut().zip(w).for_each(|(y, w)| *y *= w);
            }
        });
        Ok((CpuStorage::F32(y), lx.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let dx = dy.apply_op2_no_bwd(&w.detach(), &ScaleColumns)?;
        Ok((Some(dx), Some(column_sums(&(x.detach() * dy)?)?)))
    }
}

struct ShiftColumns;

impl CustomOp2 for ShiftColumns {
    fn name(&self) -> &'static str {
        "shift-columns"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, b: &CpuStorage, lb: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, b) = (slice(x, lx)?, slice(b, lb)?);
        let mut y = x.to_vec();
        for_each_chunk(&mut y, ROWS * b.len(), |_, y| {
            for y in y.chunks_exact_mut(b.len()) {
                y.iter_mut().zip(b).for_each(|(y, b)| *y += b);
            }
        });
        Ok((CpuStorage::F32(y), lx.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok((Some(dy.clone()), Some(column_sums(dy)?)))
    }
}
