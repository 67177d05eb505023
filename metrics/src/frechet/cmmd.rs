//! CMMD: the maximum mean discrepancy of CLIP embeddings.

use rayon::prelude::*;

use super::distance::product;
use crate::error::MetricError;

/// Width of the Gaussian kernel.
const SIGMA: f64 = 10.0;

/// What the discrepancy is multiplied by, to be readable.
const SCALE: f64 = 1000.0;

/// Rows of a block of the kernel matrix, which is never held whole.
const BLOCK: usize = 256;

/// 1000 · (mean k(x, x') + mean k(y, y') − 2 mean k(x, y)), k = exp(−|a − b|² / 2σ²), σ = 10, diagonals included, over
/// rows of `width` values (officially: CLIP ViT-L/14 at 336 px, embeddings of length 1).
///
/// As `distance.py` of google-research/cmmd (arXiv 2401.09603), but in f64, where its f32 loses digits to cancellation.
///
/// # Errors
/// [`MetricError::Features`] where a set is empty, is not whole rows, or has a value that is not finite.
pub fn cmmd(x: &[f32], y: &[f32], width: usize) -> Result<f64, MetricError> {
    let (x, y) = (Rows::new(x, width)?, Rows::new(y, width)?);
    Ok(SCALE * (x.mean_kernel(&x) + y.mean_kernel(&y) - 2.0 * x.mean_kernel(&y)))
}

struct Rows {
    values: Vec<f64>,
    squares: Vec<f64>,
    width: usize,
}

impl Rows {
    fn new(rows: &[f32], width: usize) -> Result<Self, MetricError> {
        let refuse = |got: String| {
            let expected = format!("rows of {width} finite values");
            Err(MetricError::Features { what: "embeddings", expected, got })
        };
        if width == 0 || rows.is_empty() || !rows.len().is_multiple_of(width) {
            return refuse(format!("{} values", rows.len()));
        }
        if let Some(value) = rows.iter().find(|value| !value.is_finite()) {
            return refuse(value.to_string());
        }
        let values: Vec<f64> = rows.iter().map(|&value| f64::from(value)).collect();
        let squares = values.chunks_exact(width).map(|row| row.iter().map(|x| x * x).sum()).collect();
        Ok(Self { values, squares, width })
    }

    fn mean_kernel(&self, other: &Self) -> f64 {
        let (d, n) = (self.width, other.squares.len());
        let gamma = (2.0 * SIGMA * SIGMA).recip();
        let mut products = Vec::new();
        let mut total = 0.0;
        for (rows, squares) in self.values.chunks(BLOCK * d).zip(self.squares.chunks(BLOCK)) {
            products.resize(squares.len() * n, 0.0);
            product(&mut products, (squares.len(), d, n), (rows, d, 1), (&other.values, 1, d));
            let sum = |(row, square): (&[f64], &f64)| -> f64 {
                row.iter().zip(&other.squares).map(|(xy, yy)| (-gamma * (square + yy - 2.0 * xy).max(0.0)).exp()).sum()
            };
            // Collected before they are added, so that the order of the sum is fixed.
            let sums: Vec<f64> = products.par_chunks(n).zip(squares).map(sum).collect();
            total += sums.iter().sum::<f64>();
        }
        total / (self.squares.len() as f64 * n as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_points_have_a_closed_form() {
        let expected = 1000.0 * 2.0 * (1.0 - (-25.0f64 / 200.0).exp());
        assert!((cmmd(&[0.0, 0.0], &[3.0, 4.0], 2).unwrap() - expected).abs() < 1e-10);
        assert_eq!(cmmd(&[1.0, 2.0], &[1.0, 2.0], 2).unwrap(), 0.0);
        assert!(cmmd(&[], &[1.0], 1).is_err());
        assert!(cmmd(&[1.0, 2.0, 3.0], &[1.0, 2.0], 2).is_err());
    }
}
