//! The one way in which a file that others wrote becomes a picture. Our own PNGs need it no more than any PNG: their decoder refuses one
//! that is cut short.

use image::{ImageFormat, RgbImage};

/// The pixels of a PNG, JPEG or WebP; whatever the file's name says, its content decides what it is.
///
/// # Errors
/// It is no picture, or a damaged one; a JPEG also where it is cut short.
pub fn rgb(bytes: &[u8]) -> anyhow::Result<RgbImage> {
    check_whole(bytes)?;
    Ok(image::load_from_memory(bytes)?.into_rgb8())
}

/// Refuses a JPEG without its end, of which the decoder (zune-jpeg, as `image` asks it) makes a picture that is grey from there on.
///
/// # Errors
/// It is cut short.
pub fn check_whole(bytes: &[u8]) -> anyhow::Result<()> {
    let is_jpeg = image::guess_format(bytes).is_ok_and(|format| format == ImageFormat::Jpeg);
    anyhow::ensure!(!is_jpeg || has_end(bytes), "the file is cut short");
    Ok(())
}

/// The marker EOI, after its 0xff (ITU-T T.81, table B.1).
const END: u8 = 0xd9;

/// Whether a JPEG comes to its end. Segments are stepped over by their length, so that the end of a thumbnail within one is none; what
/// follows the end does not matter.
fn has_end(jpeg: &[u8]) -> bool {
    let mut at = 0;
    while let Some(next) = jpeg.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == 0xff)) {
        at += next;
        at += match jpeg[at + 1..] {
            [END, ..] => return true,
            // Padding before a marker.
            [0xff, ..] => 1,
            // A 0xff of the coded pixels, and the markers without a segment: TEM, RST and SOI.
            [0x00 | 0x01 | 0xd0..=0xd8, ..] => 2,
            [_, high, low, ..] => 2 + usize::from(u16::from_be_bytes([high, low])),
            _ => return false,
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A JPEG of pixels that do not compress well: the middle of a large one is far behind its headers.
    fn jpeg(side: u32) -> Vec<u8> {
        let image = RgbImage::from_fn(side, side, |x, y| {
            image::Rgb([37 * x + 11 * y, 5 * x * y, x + 91 * y].map(|level| level as u8))
        });
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    /// The same with a small JPEG in its EXIF segment.
    fn with_thumbnail(jpeg: &[u8]) -> Vec<u8> {
        let thumbnail = [&b"Exif\0\0"[..], &self::jpeg(8)[..]].concat();
        let length = u16::try_from(thumbnail.len() + 2).unwrap().to_be_bytes();
        [&jpeg[..2], &[0xff, 0xe1], &length, &thumbnail, &jpeg[2..]].concat()
    }

    #[test]
    fn a_jpeg_that_is_cut_short_is_no_picture() {
        let whole = jpeg(100);
        assert_eq!(rgb(&whole).unwrap().dimensions(), (100, 100));
        for whole in [whole.clone(), with_thumbnail(&whole)] {
            for length in [whole.len() / 2, whole.len() - 100, whole.len() - 2, whole.len() - 1] {
                assert_eq!(rgb(&whole[..length]).unwrap_err().to_string(), "the file is cut short", "{length}");
            }
        }
    }

    #[test]
    fn a_whole_jpeg_may_have_a_thumbnail_and_be_followed_by_anything() {
        let whole = jpeg(100);
        let pixels = rgb(&whole).unwrap();
        // Phones append a second picture, which need not be whole for the first to be.
        for tail in [&[0; 7][..], &whole[..whole.len() / 2], &[0xff, 0xda, 0xff]] {
            assert_eq!(rgb(&[&whole[..], tail].concat()).unwrap(), pixels);
        }
        assert_eq!(rgb(&with_thumbnail(&whole)).unwrap(), pixels);
        assert!(rgb(b"no picture").is_err());
    }

    #[test]
    fn other_formats_are_left_to_their_decoders() {
        let image = RgbImage::from_pixel(3, 2, image::Rgb([9, 8, 7]));
        for format in [ImageFormat::Png, ImageFormat::WebP] {
            let mut bytes = Cursor::new(Vec::new());
            image.write_to(&mut bytes, format).unwrap();
            let bytes = bytes.into_inner();
            assert_eq!(rgb(&bytes).unwrap(), image);
            assert!(rgb(&bytes[..bytes.len() / 2]).is_err());
        }
    }
}
