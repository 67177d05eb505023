//! A few rows times a large weight: the shape of questions, which a general matrix product spends on packing.

use rayon::prelude::*;

use super::math::LANES;

/// Rows of x and of the weight that are multiplied side by side: eight sums, enough to hide the latency of one.
const ROWS: usize = 4;
const OUTPUTS: usize = 2;

/// Outputs a thread takes at a time.
const CHUNK: usize = 64;

/// y (M, O) += x (M, I) · weightᵀ (I, O), weight (O, I) read once.
///
/// Each element is one sum in an order of its own, so its bits do not depend on M, nor on what the other rows hold.
pub(super) fn add_product(y: &mut [f32], x: &[f32], weight: &[f32], inner: usize) {
    let (rows, outputs) = (x.len() / inner, weight.len() / inner);
    let padded = rows.next_multiple_of(ROWS);
    let mut block = x.to_vec();
    block.resize(padded * inner, 0.0);
    let mut transposed = vec![0f32; outputs * padded];
    transposed.par_chunks_mut(CHUNK * padded).zip(weight.par_chunks(CHUNK * inner)).for_each(|(sums, weight)| {
        for (sums, weight) in sums.chunks_mut(OUTPUTS * padded).zip(weight.chunks(OUTPUTS * inner)) {
            let first = &weight[..inner];
            // The last output of an odd number is computed twice and stored once.
            let second = weight.get(inner..).filter(|second| !second.is_empty()).unwrap_or(first);
            for (i, x) in block.chunks_exact(ROWS * inner).enumerate() {
                for (sums, values) in sums.chunks_exact_mut(padded).zip(tile(x, [first, second], inner)) {
                    sums[i * ROWS..][..ROWS].copy_from_slice(&values);
                }
            }
        }
    });
    for (row, y) in y.chunks_exact_mut(outputs).enumerate() {
        y.iter_mut().zip(transposed.iter().skip(row).step_by(padded)).for_each(|(y, sum)| *y += sum);
    }
}

/// Inner products of four rows with two weights.
#[inline(always)]
fn tile(x: &[f32], weights: [&[f32]; OUTPUTS], inner: usize) -> [[f32; ROWS]; OUTPUTS] {
    let x: [&[f32]; ROWS] = std::array::from_fn(|row| &x[row * inner..][..inner]);
    let (xs, ws) = (x.map(|x| x.as_chunks::<LANES>()), weights.map(|w| w.as_chunks::<LANES>()));
    let mut lanes = [[[0f32; LANES]; ROWS]; OUTPUTS];
    for chunk in 0..inner / LANES {
        for (lanes, (w, _)) in lanes.iter_mut().zip(&ws) {
            for (lanes, (x, _)) in lanes.iter_mut().zip(&xs) {
                for ((lane, x), w) in lanes.iter_mut().zip(&x[chunk]).zip(&w[chunk]) {
                    *lane = x.mul_add(*w, *lane);
                }
            }
        }
    }
    std::array::from_fn(|o| {
        std::array::from_fn(|r| {
            let tail: f32 = xs[r].1.iter().zip(ws[o].1).map(|(x, w)| x * w).sum();
            lanes[o][r].iter().sum::<f32>() + tail
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: usize, phase: f64) -> Vec<f32> {
        (0..count).map(|i| (i as f64 * 1.618_034 + phase).sin() as f32).collect()
    }

    #[test]
    fn every_element_is_an_inner_product_and_the_same_bits_alone() {
        for (rows, inner, outputs) in [(1, 19, 7), (5, 24, 131), (12, 3, 1), (4, 16, 2)] {
            let (x, weight) = (filled(rows * inner, 0.1), filled(outputs * inner, 0.2));
            let mut y = filled(rows * outputs, 0.3);
            add_product(&mut y, &x, &weight, inner);
            for (row, x) in x.chunks_exact(inner).enumerate() {
                let mut alone = filled(rows * outputs, 0.3)[row * outputs..][..outputs].to_vec();
                add_product(&mut alone, x, &weight, inner);
                assert_eq!(alone, y[row * outputs..][..outputs]);
                for (o, weight) in weight.chunks_exact(inner).enumerate() {
                    let exact: f64 = x.iter().zip(weight).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
                    let start = f64::from(filled(rows * outputs, 0.3)[row * outputs + o]);
                    assert!((f64::from(alone[o]) - start - exact).abs() < 1e-5);
                }
            }
        }
    }
}
