//! Eigenvalues of a symmetric matrix, and a factor of a positive semi-definite one; f64, dense.

use rayon::prelude::*;

/// Rows a thread takes at a time.
const ROWS: usize = 32;

/// Eigenvalues of the symmetric `a` (n, n), row-major, in no order; none where the iteration does not converge, which
/// finite matrices do.
///
/// Householder's reduction to three diagonals (Golub and Van Loan, algorithm 8.3.1), then the implicit QL iteration.
pub(super) fn eigenvalues(mut a: Vec<f64>, n: usize) -> Option<Vec<f64>> {
    let (mut diagonal, mut beside) = (vec![0.0; n], vec![0.0; n]);
    for k in 0..n {
        let row = a[k * n..][..n].to_vec();
        diagonal[k] = row[k];
        let Some((&first, rest)) = row[k + 1..].split_first() else { continue };
        let tail: f64 = rest.iter().map(|x| x * x).sum();
        if tail == 0.0 {
            beside[k] = first;
            continue;
        }
        let norm = first.hypot(tail.sqrt());
        let alpha = if first > 0.0 { -norm } else { norm };
        beside[k] = alpha;
        let mut v = row[k + 1..].to_vec();
        v[0] -= alpha;
        let beta = 2.0 / (v[0] * v[0] + tail);
        let trailing = &mut a[(k + 1) * n..];
        let mut w: Vec<f64> =
            trailing.par_chunks(n).with_min_len(ROWS).map(|row| beta * dot(&row[k + 1..], &v)).collect();
        let half = 0.5 * beta * dot(&w, &v);
        w.iter_mut().zip(&v).for_each(|(w, v)| *w -= half * v);
        trailing.par_chunks_mut(n).with_min_len(ROWS).zip(v.par_iter().zip(&w)).for_each(|(row, (&vi, &wi))| {
            for ((x, v), w) in row[k + 1..].iter_mut().zip(&v).zip(&w) {
                *x -= vi * w + wi * v;
            }
        });
    }
    three_diagonals(&mut diagonal, &mut beside).then_some(diagonal)
}

/// Replaces `d` by the eigenvalues of the matrix with `d` on and `e` beside the diagonal (EISPACK's `tql1`).
fn three_diagonals(d: &mut [f64], e: &mut [f64]) -> bool {
    let n = d.len();
    for l in 0..n {
        for step in 0.. {
            let small = |m: usize| e[m].abs() <= f64::EPSILON * (d[m].abs() + d[m + 1].abs());
            let m = (l..n - 1).find(|&m| small(m)).unwrap_or(n - 1);
            if m == l {
                break;
            }
            if step == 60 {
                return false;
            }
            let mut g = (d[l + 1] - d[l]) / (2.0 * e[l]);
            let r = g.hypot(1.0);
            g = d[m] - d[l] + e[l] / (g + r.copysign(g));
            let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
            let mut split = false;
            for i in (l..m).rev() {
                let (f, b) = (s * e[i], c * e[i]);
                let r = f.hypot(g);
                e[i + 1] = r;
                if r == 0.0 {
                    d[i + 1] -= p;
                    e[m] = 0.0;
                    split = true;
                    break;
                }
                (s, c) = (f / r, g / r);
                g = d[i + 1] - p;
                let r = (d[i] - g) * s + 2.0 * c * b;
                p = s * r;
                d[i + 1] = g + p;
                g = c * r - b;
            }
            if !split {
                d[l] -= p;
                e[l] = g;
                e[m] = 0.0;
            }
        }
    }
    true
}

