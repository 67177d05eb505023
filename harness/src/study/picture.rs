//! Pictures as they are served: decoded, brought to one size, encoded by one encoder, padded to one length. Nothing but pixels.

use std::io::Cursor;
use std::path::Path;

use anyhow::Context as _;
use image::codecs::png::PngDecoder;
use image::imageops::{self, FilterType};
use image::{AnimationDecoder as _, Rgb, RgbImage};

use super::design::Clip;
use crate::decode::check_whole;
use crate::generate::png;

/// Pixels a side at most: enough for any screen, and no bomb.
const MOST: u32 = 4096;
/// Lengths are rounded up to this.
const BLOCK: usize = 1024;

/// Frames of a clip at most.
const MOST_FRAMES: usize = 512;

/// How files hold clips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clips {
    /// Frames that stand side by side in each file; none where a file is a picture, or an animated PNG.
    pub frames: Option<u32>,
    /// Frames a second that are shown.
    pub fps: u16,
}

/// Reads the pixels of a picture, or of each frame of a clip: an animated PNG, or frames side by side.
///
/// # Errors
/// It cannot be read, is larger than any picture of this field, or cannot be cut into so many frames.
pub fn read(path: &Path, side_by_side: Option<u32>) -> anyhow::Result<Vec<RgbImage>> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot open {}", path.display()))?;
    let decoded = decode(&bytes, side_by_side).with_context(|| format!("cannot decode {}", path.display()))?;
    match (decoded.as_slice(), side_by_side) {
        ([strip], Some(frames)) => cut(strip, frames).with_context(|| format!("cannot cut {}", path.display())),
        _ => Ok(decoded),
    }
}

/// The frames of a file, or the one picture that it holds.
///
/// # Errors
/// It is damaged, or too large.
pub fn decode(bytes: &[u8], side_by_side: Option<u32>) -> anyhow::Result<Vec<RgbImage>> {
    check_whole(bytes)?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MOST * side_by_side.unwrap_or(1));
    limits.max_image_height = Some(MOST);
    if image::guess_format(bytes)? == image::ImageFormat::Png {
        let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits.clone())?;
        if decoder.is_apng()? {
            let frames = decoder.apng()?.into_frames().take(MOST_FRAMES + 1);
            let frames: Vec<RgbImage> = frames
                .map(|frame| Ok(image::DynamicImage::from(frame?.into_buffer()).to_rgb8()))
                .collect::<image::ImageResult<_>>()?;
            anyhow::ensure!(frames.len() <= MOST_FRAMES, "it has more than {MOST_FRAMES} frames");
            return Ok(frames);
        }
    }
    let mut reader = image::ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    reader.limits(limits);
    Ok(vec![reader.decode()?.to_rgb8()])
}

fn cut(strip: &RgbImage, frames: u32) -> anyhow::Result<Vec<RgbImage>> {
    let (width, height) = strip.dimensions();
    anyhow::ensure!(width.is_multiple_of(frames), "its width, {width}, is no multiple of {frames} frames");
    let each = width / frames;
    Ok((0..frames).map(|at| imageops::crop_imm(strip, at * each, 0, each, height).to_image()).collect())
}

/// Encodes a picture, or a clip that begins again and again: an animated PNG, which every browser shows as it shows a picture.
///
/// # Errors
/// There are no pixels.
pub fn encode(frames: &[RgbImage], clip: Option<Clip>) -> anyhow::Result<Vec<u8>> {
    let first = frames.first().context("a clip without frames")?;
    let Some(clip) = clip else { return png::encode(first) };
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, first.width(), first.height());
    encoder.set_color(::png::ColorType::Rgb);
    encoder.set_depth(::png::BitDepth::Eight);
    encoder.set_animated(clip.frames, 0)?;
    encoder.set_frame_delay(1, clip.fps)?;
    let mut writer = encoder.write_header()?;
    for frame in frames {
        writer.write_image_data(frame.as_raw())?;
    }
    writer.finish()?;
    Ok(bytes)
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
        let encoded = [&disc, &square].map(|image| encode(std::slice::from_ref(image), None).unwrap());
        let length = common_length(encoded.iter().map(Vec::len));
        for (bytes, image) in encoded.into_iter().zip([disc, square]) {
            let padded = pad(bytes, length);
            assert_eq!(padded.len(), length);
            assert_eq!(image::load_from_memory(&padded).unwrap().to_rgb8(), image);
        }
    }

    #[test]
    fn a_clip_comes_back_frame_by_frame_and_is_cut_from_a_strip() {
        let [disc, square] = practice([64, 48]);
        let clip = Clip { frames: 3, fps: 8 };
        let frames = [disc.clone(), square.clone(), disc.clone()];
        let padded = pad(encode(&frames, Some(clip)).unwrap(), 8192);
        assert_eq!(decode(&padded, None).unwrap(), frames);
        let mut strip = RgbImage::new(192, 48);
        for (at, frame) in frames.iter().enumerate() {
            imageops::replace(&mut strip, frame, at as i64 * 64, 0);
        }
        assert_eq!(cut(&strip, 3).unwrap(), frames);
        assert!(cut(&strip, 5).is_err());
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
