//! Mean and covariance of a stream of vectors, in f64.

use super::gaussian::Gaussian;
use crate::error::MetricError;

/// Sums of a stream; two of them can be merged, so shards can be measured apart.
///
/// Rows are taken in blocks of a fixed size, so the result does not depend on how many came at a time.
#[derive(Clone, Debug)]
pub struct Moments {
    width: usize,
    count: usize,
    mean: Vec<f64>,
    /// Σ (x − mean)(x − mean)ᵀ, row-major, of the rows counted.
    scatter: Vec<f64>,
    /// Rows that wait for their block to be full.
    pending: Vec<f64>,
}

/// Rows of a block: the scatter matrix is read and written once for as many.
const BLOCK: usize = 256;

impl Moments {
    /// Of no vectors yet, of this length.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self { width, count: 0, mean: vec![0.0; width], scatter: vec![0.0; width * width], pending: Vec::new() }
    }

    /// How many vectors came.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count + self.pending.len() / self.width.max(1)
    }

    /// Takes rows of `width` values.
    ///
    /// # Errors
    /// [`MetricError::Features`] where they are not whole rows or not all finite; none is taken then.
    pub fn add(&mut self, rows: &[f32]) -> Result<(), MetricError> {
        let refuse = |expected: String, got: String| Err(MetricError::Features { what: "features", expected, got });
        if self.width == 0 || !rows.len().is_multiple_of(self.width) {
            return refuse(format!("rows of {} values", self.width), format!("{} values", rows.len()));
        }
        if let Some(value) = rows.iter().find(|value| !value.is_finite()) {
            return refuse("finite values".to_owned(), value.to_string());
        }
        for row in rows.chunks_exact(self.width) {
            self.pending.extend(row.iter().map(|&value| f64::from(value)));
            if self.pending.len() == BLOCK * self.width {
                self.flush();
            }
        }
        Ok(())
    }

    /// Takes all that another stream of the same length took.
    ///
    /// # Errors
    /// [`MetricError::Features`] where the lengths differ.
    pub fn merge(&mut self, mut other: Self) -> Result<(), MetricError> {
        if other.width != self.width {
            let (expected, got) = (format!("width {}", self.width), format!("width {}", other.width));
            return Err(MetricError::Features { what: "features", expected, got });
        }
        self.flush();
        other.flush();
        self.join(other.count, &other.mean, &other.scatter);
        Ok(())
    }

    /// Mean and unbiased covariance (over n − 1, as numpy's `cov`).
    ///
    /// # Errors
    /// [`MetricError::Features`] of fewer than two vectors.
    pub fn gaussian(&self) -> Result<Gaussian, MetricError> {
        let mut whole = self.clone();
        whole.flush();
        if whole.count < 2 {
            let (expected, got) = ("at least 2".to_owned(), whole.count.to_string());
            return Err(MetricError::Features { what: "features", expected, got });
        }
        let scale = ((whole.count - 1) as f64).recip();
        whole.scatter.iter_mut().for_each(|value| *value *= scale);
        Gaussian::new(whole.mean, whole.scatter)
    }

    fn flush(&mut self) {
        let d = self.width;
        let mut rows = std::mem::take(&mut self.pending);
        let count = rows.len() / d.max(1);
        if count == 0 {
            return;
        }
        let mut mean = vec![0.0; d];
        for row in rows.chunks_exact(d) {
            mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += x / count as f64);
        }
        for row in rows.chunks_exact_mut(d) {
            row.iter_mut().zip(&mean).for_each(|(x, mean)| *x -= mean);
        }
        let mut scatter = vec![0.0; d * d];
        super::distance::product(&mut scatter, (d, count, d), (&rows, 1, d), (&rows, d, 1));
        self.join(count, &mean, &scatter);
        rows.clear();
        self.pending = rows;
    }

    /// Chan, Golub and LeVeque's pairwise update.
    fn join(&mut self, count: usize, mean: &[f64], scatter: &[f64]) {
        if count == 0 {
            return;
        }
        let total = (self.count + count) as f64;
        let (share, weight) = (count as f64 / total, self.count as f64 * count as f64 / total);
        let shift: Vec<f64> = mean.iter().zip(&self.mean).map(|(new, old)| new - old).collect();
        let rows = self.scatter.chunks_exact_mut(self.width).zip(scatter.chunks_exact(self.width));
        for ((row, new), a) in rows.zip(&shift) {
            for ((sum, new), b) in row.iter_mut().zip(new).zip(&shift) {
                *sum += new + weight * a * b;
            }
        }
        self.mean.iter_mut().zip(&shift).for_each(|(mean, shift)| *mean += share * shift);
        self.count += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> Vec<f32> {
        (0..count * 3).map(|i| ((i as f32 * 1.618).sin() * 2.0) + (i % 3) as f32 * 100.0).collect()
    }

    #[test]
    fn streamed_merged_and_at_once_agree_with_the_definition() {
        let all = rows(700);
        let mut streamed = Moments::new(3);
        all.chunks(21).for_each(|part| streamed.add(part).unwrap());
        let mut at_once = Moments::new(3);
        at_once.add(&all).unwrap();
        let mut merged = Moments::new(3);
        merged.add(&all[..300]).unwrap();
        let mut rest = Moments::new(3);
        rest.add(&all[300..]).unwrap();
        merged.merge(rest).unwrap();

        let column = |c: usize| all.iter().skip(c).step_by(3).map(|&x| f64::from(x));
        let mean: Vec<f64> = (0..3).map(|c| column(c).sum::<f64>() / 700.0).collect();
        let covariance = |a: usize, b: usize| {
            column(a).zip(column(b)).map(|(x, y)| (x - mean[a]) * (y - mean[b])).sum::<f64>() / 699.0
        };
        assert_eq!(streamed.gaussian().unwrap(), at_once.gaussian().unwrap());
        for moments in [streamed, merged] {
            assert_eq!(moments.count(), 700);
            let gaussian = moments.gaussian().unwrap();
            for (a, mean) in mean.iter().enumerate() {
                assert!((gaussian.mean()[a] - mean).abs() < 1e-12);
                for b in 0..3 {
                    assert!((gaussian.covariance()[3 * a + b] - covariance(a, b)).abs() < 1e-10);
                }
            }
        }
    }

    #[test]
    fn what_is_no_row_is_refused() {
        let mut moments = Moments::new(3);
        assert!(moments.add(&[1.0, 2.0]).is_err());
        assert!(moments.add(&[1.0, 2.0, f32::NAN]).is_err());
        moments.add(&[1.0, 2.0, 3.0]).unwrap();
        assert!(moments.gaussian().is_err());
        assert!(moments.merge(Moments::new(2)).is_err());
    }
}
