//! Images of the run as data addresses, their bytes unchanged.

use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{ReportError, Result};

/// Bytes of images that one report may hold. Above it images are left out and counted. In base64 it is 24 MB.
const BUDGET: usize = 17 << 20;

/// Larger images stand in the page as thumbnails of this side; the file itself is in the run's folder.
const LARGEST: u32 = 224;

/// Images up to this side are enlarged with hard pixel edges.
const PIXELATED_UP_TO: u32 = 160;

/// An image ready to stand in the page.
pub(super) struct Embedded {
    pub address: String,
    pub width: u32,
    pub height: u32,
    pub pixelated: bool,
    /// Smaller than the file.
    pub thumbnail: bool,
}

/// Reads images and keeps account of what is not there.
pub(super) struct Embedder {
    run_dir: PathBuf,
    spent: usize,
    /// Images that the observations name but the folder lacks, or that are not PNG.
    pub unreadable: u64,
    /// Images left out to keep the file small.
    pub left_out: u64,
}

impl Embedder {
    pub fn new(run_dir: &Path) -> Self {
        Self { run_dir: run_dir.to_owned(), spent: 0, unreadable: 0, left_out: 0 }
    }

    /// The image at a path relative to the run folder, or a clip with its `frames` side by side; none if it is not there, no PNG, or
    /// beyond the budget.
    ///
    /// # Errors
    /// The path leaves the run folder.
    pub fn image(&mut self, path: &str, frames: Option<u32>) -> Result<Option<Embedded>> {
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside || path.is_empty() {
            return Err(ReportError::OutsideRun { path: path.to_owned() });
        }
        // Once one is too many, none of the later ones is read: reducing it would cost more than all the rest of the page.
        if self.left_out > 0 {
            self.left_out += 1;
            return Ok(None);
        }
        let read = std::fs::read(self.run_dir.join(path)).ok();
        let Some((bytes, (width, height))) = read.and_then(|b| png_size(&b).map(|size| (b, size))) else {
            self.unreadable += 1;
            return Ok(None);
        };
        let frames = frames.unwrap_or(1).max(1);
        let thumbnail = (width / frames).max(height) > LARGEST;
        let reduced = if thumbnail { reduce(&bytes, frames) } else { Some((bytes, (width, height))) };
        let Some((bytes, (width, height))) = reduced else {
            self.unreadable += 1;
            return Ok(None);
        };
        if self.spent + bytes.len() > BUDGET {
            self.left_out += 1;
            return Ok(None);
        }
        self.spent += bytes.len();
        Ok(Some(Embedded {
            address: format!("data:image/png;base64,{}", STANDARD.encode(&bytes)),
            width,
            height,
            pixelated: (width / frames).max(height) <= PIXELATED_UP_TO,
            thumbnail,
        }))
    }
}

/// The image at thumbnail size, as PNG; none if it is damaged.
fn reduce(bytes: &[u8], frames: u32) -> Option<(Vec<u8>, (u32, u32))> {
    let small = image::load_from_memory(bytes).ok()?.thumbnail(LARGEST * frames, LARGEST).to_rgb8();
    let mut reduced = Vec::new();
    small.write_to(&mut std::io::Cursor::new(&mut reduced), image::ImageFormat::Png).ok()?;
    Some((reduced, small.dimensions()))
}

/// Width and height from a PNG's header (signature, then the IHDR chunk: RFC 2083, sections 3.1 and 4.1.1).
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.get(..24)?;
    if !header.starts_with(b"\x89PNG\r\n\x1a\n") || &header[12..16] != b"IHDR" {
        return None;
    }
    let number = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    Some((number(16), number(20)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_run_folder_are_refused() {
        let mut embedder = Embedder::new(Path::new("/nowhere"));
        for path in ["/etc/passwd", "../secret.png", "images/../../x.png", ""] {
            assert!(matches!(embedder.image(path, None), Err(ReportError::OutsideRun { .. })), "{path}");
        }
        assert!(embedder.image("images/a/b/0.png", None).unwrap().is_none());
        assert_eq!(embedder.unreadable, 1);
    }

    #[test]
    fn large_images_become_thumbnails_and_damaged_ones_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        image::RgbImage::from_pixel(512, 256, image::Rgb([1, 2, 3])).save(folder.path().join("large.png")).unwrap();
        let bytes = std::fs::read(folder.path().join("large.png")).unwrap();
        std::fs::write(folder.path().join("torn.png"), &bytes[..60]).unwrap();
        let mut embedder = Embedder::new(folder.path());
        let large = embedder.image("large.png", None).unwrap().unwrap();
        assert_eq!((large.width, large.height, large.thumbnail), (224, 112, true));
        let clip = embedder.image("large.png", Some(2)).unwrap().unwrap();
        assert_eq!((clip.width, clip.height, clip.thumbnail), (448, 224, true), "frames of 224 pixels");
        assert!(embedder.image("torn.png", None).unwrap().is_none());
        assert_eq!((embedder.unreadable, embedder.left_out), (1, 0));
    }

    #[test]
    fn only_a_png_has_a_size() {
        assert_eq!(png_size(b"GIF89a"), None);
        let mut header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        header.extend([0, 0, 0, 64, 0, 0, 1, 0]);
        assert_eq!(png_size(&header), Some((64, 256)));
    }
}
