//! What is compared: a mean and a covariance.

use std::path::Path;

use candle_core::npy::NpzTensors;
use candle_core::{DType, Tensor};

use crate::error::MetricError;

/// A mean and a covariance of one width.
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussian {
    mean: Vec<f64>,
    covariance: Vec<f64>,
}

impl Gaussian {
    /// `covariance` is row-major and symmetric.
    ///
    /// # Errors
    /// [`MetricError::Features`] where the lengths do not fit, or a value is not finite.
    pub fn new(mean: Vec<f64>, covariance: Vec<f64>) -> Result<Self, MetricError> {
        let refuse = |expected: String, got: String| Err(MetricError::Features { what: "statistics", expected, got });
        if mean.is_empty() || covariance.len() != mean.len() * mean.len() {
            return refuse(format!("{0} x {0} covariances", mean.len()), format!("{} of them", covariance.len()));
        }
        if let Some(value) = mean.iter().chain(&covariance).find(|value| !value.is_finite()) {
            return refuse("finite values".to_owned(), value.to_string());
        }
        Ok(Self { mean, covariance })
    }

    /// Statistics of a reference set as pytorch-fid writes them: an `.npz` of `mu` (d) and `sigma` (d, d).
    ///
    /// # Errors
    /// [`MetricError::WeightsFile`] where the file cannot be read or lacks one, [`MetricError::Features`] where they do
    /// not fit.
    pub fn from_npz(path: &Path) -> Result<Self, MetricError> {
        let read = || {
            let file = NpzTensors::new(path)?;
            let part = |name: &str| match file.get(name)? {
                Some(tensor) => wide(&tensor),
                None => candle_core::bail!("there is no {name}"),
            };
            Ok((part("mu")?, part("sigma")?))
        };
        let fail =
            |source: candle_core::Error| MetricError::WeightsFile { path: path.to_owned(), source: source.into() };
        let (mean, covariance) = read().map_err(fail)?;
        Self::new(mean, covariance)
    }

    /// Length of a vector.
    #[must_use]
    pub fn width(&self) -> usize {
        self.mean.len()
    }

    /// (d).
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// (d, d), row-major.
    #[must_use]
    pub fn covariance(&self) -> &[f64] {
        &self.covariance
    }
}

fn wide(tensor: &Tensor) -> candle_core::Result<Vec<f64>> {
    tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()
}
