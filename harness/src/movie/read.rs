//! A clip of whatever kind as frames of one number and size.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use image::RgbImage;
use image::imageops::{FilterType, crop_imm, resize};

use super::{ffmpeg, gif};
use crate::decode;

/// Endings of films that ffmpeg reads for us.
const FILMS: [&str; 6] = ["mp4", "m4v", "mov", "webm", "mkv", "avi"];

/// Endings of a clip's frames.
const PICTURES: [&str; 4] = ["png", "jpg", "jpeg", "webp"];

/// Whether a path is a clip: a folder with pictures, a GIF or a film.
pub fn is_clip(path: &Path) -> bool {
    if path.is_dir() {
        return pictures(path).is_ok_and(|pictures| !pictures.is_empty());
    }
    let ending = ending(path);
    ending == "gif" || FILMS.contains(&ending.as_str())
}

/// All frames of a clip.
///
/// # Errors
/// It cannot be read, or has none.
pub fn frames(path: &Path) -> anyhow::Result<Vec<RgbImage>> {
    let open = |path: &PathBuf| -> anyhow::Result<RgbImage> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        decode::rgb(&bytes).with_context(|| format!("{} cannot be read as a picture", path.display()))
    };
    let frames = if path.is_dir() {
        pictures(path)?.iter().map(open).collect::<anyhow::Result<Vec<_>>>()?
    } else if ending(path) == "gif" {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        gif::decode(&bytes).with_context(|| format!("{} is no GIF", path.display()))?
    } else {
        ffmpeg::decode(path)?
    };
    ensure!(!frames.is_empty(), "{} has no frames", path.display());
    Ok(frames)
}

/// `count` frames, evenly spread from the first to the last, cut to the square in their middle and resized to `side` pixels.
pub fn fit(frames: &[RgbImage], count: usize, side: u32) -> Vec<RgbImage> {
    let last = frames.len().saturating_sub(1);
    let place = |at: usize| if count > 1 { (2 * at * last + (count - 1)) / (2 * (count - 1)) } else { last / 2 };
    (0..count).filter_map(|at| frames.get(place(at))).map(|frame| square(frame, side)).collect()
}

fn square(frame: &RgbImage, side: u32) -> RgbImage {
    let (width, height) = frame.dimensions();
    let inner = width.min(height);
    let cut = crop_imm(frame, (width - inner) / 2, (height - inner) / 2, inner, inner).to_image();
    if inner == side { cut } else { resize(&cut, side, side, FilterType::CatmullRom) }
}

/// The pictures of a folder in the order of their names, numbers by value: `9.png` before `10.png`.
fn pictures(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_file() && PICTURES.contains(&ending(&path).as_str()) {
            paths.push(path);
        }
    }
    paths.sort_by_cached_key(|path| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let digits: String =
            stem.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        (digits.parse::<u64>().unwrap_or(u64::MAX), stem)
    });
    Ok(paths)
}

fn ending(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_spread_and_cut_to_a_square() {
        let frames: Vec<RgbImage> = (0..15).map(|i| RgbImage::from_pixel(6, 4, image::Rgb([i, 0, 0]))).collect();
        let fitted = fit(&frames, 8, 4);
        let shown: Vec<u8> = fitted.iter().map(|frame| frame.get_pixel(1, 1).0[0]).collect();
        assert_eq!(shown, [0, 2, 4, 6, 8, 10, 12, 14]);
        assert!(fitted.iter().all(|frame| frame.dimensions() == (4, 4)));
        assert_eq!(fit(&frames[..2], 3, 8).len(), 3, "a short clip repeats its frames");
    }

    #[test]
    fn frames_of_a_folder_come_in_the_order_of_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        for number in [10u8, 9, 1] {
            RgbImage::from_pixel(2, 2, image::Rgb([number, 0, 0]))
                .save(folder.path().join(format!("{number}.png")))
                .unwrap();
        }
        let shown: Vec<u8> = frames(folder.path()).unwrap().iter().map(|frame| frame.get_pixel(0, 0).0[0]).collect();
        assert_eq!(shown, [1, 9, 10]);
        assert!(is_clip(folder.path()) && !is_clip(&folder.path().join("1.png")));
    }
}