/// L (n, r), row-major, with L Lᵀ = `a` (n, n) positive semi-definite: Cholesky with the largest remaining diagonal as
/// pivot, stopped where what remains is rounding. Returns L and its rank r.
pub(super) fn semidefinite_factor(a: &[f64], n: usize) -> (Vec<f64>, usize) {
    let mut remaining: Vec<f64> = (0..n).map(|i| a[i * n + i]).collect();
    let largest = remaining.iter().copied().fold(0.0, f64::max);
    let rounding = n as f64 * f64::EPSILON * largest;
    let mut l = vec![0.0; n * n];
    for rank in 0..n {
        let Some((pivot, &left)) = remaining.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)) else { break };
        if left <= rounding {
            return (narrowed(&l, n, rank), rank);
        }
        let root = left.sqrt();
        let of_pivot = l[pivot * n..][..rank].to_vec();
        l.par_chunks_mut(n).with_min_len(ROWS).zip(remaining.par_iter_mut()).enumerate().for_each(
            |(i, (row, remaining))| {
                let value = if i == pivot { root } else { (a[i * n + pivot] - dot(&row[..rank], &of_pivot)) / root };
                // Rows that were pivots are done: what rounding leaves of them is dropped.
                if *remaining > f64::NEG_INFINITY {
                    row[rank] = value;
                    *remaining -= value * value;
                }
            },
        );
        remaining[pivot] = f64::NEG_INFINITY;
    }
    (l, n)
}

fn narrowed(l: &[f64], n: usize, rank: usize) -> Vec<f64> {
    l.chunks_exact(n).flat_map(|row| &row[..rank]).copied().collect()
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut lanes = [0f64; 8];
    let (xs, x_tail) = x.as_chunks::<8>();
    let (ys, y_tail) = y.as_chunks::<8>();
    for (x, y) in xs.iter().zip(ys) {
        for i in 0..8 {
            lanes[i] = x[i].mul_add(y[i], lanes[i]);
        }
    }
    lanes.iter().sum::<f64>() + x_tail.iter().zip(y_tail).map(|(x, y)| x * y).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(rows: usize, cols: usize) -> Vec<f64> {
        (0..rows * cols).map(|i| (i as f64 * 1.618_034 + 0.3).sin()).collect()
    }

    /// x xᵀ
    fn gram(x: &[f64], n: usize, cols: usize) -> Vec<f64> {
        (0..n * n).map(|i| dot(&x[i / n * cols..][..cols], &x[i % n * cols..][..cols])).collect()
    }

    #[test]
    fn second_differences_have_their_known_eigenvalues() {
        let n = 31usize;
        let a: Vec<f64> = (0..n * n)
            .map(|i| match (i / n).abs_diff(i % n) {
                0 => 2.0,
                1 => -1.0,
                _ => 0.0,
            })
            .collect();
        let mut got = eigenvalues(a, n).unwrap();
        got.sort_by(f64::total_cmp);
        for (k, got) in got.iter().enumerate() {
            let exact = 2.0 - 2.0 * ((k + 1) as f64 * std::f64::consts::PI / (n + 1) as f64).cos();
            assert!((got - exact).abs() < 1e-13, "{k}: {got} {exact}");
        }
    }

    #[test]
    fn dense_eigenvalues_keep_trace_and_squares_and_rank() {
        let (n, rank) = (40, 7);
        let a = gram(&filled(n, rank), n, rank);
        let trace: f64 = (0..n).map(|i| a[i * n + i]).sum();
        let squares: f64 = a.iter().map(|x| x * x).sum();
        let mut got = eigenvalues(a, n).unwrap();
        got.sort_by(f64::total_cmp);
        assert!((got.iter().sum::<f64>() / trace - 1.0).abs() < 1e-13);
        assert!((got.iter().map(|x| x * x).sum::<f64>() / squares - 1.0).abs() < 1e-13);
        assert!(got[..n - rank].iter().all(|x| x.abs() < 1e-13 * trace));
        assert_eq!(eigenvalues(vec![0.0; 9], 3), Some(vec![0.0; 3]));
        assert_eq!(eigenvalues(vec![5.0], 1), Some(vec![5.0]));
    }

    #[test]
    fn a_factor_has_the_rank_and_gives_the_matrix_back() {
        for (n, cols) in [(23, 5), (17, 40)] {
            let a = gram(&filled(n, cols), n, cols);
            let (l, rank) = semidefinite_factor(&a, n);
            let back = gram(&l, n, rank);
            let worst = a.iter().zip(&back).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(rank <= cols.min(n) && worst < 1e-12, "rank {rank}, {worst:e}");
        }
        assert_eq!(semidefinite_factor(&[0.0; 4], 2).1, 0);
    }
}
