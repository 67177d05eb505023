//! torchvision's policies of size, as the official scripts call them on PIL images.

use image::RgbImage;

use super::resample::resize;
use super::taps::Filter;
use crate::error::MetricError;

/// `Resize((side, side))`: the aspect ratio is ignored.
///
/// # Errors
/// As [`resize`].
pub fn square(image: &RgbImage, side: u32, filter: Filter) -> Result<RgbImage, MetricError> {
    resize(image, side, side, filter)
}

/// `Resize(size, max_size)`: the shorter side becomes `size`, the longer keeps the ratio, rounded down; where the longer
/// would exceed `longest` it becomes that, and the shorter follows.
///
/// # Errors
/// As [`resize`].
pub fn shorter_side(
    image: &RgbImage,
    size: u32,
    longest: Option<u32>,
    filter: Filter,
) -> Result<RgbImage, MetricError> {
    let (width, height) = image.dimensions();
    let (short, long) = (width.min(height), width.max(height));
    // Python's int(a * b / c) with a float division: the quotient is rounded to f64, then truncated.
    let scaled = |a: u32, b: u32, c: u32| (f64::from(a) * f64::from(b) / f64::from(c)) as u32;
    let (mut new_short, mut new_long) = (size, scaled(size, long, short.max(1)));
    if let Some(longest) = longest.filter(|&longest| new_long > longest) {
        (new_short, new_long) = (scaled(longest, new_short, new_long), longest);
    }
    let (new_width, new_height) = if width <= height { (new_short, new_long) } else { (new_long, new_short) };
    resize(image, new_width, new_height, filter)
}

/// `CenterCrop(side)`; the offset is rounded half to even, as Python's `round` does.
///
/// # Errors
/// [`MetricError::ImageSize`] where a side is shorter than `side` (torchvision would pad).
pub fn center_crop(image: &RgbImage, side: u32) -> Result<RgbImage, MetricError> {
    let (width, height) = image.dimensions();
    if width < side || height < side || side == 0 {
        return Err(MetricError::ImageSize { width, height, why: "it is smaller than the crop" });
    }
    let offset = |length: u32| (f64::from(length - side) / 2.0).round_ties_even() as u32;
    Ok(image::imageops::crop_imm(image, offset(width), offset(height), side, side).to_image())
}

/// `Resize(side)` then `CenterCrop(side)`: CLIP's view of a picture.
///
/// # Errors
/// As [`resize`].
pub fn shorter_side_and_crop(image: &RgbImage, side: u32, filter: Filter) -> Result<RgbImage, MetricError> {
    center_crop(&shorter_side(image, side, None, filter)?, side)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_torchvisions() {
        for ((width, height), expected) in
            [((512, 512), (479, 479)), ((1024, 768), (480, 360)), ((37, 53), (335, 480)), ((200, 320), (300, 480))]
        {
            let resized = shorter_side(&RgbImage::new(width, height), 479, Some(480), Filter::Bilinear).unwrap();
            assert_eq!(resized.dimensions(), expected);
        }
        assert!(shorter_side(&RgbImage::new(0, 7), 224, None, Filter::Bicubic).is_err());
    }

    #[test]
    fn an_odd_margin_is_rounded_to_even() {
        // Margins of 5 and 7 columns: 2.5 becomes 2, 3.5 becomes 4.
        for (width, first) in [(8, 2), (10, 4)] {
            let image = RgbImage::from_fn(width, 3, |x, _| image::Rgb([x as u8, 0, 0]));
            assert_eq!(center_crop(&image, 3).unwrap()[(0, 0)].0[0], first);
        }
    }
}
