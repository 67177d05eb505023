//! A clip as one picture: its frames side by side, the first on the left. So a clip is drawn, recorded, resumed and verified as a picture
//! is, and a browser can play it.

use anyhow::ensure;
use image::RgbImage;
use image::imageops::{crop_imm, replace};

/// The frames of a clip side by side.
///
/// # Errors
/// There are none, or they are of different sizes.
pub fn join(frames: &[RgbImage]) -> anyhow::Result<RgbImage> {
    let (width, height) = frames.first().map_or((0, 0), RgbImage::dimensions);
    ensure!(width > 0 && frames.iter().all(|frame| frame.dimensions() == (width, height)), "frames of different sizes");
    let mut strip = RgbImage::new(width * frames.len() as u32, height);
    for (at, frame) in (0_i64..).zip(frames) {
        replace(&mut strip, frame, at * i64::from(width), 0);
    }
    Ok(strip)
}

/// The frames again.
///
/// # Errors
/// The strip does not divide into as many.
pub fn split(strip: &RgbImage, frames: u32) -> anyhow::Result<Vec<RgbImage>> {
    ensure!(
        frames > 0 && strip.width().is_multiple_of(frames),
        "a strip of {} pixels is not {frames} frames wide",
        strip.width()
    );
    let (width, height) = (strip.width() / frames, strip.height());
    Ok((0..frames).map(|at| crop_imm(strip, at * width, 0, width, height).to_image()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_gives_its_frames_back() {
        let frames: Vec<RgbImage> =
            (0..3).map(|i| RgbImage::from_fn(5, 2, |x, y| image::Rgb([i, x as u8, y as u8]))).collect();
        let strip = join(&frames).unwrap();
        assert_eq!(strip.dimensions(), (15, 2));
        assert_eq!(strip.get_pixel(12, 1).0, [2, 2, 1]);
        assert_eq!(split(&strip, 3).unwrap(), frames);
        assert!(split(&strip, 4).is_err());
        assert!(join(&[]).is_err() && join(&[RgbImage::new(1, 1), RgbImage::new(2, 1)]).is_err());
    }
}
