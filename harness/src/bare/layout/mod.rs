//! Which image is of which prompt.
//!
//! [`folder`] walks a folder and takes its files for what the layouts say that they are; [`matching`] owns what a name means: numbers,
//! texts, the order in which prompts are counted, what is there twice or not at all. [`pictures`] is what comes of it.

pub mod folder;
pub mod matching;
pub mod pictures;

pub(super) use folder::LAYOUTS;
pub use folder::{find, look};
pub(super) use matching::{by_text, in_file_order, twice};
pub(crate) use matching::{is_image, nfc, part};
pub use pictures::{Found, Picture, Pictures, Source};

/// What tests of this module put to their subjects.
#[cfg(test)]
mod samples {
    use super::{Source, find};
    use crate::bare::samples::{folder_of, prompts};

    /// Positions of prompts, and which of their images.
    pub type Places = Vec<(usize, u32)>;

    /// The images of prompts of these texts in a folder of these files: those that are known, how many strangers, those that are missing.
    pub fn found(files: &[&str], texts: &[&str]) -> (Places, usize, Places) {
        let folder = folder_of(files);
        let source = Source { folder: folder.path(), map: None, images: None };
        let pictures = find(source, &prompts(texts)).unwrap();
        let known = pictures.known.iter().map(|picture| (picture.prompt, picture.k)).collect();
        (known, pictures.strangers.len(), pictures.missing)
    }
}
