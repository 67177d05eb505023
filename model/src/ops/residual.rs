//! The gated residual of adaLN-Zero.

use super::storage::{is_cpu_f32, slice, with_slices};
use super::threads::for_each_chunk;
use candle_core::{CpuStorage, CustomOp3, D, Layout, Result, Shape, Tensor};

/// `x + gate · branch`: x and branch (B, N, D); modulation (B, kD), of which `gate` is the index of the vector used.
pub fn gated_residual(x: &Tensor, modulation: &Tensor, gate: usize, branch: &Tensor) -> Result<Tensor> {
    if is_cpu_f32(x) {
        return x.contiguous()?.apply_op3(&modulation.contiguous()?, &branch.contiguous()?, GatedResidual { gate });
    }
    let d = x.dim(D::Minus1)?;
    x + modulation.narrow(1, gate * d, d)?.unsqueeze(1)?.broadcast_mul(branch)?
}

struct GatedResidual {
    gate: usize,
}

impl CustomOp3 for GatedResidual {
    fn name(&self) -> &'static str {
        "gated-residual"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        m: &CpuStorage,
        lm: &Layout,
        branch: &CpuStorage,
        lb: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, n, d) = lx.shape().dims3()?;
        let stride = lm.shape().dim(1)?;
        let (x, m, branch) = (slice(x, lx)?, slice(m, lm)?, slice(branch, lb)?);
        let mut y = vec![0f32; x.len()];
        for_each_chunk(&mut y, n * d, |b, y| {
            let gate = &m[b * stride + self.gate * d..][..d];
            let rows = x[b * n * d..].chunks_exact(d).zip(branch[b * n * d..].chunks_exact(d));
            for (y, (x, branch)) in y.chunks_exact_mut(d).zip(rows) {
                for (((y, x), branch), gate) in y.iter_mut().zip(x).zip(branch).zip(gate) {
                    *y = branch.mul_add(*gate, *x);
                }
            }
        });
        Ok((CpuStorage::F32(y), lx.shape().clone()))
    }

    fn bwd(
        &self,
        _: &Tensor,
        m: &Tensor,
        branch: &Tensor,
        _: &Tensor,
        dy: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (_, n, d) = branch.dims3()?;
        let stride = m.dim(1)?;
        let (dm, dbranch) = with_slices([m, branch, dy], |[m, branch, dy]| {
            let (mut dm, mut dbranch) = (vec![0f32; m.len()], vec![0f32; branch.len()]);
            for (b, dm) in dm.chunks_exact_mut(stride).enumerate() {
                let gate = &m[b * stride + self.gate * d..][..d];
                let dgate = &mut dm[self.gate * d..][..d];
                for row in b * n..(b + 1) * n {
                    let (branch, dy) = (&branch[row * d..][..d], &dy[row * d..][..d]);
                    let dbranch = &mut dbranch[row * d..][..d];
                    for i in 0..d {
                        dgate[i] = dy[i].mul_add(branch[i], dgate[i]);
                        dbranch[i] = dy[i] * gate[i];
                    }
                }
            }
            (dm, dbranch)
        })?;
        let device = m.device();
        Ok((
            Some(dy.clone()),
            Some(Tensor::from_vec(dm, m.shape(), device)?),
            Some(Tensor::from_vec(dbranch, branch.shape(), device)?),
        ))
    }
}
