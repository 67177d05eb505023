//! Depth maps from PNG.

use std::path::Path;

use image::{ColorType, DynamicImage, GrayImage, RgbImage};

use crate::error::{MetricError, Place};
use crate::formulas::Frame;
use crate::perception::DepthMap;
use crate::pixels::{Filter, resize};

/// An 8-bit grey PNG in the official frame, as the official script reads it back: Pillow's bilinear resize to the
/// detector's size, then divided by 255.
pub(super) fn read(path: &Path) -> Result<DepthMap, MetricError> {
    let wrong = |why: String| MetricError::record(path, Place::File, why);
    let bytes = std::fs::read(path).map_err(|source| MetricError::io(path, "read", source))?;
    let image = image::load_from_memory(&bytes).map_err(|error| wrong(error.to_string()))?;
    let DynamicImage::ImageLuma8(grey) = image else {
        return Err(wrong(format!("{} is no depth map; it must be 8-bit grey", kind(image.color()))));
    };
    of_levels(&grey)
}

/// A map of grey levels in the official frame: Pillow's bilinear resize to the detector's size, then divided by 255.
pub fn of_levels(grey: &GrayImage) -> Result<DepthMap, MetricError> {
    let frame = Frame::of(grey.width(), grey.height());
    // Pillow resizes each band alone, so a grey picture may travel as three equal ones.
    let bands = RgbImage::from_fn(grey.width(), grey.height(), |x, y| image::Rgb([grey.get_pixel(x, y).0[0]; 3]));
    let resized = resize(&bands, frame.width, frame.height, Filter::Bilinear)?;
    let values = resized.pixels().map(|pixel| f32::from(pixel.0[0]) / 255.0).collect();
    Ok(DepthMap { width: frame.width, height: frame.height, values })
}

fn kind(color: ColorType) -> String {
    format!("a picture of {} bits and {} bands", color.bits_per_pixel(), color.channel_count())
}
