//! PyTorch's antialiased resampling of floats, for a network whose authors resize tensors and not pictures.

use candle_core::{Device, Tensor};
use image::RgbImage;

use super::normalize::Normalization;
use super::taps::{Filter, each};
use crate::error::MetricError;

/// The longer side becomes `side`, the shorter keeps the ratio, rounded half to even; the rest is black, half of it
/// before and half after. Grey levels become floats first (`F.resize` of a tensor with antialiasing), so there is no
/// rounding between the passes. (1, 3, side, side), normalised.
///
/// # Errors
/// [`MetricError::ImageSize`] where the image or the target has no pixels.
pub fn longest_side(
    image: &RgbImage,
    side: u32,
    filter: Filter,
    (normalization, device): (Normalization, &Device),
) -> Result<Tensor, MetricError> {
    let (width, height) = image.dimensions();
    let scale = f64::from(side) / f64::from(width.max(height));
    let scaled = |length: u32| (f64::from(length) * scale).round_ties_even() as usize;
    let (new_width, new_height, side) = (scaled(width), scaled(height), side as usize);
    if width == 0 || height == 0 || new_width == 0 || new_height == 0 {
        return Err(MetricError::ImageSize { width, height, why: "it cannot be resized to a picture without pixels" });
    }
    let (left, top) = ((side - new_width) / 2, (side - new_height) / 2);
    let mut values = vec![0f32; 3 * side * side];
    for (channel, plane) in values.chunks_exact_mut(side * side).enumerate() {
        let grey: Vec<f32> = image.pixels().map(|pixel| f32::from(pixel.0[channel]) / 255.0).collect();
        let rows = across(&grey, (width as usize, new_width), filter);
        let turned = across(&turn(&rows, new_width), (height as usize, new_height), filter);
        for (y, row) in turn(&turned, new_height).chunks_exact(new_width).enumerate() {
            plane[(top + y) * side + left..][..new_width].copy_from_slice(row);
        }
        let (mean, std) = (normalization.mean[channel], normalization.std[channel]);
        plane.iter_mut().for_each(|value| *value = (*value - mean) / std);
    }
    Tensor::from_vec(values, (1, 3, side, side), device)
        .map_err(|source| MetricError::Network { network: "preprocessing".to_owned(), source })
}

/// Each row of `from` values resampled to `to`.
fn across(values: &[f32], (from, to): (usize, usize), filter: Filter) -> Vec<f32> {
    if from == to {
        return values.to_vec();
    }
    let rows = values.len() / from;
    let mut out = vec![0f32; rows * to];
    let mut target = 0;
    each(from, to, filter, |first, weights| {
        for (row, out) in values.chunks_exact(from).zip(out.chunks_exact_mut(to)) {
            out[target] = weights.iter().zip(&row[first..]).map(|(weight, value)| *weight as f32 * value).sum();
        }
        target += 1;
    });
    out
}

/// Rows of this width to columns.
fn turn(values: &[f32], width: usize) -> Vec<f32> {
    (0..width).flat_map(|x| values.iter().skip(x).step_by(width).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_picture_has_black_above_and_below() {
        let image = RgbImage::from_pixel(20, 10, image::Rgb([255, 51, 0]));
        let unit = (Normalization::UNIT, &Device::Cpu);
        let seen = longest_side(&image, 8, Filter::Bicubic, unit).unwrap();
        let rows = seen.squeeze(0).unwrap().get(0).unwrap().to_vec2::<f32>().unwrap();
        let means: Vec<f32> = rows.iter().map(|row| row.iter().sum::<f32>() / 8.0).collect();
        for (mean, expected) in means.iter().zip([0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]) {
            assert!((mean - expected).abs() < 1e-6, "{means:?}");
        }
        assert!(longest_side(&RgbImage::new(0, 3), 8, Filter::Bicubic, unit).is_err());
        assert!(longest_side(&RgbImage::new(100, 1), 8, Filter::Bicubic, unit).is_err());
    }
}
