//! y = x Wᵀ + b, and what follows it.

use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

use super::math::gelu;
use super::product::{View, multiply};
use super::slices::{is_cpu_f32, with_slices};

/// Weight (O, I) and bias (O).
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    weight: Tensor,
    bias: Tensor,
}

/// What happens to the product.
#[derive(Clone, Copy)]
pub(crate) enum After<'a> {
    /// Nothing.
    Nothing,
    /// GELU by the error function.
    Gelu,
    /// This is added, (M, O).
    Add(&'a Tensor),
}

/// Elements a thread takes at a time.
const CHUNK: usize = 1 << 14;

impl Linear {
    pub(crate) fn new(weight: Tensor, bias: Tensor) -> Self {
        Self { weight, bias }
    }

    /// x (M, I) → (M, O).
    ///
    /// A row's bits do not depend on the other rows: a single row is computed as one of two, because the matrix product
    /// takes another path, and another order of summation, for vectors.
    pub(crate) fn forward(&self, x: &Tensor, after: After) -> Result<Tensor> {
        let ((m, k), (n, inner)) = (x.dims2()?, self.weight.dims2()?);
        if k != inner {
            bail!("linear: input {:?} against a weight {:?}", x.shape(), self.weight.shape());
        }
        if !is_cpu_f32(x) {
            return self.composed(x, after);
        }
        let added = if let After::Add(added) = after { added } else { &self.bias };
        let y = with_slices([x, &self.weight, &self.bias, added], |[x, weight, bias, added]| {
            let mut y = bias.repeat(m.max(2));
            if let After::Add(_) = after {
                y.chunks_exact_mut(n).zip(added.chunks_exact(n)).for_each(|(y, added)| {
                    y.iter_mut().zip(added).for_each(|(y, added)| *y += added);
                });
            }
            let weight = View::dense(weight, n, k).t();
            if m == 1 {
                multiply(&mut y, n, true, 1.0, View::dense(&x.repeat(2), 2, k), weight);
                y.truncate(n);
            } else {
                multiply(&mut y, n, true, 1.0, View::dense(x, m, k), weight);
            }
            if let After::Gelu = after {
                y.par_chunks_mut(CHUNK).for_each(|y| y.iter_mut().for_each(|y| *y = gelu(*y)));
            }
            y
        })?;
        Tensor::from_vec(y, (m, n), x.device())
    }

    fn composed(&self, x: &Tensor, after: After) -> Result<Tensor> {
        let y = x.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)?;
        match after {
            After::Nothing => Ok(y),
            After::Gelu => y.gelu_erf(),
            After::Add(added) => y + added,
        }
    }
}
