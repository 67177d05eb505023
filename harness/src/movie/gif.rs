//! Animated GIF.

use std::io::Cursor;

use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::{AnimationDecoder as _, Delay, DynamicImage, Frame, RgbImage};

/// An animation without end; equal frames give equal bytes. GIF counts in hundredths of a second, so that 8 frames a second take 0.96 s.
///
/// # Errors
/// A frame has no pixels or more than 65,535 a side.
pub fn encode(frames: &[RgbImage], frames_a_second: u32) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, 1);
    encoder.set_repeat(Repeat::Infinite)?;
    let delay = Delay::from_numer_denom_ms(1000, frames_a_second.max(1));
    for frame in frames {
        let frame = DynamicImage::ImageRgb8(frame.clone()).into_rgba8();
        encoder.encode_frame(Frame::from_parts(frame, 0, 0, delay))?;
    }
    drop(encoder);
    Ok(bytes)
}

/// The frames of an animation, each as it is seen.
///
/// # Errors
/// The bytes are no GIF.
pub fn decode(bytes: &[u8]) -> anyhow::Result<Vec<RgbImage>> {
    let frames = GifDecoder::new(Cursor::new(bytes))?.into_frames().collect_frames()?;
    Ok(frames.into_iter().map(|frame| DynamicImage::ImageRgba8(frame.into_buffer()).into_rgb8()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_animation_of_few_colours_comes_back_as_it_was() {
        let frame = |at: u32| {
            RgbImage::from_fn(12, 9, |x, y| image::Rgb(if x == at && y > 2 { [200, 10, 30] } else { [240; 3] }))
        };
        let frames: Vec<RgbImage> = (0..5).map(frame).collect();
        let bytes = encode(&frames, 8).unwrap();
        assert_eq!(bytes, encode(&frames, 8).unwrap());
        assert!(bytes.windows(11).any(|part| part == b"NETSCAPE2.0"), "it plays once");
        assert_eq!(decode(&bytes).unwrap(), frames);
        assert!(decode(b"no picture").is_err());
    }
}
