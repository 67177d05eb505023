//! The resize inside pytorch-fid: on floats, two points a side, without antialiasing.

use candle_core::{Device, Tensor};
use image::RgbImage;
use rayon::prelude::*;

use crate::error::MetricError;

/// Source index of a target pixel, of its right neighbour, and the neighbour's share.
struct Tap {
    near: usize,
    far: usize,
    share: f32,
}

/// Pictures of any sizes as (B, 3, `side`, `side`) in −1..1: grey/255, then `F.interpolate(mode="bilinear",
/// align_corners=False)`, then 2x − 1.
///
/// # Errors
/// [`MetricError::ImageSize`] on a picture without pixels, [`MetricError::Network`] where the device has no room.
pub(super) fn to_inception(images: &[&RgbImage], side: usize, device: &Device) -> Result<Tensor, MetricError> {
    if let Some(empty) = images.iter().find(|image| image.width() == 0 || image.height() == 0) {
        let (width, height) = empty.dimensions();
        return Err(MetricError::ImageSize { width, height, why: "it has no pixels" });
    }
    let mut values = vec![0f32; images.len() * 3 * side * side];
    values.par_chunks_mut(3 * side * side).zip(images).for_each(|(values, image)| {
        let row_length = 3 * image.width() as usize;
        let (columns, rows) = (taps(image.width() as usize, side), taps(image.height() as usize, side));
        for (y, row) in rows.iter().enumerate() {
            let [near, far] = [row.near, row.far].map(|row| &image.as_raw()[row * row_length..][..row_length]);
            for (x, column) in columns.iter().enumerate() {
                for channel in 0..3 {
                    let between = |row: &[u8]| {
                        let [near, far] = [column.near, column.far].map(|at| f32::from(row[3 * at + channel]) / 255.0);
                        near * (1.0 - column.share) + far * column.share
                    };
                    let value = between(near) * (1.0 - row.share) + between(far) * row.share;
                    values[(channel * side + y) * side + x] = 2.0 * value - 1.0;
                }
            }
        }
    });
    Tensor::from_vec(values, (images.len(), 3, side, side), device)
        .map_err(|source| MetricError::Network { network: "fid-inception".to_owned(), source })
}

fn taps(from: usize, to: usize) -> Vec<Tap> {
    let scale = from as f64 / to as f64;
    let tap = |target: usize| {
        let at = ((target as f64 + 0.5) * scale - 0.5).max(0.0);
        let near = (at as usize).min(from - 1);
        Tap { near, far: (near + 1).min(from - 1), share: (at - near as f64) as f32 }
    };
    (0..to).map(tap).collect()
}
