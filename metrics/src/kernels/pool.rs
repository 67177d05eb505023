//! Pooling of planes.

use candle_core::{D, Result, Tensor};
use rayon::prelude::*;

use super::conv::Window;
use super::slices::with_slices;

/// Largest of each window that lies inside: x (B, C, H, W) → (B, C, H', W').
pub(crate) fn max_pool(x: &Tensor, window: Window) -> Result<Tensor> {
    pool(x, window, f32::NEG_INFINITY, |max, x| if x > max { x } else { max }, |max, _| max)
}

/// Mean of each window over what lies inside (`count_include_pad=False`): x (B, C, H, W) → (B, C, H', W').
pub(crate) fn average_pool(x: &Tensor, window: Window) -> Result<Tensor> {
    pool(x, window, 0.0, |sum, x| sum + x, |sum, count| sum / count as f32)
}

/// Mean of each window, the zeros around the plane counted (`count_include_pad=True`): x (B, C, H, W) → (B, C, H', W').
pub(crate) fn average_pool_with_border(x: &Tensor, window: Window) -> Result<Tensor> {
    let count = (window.kernel.0 * window.kernel.1) as f32;
    pool(x, window, 0.0, |sum, x| sum + x, |sum, _| sum / count)
}

/// Mean of each plane: x (B, C, H, W) → (B, C).
pub(crate) fn mean_over_area(x: &Tensor) -> Result<Tensor> {
    x.flatten(2, 3)?.mean(D::Minus1)
}

/// Folds each window row by row from `start`, then finishes with how many elements it had.
fn pool(
    x: &Tensor,
    window: Window,
    start: f32,
    fold: impl Fn(f32, f32) -> f32 + Sync,
    finish: impl Fn(f32, usize) -> f32 + Sync,
) -> Result<Tensor> {
    let (b, c, h, w) = x.dims4()?;
    let (oh, ow) = window.out((h, w))?;
    // A device's tensor comes to main memory and goes back: pooling is a thousandth of the network.
    let here = x.to_device(&candle_core::Device::Cpu)?;
    let y = with_slices([&here], |[x]| {
        let mut y = vec![0f32; b * c * oh * ow];
        y.par_chunks_mut(oh * ow).zip(x.par_chunks(h * w)).for_each(|(y, plane)| {
            for (row, y) in y.chunks_exact_mut(ow).enumerate() {
                let rows = span(row * window.stride, window.kernel.0, window.padding.0, h);
                for (column, y) in y.iter_mut().enumerate() {
                    let columns = span(column * window.stride, window.kernel.1, window.padding.1, w);
                    let count = rows.len() * columns.len();
                    let mut sum = start;
                    for row in rows.clone() {
                        for &x in &plane[row * w..][columns.clone()] {
                            sum = fold(sum, x);
                        }
                    }
                    *y = finish(sum, count);
                }
            }
        });
        y
    })?;
    Tensor::from_vec(y, (b, c, oh, ow), x.device())
}

fn span(start: usize, kernel: usize, padding: usize, size: usize) -> std::ops::Range<usize> {
    start.saturating_sub(padding)..(start + kernel - padding).min(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn the_border_counts_only_what_is_inside() {
        let x = Tensor::arange(0f32, 12.0, &Device::Cpu).unwrap().reshape((1, 1, 3, 4)).unwrap();
        let window = Window { kernel: (3, 3), stride: 1, padding: (1, 1) };
        let values = |y: Tensor| y.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let average = values(average_pool(&x, window).unwrap());
        assert_eq!((average[0], average[5]), (2.5, 5.0));
        let max = values(max_pool(&x, window).unwrap());
        assert_eq!((max[0], max[11]), (5.0, 11.0));
        let window = Window { kernel: (3, 3), stride: 2, padding: (0, 0) };
        assert_eq!(values(max_pool(&x, window).unwrap()), [10.0]);
        assert_eq!(values(mean_over_area(&x).unwrap()), [5.5]);
    }
}
