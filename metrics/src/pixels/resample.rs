//! Pillow's two passes over 8-bit pictures.

use image::RgbImage;
use rayon::prelude::*;

use super::taps::{BITS, Filter, Taps, grey};
use crate::error::MetricError;

/// Largest picture made, in pixels: 64 Mi, so that a hostile aspect ratio is an error and not an allocation of gigabytes.
const LARGEST: u64 = 1 << 26;

/// Rows that go through the horizontal pass side by side, one a vector lane.
const LANES: usize = 8;

/// Below this many target bytes a second thread costs more than it brings.
const WORTH_SPLITTING: usize = 1 << 15;

const HALF: i32 = 1 << (BITS - 1);

/// `image` at another size, bit for bit as Pillow's `Image.resize` does it: a horizontal pass into 8 bits, then a
/// vertical one, each left out where its size does not change.
///
/// # Errors
/// [`MetricError::ImageSize`] where the image has no pixels, or the target none or more than 64 Mi.
pub fn resize(image: &RgbImage, width: u32, height: u32, filter: Filter) -> Result<RgbImage, MetricError> {
    let refuse = |why| Err(MetricError::ImageSize { width: image.width(), height: image.height(), why });
    if image.width() == 0 || image.height() == 0 {
        return refuse("it has no pixels");
    }
    // The picture between the passes has the new width and the old height.
    let largest = u64::from(width) * u64::from(height.max(image.height()));
    if width == 0 || height == 0 || largest > LARGEST {
        return refuse("it cannot be resized to a picture without pixels or with more than 67 million");
    }
    let source = image.as_raw();
    let (from, to) = (image.width() as usize, width as usize);
    let wide = if from == to { None } else { Some(horizontal(source, from, &Taps::new(from, to, filter))) };
    let (from, rows) = (image.height() as usize, height as usize);
    let tall = if from == rows {
        None
    } else {
        Some(vertical(wide.as_deref().unwrap_or(source), 3 * to, &Taps::new(from, rows, filter)))
    };
    let pixels = tall.or(wide).unwrap_or_else(|| source.clone());
    RgbImage::from_raw(width, height, pixels).map_or_else(|| refuse("its buffer has another size"), Ok)
}

fn horizontal(source: &[u8], width: usize, taps: &Taps) -> Vec<u8> {
    let (row, out_row) = (3 * width, 3 * taps.len());
    let mut out = vec![0u8; source.len() / row * out_row];
    let block = |(source, out): (&[u8], &mut [u8])| {
        // Transposed so that the same pixel of eight rows lies side by side: one multiplication serves them all.
        let mut columns = vec![0i32; row * LANES];
        for (lane, source) in source.chunks_exact(row).enumerate() {
            for (x, &value) in source.iter().enumerate() {
                columns[x * LANES + lane] = i32::from(value);
            }
        }
        let rows = source.len() / row;
        for target in 0..taps.len() {
            let (first, weights) = taps.of(target);
            let mut sums = [HALF; 3 * LANES];
            let pixels = columns[first * 3 * LANES..].as_chunks::<{ 3 * LANES }>().0;
            for (pixel, &weight) in pixels.iter().zip(weights) {
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    *sum += weight * value;
                }
            }
            for lane in 0..rows {
                for channel in 0..3 {
                    out[lane * out_row + 3 * target + channel] = grey(sums[channel * LANES + lane]);
                }
            }
        }
    };
    if out.len() < WORTH_SPLITTING {
        source.chunks(LANES * row).zip(out.chunks_mut(LANES * out_row)).for_each(block);
    } else {
        source.par_chunks(LANES * row).zip(out.par_chunks_mut(LANES * out_row)).for_each(block);
    }
    out
}

fn vertical(source: &[u8], row: usize, taps: &Taps) -> Vec<u8> {
    /// Bytes of a row whose sums stay in registers.
    const TILE: usize = 32;
    let mut out = vec![0u8; taps.len() * row];
    let fill = |(target, out): (usize, &mut [u8])| {
        let (first, weights) = taps.of(target);
        let source = &source[first * row..];
        for (tile, out) in out.chunks_mut(TILE).enumerate() {
            let mut sums = [HALF; TILE];
            for (source, &weight) in source.chunks_exact(row).zip(weights) {
                let source = &source[tile * TILE..][..out.len()];
                match <&[u8; TILE]>::try_from(source) {
                    // The common case has a length that the compiler knows.
                    Ok(source) => add(&mut sums, source, weight),
                    Err(_) => add(&mut sums, source, weight),
                }
            }
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out = grey(sum));
        }
    };
    if out.len() < WORTH_SPLITTING {
        out.chunks_mut(row).enumerate().for_each(fill);
    } else {
        out.par_chunks_mut(row).enumerate().for_each(fill);
    }
    out
}

#[inline(always)]
fn add(sums: &mut [i32], values: &[u8], weight: i32) {
    for (sum, &value) in sums.iter_mut().zip(values) {
        *sum += weight * i32::from(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_picture_stays_flat_and_the_same_size_is_a_copy() {
        let image = RgbImage::from_pixel(37, 53, image::Rgb([7, 200, 255]));
        let resized = resize(&image, 480, 11, Filter::Bicubic).unwrap();
        assert!(resized.pixels().all(|pixel| pixel.0 == [7, 200, 255]));
        assert_eq!(resize(&image, 37, 53, Filter::Bicubic).unwrap(), image);
    }

    #[test]
    fn pictures_without_pixels_and_hostile_sizes_are_errors() {
        assert!(resize(&RgbImage::new(0, 5), 3, 3, Filter::Bilinear).is_err());
        assert!(resize(&RgbImage::new(1, 5), 3, 0, Filter::Bilinear).is_err());
        assert!(resize(&RgbImage::new(1, 5), u32::MAX, u32::MAX, Filter::Bilinear).is_err());
    }
}
