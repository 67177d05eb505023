//! Pictures as they are served: decoded, brought to one size, encoded by one encoder, padded to one length. Nothing but pixels.

use std::path::Path;

use anyhow::Context as _;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use crate::generate::png;

/// Pixels a side at most: enough for any screen, and no bomb.
const MOST: u32 = 4096;
/// Lengths are rounded up to this.
const BLOCK: usize = 1024;

/// Reads the pixels of a picture.
///
/// # Errors
/// It cannot be read, or is larger than any picture of this field.
pub fn read(path: &Path) -> anyhow::Result<RgbImage> {
    let mut reader = image::ImageReader::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut limits = image::Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MOST), Some(MOST));
    reader.limits(limits);
    let image = reader.decode().with_context(|| format!("cannot decode {}", path.display()))?;
    Ok(image.to_rgb8())
}

/// Encodes.
///
/// # Errors
/// The picture has no pixels.
pub fn encode(image: &RgbImage) -> anyhow::Result<Vec<u8>> {
    png::encode(image)
}

/// The common length of encoded pictures.
pub fn common_length(lengths: impl Iterator<Item = usize>) -> usize {
    lengths.max().unwrap_or(0).div_ceil(BLOCK) * BLOCK
}

/// Zeros behind the end of a PNG, which no decoder reads, up to `length`.
pub fn pad(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
    bytes.resize(length.max(bytes.len()), 0);
    bytes
}

/// The picture, spoilt so that nobody can prefer it: a sixth of its sharpness, and noise.
pub fn spoil(image: &RgbImage) -> RgbImage {
    let (width, height) = image.dimensions();
    let small = imageops::resize(image, (width / 10).max(1), (height / 10).max(1), FilterType::Triangle);
    let mut spoilt = imageops::resize(&small, width, height, FilterType::Triangle);
    for (x, y, pixel) in spoilt.enumerate_pixels_mut() {
        // A hash of the place, not a generator: the same picture is always spoilt in the same way.
        let noise = (x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77)).wrapping_mul(0xC2B2_AE35) >> 24;
        let shift = i32::try_from(noise).unwrap_or(0) / 3 - 42;
        for channel in &mut pixel.0 {
            *channel = u8::try_from((i32::from(*channel) + shift).clamp(0, 255)).unwrap_or(0);
        }
    }
    spoilt
}

/// The practice pair, "a red disc on white": first the one that shows it, then a blue square.
pub fn practice(size: [u32; 2]) -> [RgbImage; 2] {
    let [width, height] = size;
    let near = |x: u32, y: u32| {
        let dx = (f64::from(x) + 0.5) / f64::from(width) - 0.5;
        let dy = (f64::from(y) + 0.5) / f64::from(height) - 0.5;
        (dx, dy)
    };
    let white = Rgb([250, 250, 248]);
    let disc = RgbImage::from_fn(width, height, |x, y| {
        let (dx, dy) = near(x, y);
        if dx.hypot(dy) < 0.33 { Rgb([205, 32, 38]) } else { white }
    });
    let square = RgbImage::from_fn(width, height, |x, y| {
        let (dx, dy) = near(x, y);
        if dx.abs().max(dy.abs()) < 0.28 { Rgb([38, 74, 190]) } else { white }
    });
    [disc, square]
}

/// What the practice pair was asked for.
pub const PRACTICE_PROMPT: &str = "a red disc on a white background";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padded_pictures_have_one_length_and_still_decode() {
        let [disc, square] = practice([64, 64]);
        let encoded = [encode(&disc).unwrap(), encode(&square).unwrap()];
        let length = common_length(encoded.iter().map(Vec::len));
        for (bytes, image) in encoded.into_iter().zip([disc, square]) {
            let padded = pad(bytes, length);
            assert_eq!(padded.len(), length);
            assert_eq!(image::load_from_memory(&padded).unwrap().to_rgb8(), image);
        }
    }

    #[test]
    fn a_spoilt_picture_is_far_from_the_original_and_always_the_same() {
        let [disc, _] = practice([64, 64]);
        let spoilt = spoil(&disc);
        assert_eq!(spoilt, spoil(&disc));
        let distance: u64 = disc.as_raw().iter().zip(spoilt.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(distance / disc.as_raw().len() as u64 > 10, "{distance}");
    }
}
