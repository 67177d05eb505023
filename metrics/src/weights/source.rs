//! Where a network takes its tensors from.

use candle_core::Tensor;

use crate::error::MetricError;

/// Hands out tensors by name.
pub trait TensorSource {
    /// The f32 tensor of this name and shape.
    ///
    /// A source may note a tensor that it lacks, hand out zeros, and report all of them together at the end.
    ///
    /// # Errors
    /// Where the tensor cannot be read at all.
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, MetricError>;

    /// The f32 tensor of this name in the shape it is stored in, where there is one: for position embeddings, which are
    /// resampled to the size wanted.
    ///
    /// # Errors
    /// Where the tensor cannot be read.
    fn any_shape(&self, name: &str) -> Result<Option<Tensor>, MetricError>;

    /// That `name`, where present, only repeats the tensor `of`.
    ///
    /// # Errors
    /// Where the tensor cannot be read.
    fn tied(&self, name: &str, of: &str, shape: &[usize]) -> Result<(), MetricError>;

    /// That `name`, where present, holds no weights (`position_ids`).
    fn ignored(&self, name: &str, shape: &[usize]);
}

/// A source whose file calls the tensors otherwise.
pub struct Renamed<'a, F> {
    /// The file.
    pub source: &'a dyn TensorSource,
    /// From the network's name to the file's.
    pub rename: F,
}

impl<F: Fn(&str) -> String> TensorSource for Renamed<'_, F> {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, MetricError> {
        self.source.tensor(&(self.rename)(name), shape)
    }

    fn any_shape(&self, name: &str) -> Result<Option<Tensor>, MetricError> {
        self.source.any_shape(&(self.rename)(name))
    }

    fn tied(&self, name: &str, of: &str, shape: &[usize]) -> Result<(), MetricError> {
        self.source.tied(&(self.rename)(name), &(self.rename)(of), shape)
    }

    fn ignored(&self, name: &str, shape: &[usize]) {
        self.source.ignored(&(self.rename)(name), shape);
    }
}
