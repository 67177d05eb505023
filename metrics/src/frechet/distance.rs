//! The Fréchet distance between two Gaussians, and what it is called.

use super::eigen::{eigenvalues, semidefinite_factor};
use super::gaussian::Gaussian;
use crate::error::MetricError;

/// |μ₁ − μ₂|² + tr Σ₁ + tr Σ₂ − 2 tr √(Σ₁Σ₂), in f64.
///
/// tr √(Σ₁Σ₂) is the sum of the square roots of the eigenvalues of Σ₁Σ₂; with Σ₁ = L Lᵀ these are those of the symmetric
/// Lᵀ Σ₂ L, whatever the rank of either. pytorch-fid instead takes a complex matrix root of the unsymmetric product and
/// drops its imaginary part, which costs it digits where fewer pictures than features were measured.
///
/// # Errors
/// [`MetricError::Features`] where the widths differ or the eigenvalues do not converge.
pub fn frechet_distance(a: &Gaussian, b: &Gaussian) -> Result<f64, MetricError> {
    let d = a.width();
    if b.width() != d {
        let (expected, got) = (format!("width {d}"), format!("width {}", b.width()));
        return Err(MetricError::Features { what: "statistics", expected, got });
    }
    let apart: f64 = a.mean().iter().zip(b.mean()).map(|(a, b)| (a - b) * (a - b)).sum();
    let trace = |gaussian: &Gaussian| (0..d).map(|i| gaussian.covariance()[i * d + i]).sum::<f64>();
    let shared = trace_of_root(a.covariance(), b.covariance(), d).ok_or_else(|| MetricError::Features {
        what: "statistics",
        expected: "covariances whose eigenvalues converge".to_owned(),
        got: "others".to_owned(),
    })?;
    Ok(apart + trace(a) + trace(b) - 2.0 * shared)
}

/// tr √(AB) of two positive semi-definite matrices (d, d).
fn trace_of_root(a: &[f64], b: &[f64], d: usize) -> Option<f64> {
    let (l, rank) = semidefinite_factor(a, d);
    let mut bl = vec![0.0; d * rank];
    product(&mut bl, (d, d, rank), (b, d, 1), (&l, rank, 1));
    let mut inner = vec![0.0; rank * rank];
    product(&mut inner, (rank, d, rank), (&l, 1, rank), (&bl, rank, 1));
    let values = eigenvalues(inner, rank)?;
    // Below this an eigenvalue is rounding, and its root would not be small.
    let rounding = d as f64 * f64::EPSILON * values.iter().copied().fold(0.0, f64::max);
    Some(values.iter().filter(|&&value| value > rounding).map(|value| value.sqrt()).sum())
}

/// `out` (m, n) row-major = lhs (m, k) · rhs (k, n), each with its row and column stride.
pub(super) fn product(
    out: &mut [f64],
    (m, k, n): (usize, usize, usize),
    lhs: (&[f64], usize, usize),
    rhs: (&[f64], usize, usize),
) {
    let fits = |(x, row, column): (&[f64], usize, usize), rows: usize, columns: usize| {
        rows == 0 || columns == 0 || (rows - 1) * row + (columns - 1) * column < x.len()
    };
    assert!(out.len() == m * n && fits(lhs, m, k) && fits(rhs, k, n), "matrix view out of bounds");
    // SAFETY: the views were checked against their slices, `out` is borrowed exclusively.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            false,
            lhs.0.as_ptr(),
            lhs.2 as isize,
            lhs.1 as isize,
            rhs.0.as_ptr(),
            rhs.2 as isize,
            rhs.1 as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::Rayon(0),
        );
    }
}

/// `FID-30K` for exactly 30,000 generated pictures, `FID-<n>` otherwise.
#[must_use]
pub fn fid_name(generated: usize) -> String {
    sized_name("FID", generated)
}

/// `NAME-30K` for exactly 30,000 generated pictures, `NAME-<n>` otherwise: `FD-CLIP-5000`, `CMMD-30K`.
#[must_use]
pub fn sized_name(name: &str, generated: usize) -> String {
    if generated == 30_000 { format!("{name}-30K") } else { format!("{name}-{generated}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagonal(mean: &[f64], variances: &[f64]) -> Gaussian {
        let d = mean.len();
        let covariance = (0..d * d).map(|i| if i / d == i % d { variances[i / d] } else { 0.0 }).collect();
        Gaussian::new(mean.to_vec(), covariance).unwrap()
    }

    #[test]
    fn independent_axes_have_a_closed_form() {
        let (a, b) = (diagonal(&[0.0, 1.0, 2.0], &[4.0, 9.0, 0.0]), diagonal(&[1.0, 1.0, 0.0], &[1.0, 16.0, 25.0]));
        // (2−1)² + (3−4)² + (0−5)², and the means.
        assert!((frechet_distance(&a, &b).unwrap() - (5.0 + 1.0 + 1.0 + 25.0)).abs() < 1e-12);
        assert!(frechet_distance(&a, &a).unwrap().abs() < 1e-12);
        assert!(frechet_distance(&a, &diagonal(&[0.0], &[1.0])).is_err());
    }

    #[test]
    fn only_thirty_thousand_are_thirty_thousand() {
        assert_eq!(fid_name(30_000), "FID-30K");
        assert_eq!(fid_name(29_999), "FID-29999");
        assert_eq!(fid_name(30), "FID-30");
        assert_eq!(fid_name(5_000), "FID-5000");
    }
}
