//! The relative position bias: a learnt number per head and class of distance, added to the attention logits.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::T5Config;
use crate::parameter_types;
use crate::text::parameter::normal;

/// Which way attention looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// The encoder: half of the classes for each side.
    Both,
    /// The decoder: all classes for what came before.
    Back,
}

#[derive(Clone, Debug)]
pub(super) struct PositionBias {
    relative_attention_bias: Tensor, // (buckets, heads)
    direction: Direction,
    max_distance: usize,
}

impl PositionBias {
    /// Reads `relative_attention_bias` below `vb`, the first block's attention.
    pub(super) fn new(vb: VarBuilder, config: &T5Config, direction: Direction) -> Result<Self> {
        let shape = (config.relative_attention_num_buckets, config.num_heads);
        let init = normal((config.d_model as f64).sqrt().recip());
        Ok(Self {
            relative_attention_bias: parameter_types::other(&vb.pp("relative_attention_bias"), shape, "weight", init)?,
            direction,
            max_distance: config.relative_attention_max_distance,
        })
    }

    /// The bias among `length` tokens: (1,A,L,L).
    pub(super) fn forward(&self, length: usize) -> Result<Tensor> {
        let (buckets, heads) = self.relative_attention_bias.dims2()?;
        let at = |i: usize| {
            let (query, key) = (i / length, i % length);
            bucket(key as i64 - query as i64, self.direction, buckets, self.max_distance)
        };
        let classes: Vec<u32> = (0..length * length).map(at).collect();
        let classes = Tensor::from_vec(classes, length * length, self.relative_attention_bias.device())?;
        let bias = self.relative_attention_bias.index_select(&classes, 0)?; // (LL,A)
        bias.t()?.reshape((1, heads, length, length))
    }
}

/// The class of a key `offset` tokens after its query: one a token when near, logarithmic up to `max_distance`, then one.
/// transformers: `_relative_position_bucket`, in its precision, so that borders fall alike.
fn bucket(offset: i64, direction: Direction, buckets: usize, max_distance: usize) -> u32 {
    let (buckets, start, distance) = match direction {
        Direction::Both if offset > 0 => (buckets / 2, buckets / 2, offset),
        Direction::Both => (buckets / 2, 0, -offset),
        Direction::Back => (buckets, 0, (-offset).max(0)),
    };
    let (distance, exact) = (distance as usize, buckets / 2);
    if distance < exact {
        return (start + distance) as u32;
    }
    let far = (distance as f32 / exact as f32).ln() / (max_distance as f64 / exact as f64).ln() as f32;
    let class = exact + (far * (buckets - exact) as f32) as usize;
    (start + class.min(buckets - 1)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_those_of_transformers() {
        // T5Attention._relative_position_bucket with 32 classes and distance 128.
        let both = [(0, 0), (-1, 1), (-7, 7), (-8, 8), (-11, 8), (-12, 9), (-64, 14), (-91, 15), (-500, 15)];
        for (offset, class) in both.into_iter().chain([(1, 17), (7, 23), (8, 24), (16, 26), (128, 31)]) {
            assert_eq!(bucket(offset, Direction::Both, 32, 128), class, "{offset}");
        }
        for (offset, class) in [(3, 0), (0, 0), (-15, 15), (-16, 16), (-32, 21), (-64, 26), (-127, 31), (-128, 31)] {
            assert_eq!(bucket(offset, Direction::Back, 32, 128), class, "{offset}");
        }
    }
}
