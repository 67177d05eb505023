//! y = x Wᵀ + b.

use super::matmul::{View, multiply, multiply_by_bf16, multiply_by_f16};
use super::storage::{is_cpu_f32, slice, slice_of, with_slices};
use candle_core::{CpuStorage, CustomOp2, CustomOp3, D, Layout, Result, Shape, Tensor};

/// Affine map of the last axis: x (..., I), weight (O, I), bias (O) → (..., O).
///
/// On the CPU the weight may also lie in bfloat16 or in halves, beside x and bias in f32; it then has no gradient. Elsewhere x is taken in
/// the weight's type, and y is of it.
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let (out, inner) = weight.dims2()?;
    let mut shape = x.dims().to_vec();
    if shape.pop() != Some(inner) {
        candle_core::bail!("linear: input {:?} against a weight {:?}", x.shape(), weight.shape());
    }
    shape.push(out);
    let flat = x.contiguous()?.reshape(((), inner))?;
    let y = match bias {
        _ if !is_cpu_f32(x) => {
            let y = flat.to_dtype(weight.dtype())?.matmul(&weight.t()?)?;
            bias.map_or(Ok(y.clone()), |bias| y.broadcast_add(bias))?
        }
        Some(bias) => flat.apply_op3(&weight.contiguous()?, &bias.contiguous()?, Linear)?,
        None => flat.apply_op2(&weight.contiguous()?, Linear)?,
    };
    y.reshape(shape)
}

struct Linear;

impl Linear {
    fn forward(
        (x, lx): (&CpuStorage, &Layout),
        (weight, lw): (&CpuStorage, &Layout),
        bias: Option<&[f32]>,
    ) -> Result<(CpuStorage, Shape)> {
        let ((m, k), n) = (lx.shape().dims2()?, lw.dims()[0]);
        let mut y = match bias {
            Some(bias) => bias.repeat(m),
            None => vec![0.0; m * n],
        };
        let x = View::dense(slice(x, lx)?, m, k);
        match weight {
            CpuStorage::BF16(_) => multiply_by_bf16(&mut y, bias.is_some(), x, slice_of(weight, lw)?),
            CpuStorage::F16(_) => multiply_by_f16(&mut y, bias.is_some(), x, slice_of(weight, lw)?),
            _ => multiply(&mut y, n, bias.is_some(), 1.0, x, View::dense(slice(weight, lw)?, n, k).t()),
        }
        Ok((CpuStorage::F32(y), (m, n).into()))
    }

    /// Gradients of x, weight; each only where something upstream needs it.
    fn backward(x: &Tensor, weight: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (m, k) = x.dims2()?;
        let n = weight.dim(0)?;
        with_slices([x, weight, dy], |[xs, ws, dys]| {
            let dx = x.track_op().then(|| {
                let mut dx = vec![0.0; m * k];
                multiply(&mut dx, k, false, 1.0, View::dense(dys, m, n), View::dense(ws, n, k));
                Tensor::from_vec(dx, (m, k), x.device())
            });
            let dw = weight.track_op().then(|| {
                let mut dw = vec![0.0; n * k];
                multiply(&mut dw, k, false, 1.0, View::dense(dys, m, n).t(), View::dense(xs, m, k));
                Tensor::from_vec(dw, (n, k), x.device())
            });
            Ok((dx.transpose()?, dw.transpose()?))
        })?
    }
}

impl CustomOp2 for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        Self::forward((x, lx), (w, lw), None)
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _: &Tensor, dy: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Self::backward(x, w, dy)
    }
}

impl CustomOp3 for Linear {
    fn name(&self) -> &'static str {
        "linear"
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
        Self::forward((x, lx), (w, lw), Some(slice(b, lb)?))
    }

    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        b: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (dx, dw) = Self::backward(x, w, dy)?;
        let db = b.track_op().then(|| column_sums(dy)).transpose()?;
        Ok((dx, dw, db))
    }
}

/// Sum over all axes but the last.
pub(super) fn column_sums(x: &Tensor) -> Result<Tensor> {
    let n = x.dim(D::Minus1)?;
    let sums = with_slices([x], |[x]| {
        let mut sums = vec![0f32; n];
        for row in x.chunks_exact(n) {
            for (sum, x) in sums.iter_mut().zip(row) {
                *sum += x;
            }
        }
        sums
    })?;
    Tensor::from_vec(sums, n, x.device())
}
