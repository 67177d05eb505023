//! Split attention: two halves of channels, weighed against each other by what the whole picture shows.

use candle_core::{Result as Candle, Tensor};

use super::parts::{Shape, biased, failed, normalised};
use crate::error::MetricError;
use crate::kernels::{Conv, mean_over_area};
use crate::weights::TensorSource;

/// Halves.
const RADIX: usize = 2;

/// `SplAtConv2d` of ResNeSt with radix 2 and one group.
pub(super) struct SplitAttention {
    /// A grouped convolution: each half of the input to as many channels as the whole has.
    halves: Vec<Conv>,
    fc1: Conv,
    fc2: Conv,
}

impl SplitAttention {
    pub(super) fn load(source: &dyn TensorSource, name: &str, channels: usize) -> Result<Self, MetricError> {
        let inner = (channels * RADIX / 4).max(32);
        let shape = Shape::new(channels * RADIX, channels / RADIX, 3);
        let grouped = normalised(source, &format!("{name}.conv"), &format!("{name}.bn0"), shape)?;
        let half = |i: usize| grouped.narrow(i * channels, channels);
        Ok(Self {
            halves: (0..RADIX).map(half).collect::<Candle<_>>().map_err(failed)?,
            fc1: Self::squeeze(source, name, inner, channels)?,
            fc2: biased(source, &format!("{name}.fc2"), Shape::new(channels * RADIX, inner, 1))?.unrectified(),
        })
    }

    /// The first 1 x 1 has a bias and a normalisation, too.
    fn squeeze(source: &dyn TensorSource, name: &str, out: usize, inner: usize) -> Result<Conv, MetricError> {
        let normalised = normalised(source, &format!("{name}.fc1"), &format!("{name}.bn1"), Shape::new(out, inner, 1))?;
        let bias = source.tensor(&format!("{name}.fc1.bias"), &[out])?;
        let (scale, _) = super::parts::affine(source, &format!("{name}.bn1"), out)?;
        normalised.biased_before(&bias, &scale).map_err(failed)
    }

    /// x (1, C, H, W) → (1, C, H, W)
    pub(super) fn forward(&self, x: &Tensor) -> Candle<Tensor> {
        let (_, channels, _, _) = x.dims4()?;
        let half = channels / RADIX;
        let split: Vec<Tensor> = (0..RADIX)
            .map(|i| self.halves[i].forward(&x.narrow(1, i * half, half)?.contiguous()?))
            .collect::<Candle<_>>()?;
        let gap = mean_over_area(&(&split[0] + &split[1])?)?.reshape((1, channels, 1, 1))?;
        let logits = self.fc2.forward(&self.fc1.forward(&gap)?)?.reshape((RADIX, channels))?;
        let shares = candle_nn::ops::softmax(&logits, 0)?; // (2, C)
        let share = |i: usize| split[i].broadcast_mul(&shares.narrow(0, i, 1)?.reshape((1, channels, 1, 1))?);
        share(0)? + share(1)?
    }
}
