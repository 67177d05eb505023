//! y = x Wᵀ + b, and what follows it.

use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

use super::math::gelu;
use super::product::{View, multiply};
use super::rows::add_product;
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

    /// x (M, I) → (M, O), for many rows: a general matrix product. Bits may depend on M.
    pub(crate) fn forward(&self, x: &Tensor, after: After) -> Result<Tensor> {
        self.apply(x, after, |y, x, weight, (m, n, k)| {
            multiply(y, n, true, 1.0, View::dense(x, m, k), View::dense(weight, n, k).t());
        })
    }

    /// [`Self::forward`] for few rows; a row's bits do not depend on the other rows, nor on how many there are.
    pub(crate) fn forward_rows(&self, x: &Tensor, after: After) -> Result<Tensor> {
        self.apply(x, after, |y, x, weight, (_, _, k)| add_product(y, x, weight, k))
    }

    /// `product(y, x, weight, (M, O, I))` adds the product to y.
    fn apply(
        &self,
        x: &Tensor,
        after: After,
        product: impl FnOnce(&mut [f32], &[f32], &[f32], (usize, usize, usize)),
    ) -> Result<Tensor> {
        let ((m, k), (n, inner)) = (x.dims2()?, self.weight.dims2()?);
        if k != inner {
            bail!("linear: input {:?} against a weight {:?}", x.shape(), self.weight.shape());
        }
        if !is_cpu_f32(x) {
            return self.composed(x, after);
        }
        let added = if let After::Add(added) = after { added } else { &self.bias };
        let y = with_slices([x, &self.weight, &self.bias, added], |[x, weight, bias, added]| {
            let mut y = bias.repeat(m);
            if let After::Add(_) = after {
                y.iter_mut().zip(added).for_each(|(y, added)| *y += added);
            }
            product(&mut y, x, weight, (m, n, k));
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
