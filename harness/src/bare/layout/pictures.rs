//! Where images are looked for, and what is found there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gentron_metrics::official::Sample;

use crate::bare::problem::Problem;
use crate::exchange::few;

/// Where the images are, and what says whose they are.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// A table of images and their prompts, where the names do not say it; see [`crate::bare::map`].
    pub map: Option<&'a Path>,
    /// Images that each prompt should have; as many as the prompt with most of them if left out.
    pub images: Option<u32>,
}

/// An image and its prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Where it is.
    pub path: PathBuf,
    /// Its path within the folder, with `/`.
    pub name: String,
    /// Position of its prompt.
    pub prompt: usize,
    /// Which of the prompt's images: as its name says, or, where that does not tell ([`Pictures::ranked`]), by their order.
    pub k: u32,
    /// What its name says, where it is named as the official scripts name theirs.
    pub sample: Option<Sample>,
}

/// A folder's images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pictures {
    /// Those of the prompts; in the official order where they are named officially.
    pub known: Vec<Picture>,
    /// Names of those of no prompt.
    pub strangers: Vec<String>,
    /// Position of the prompt and number of each image that is not there; of a prompt that is [`Self::ranked`], as many numbers as images
    /// are not there.
    pub missing: Vec<(usize, u32)>,
    /// Prompts whose images are numbered by their order, by position, with how many are there: one that is not there leaves no gap.
    pub ranked: BTreeMap<usize, u32>,
    /// Images that each prompt should have.
    pub wanted: u32,
    /// Names of files where images are looked for that are none by their ending: a `0.bmp` is why there is no image of a prompt.
    pub unread: Vec<String>,
}

impl Pictures {
    /// Why there is no picture at one of the [`Self::missing`] places of this prompt.
    pub fn why_missing(&self, prompt: usize) -> String {
        match self.ranked.get(&prompt) {
            Some(there) => format!("the prompt has {there} of {} images", self.wanted),
            None => "the image is missing".to_owned(),
        }
    }

    /// What there is besides pictures, in a sentence without a full stop, for whoever misses some; none where there is nothing.
    pub fn besides(&self) -> Option<String> {
        let named = (!self.unread.is_empty()).then(|| few(&self.unread))?;
        Some(format!("PNG, JPEG and WebP are read, by their endings, and not {named}"))
    }
}

/// A folder's images, and what of them cannot be meant.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The images.
    pub pictures: Pictures,
    /// Two images of one place, names in the map that lead nowhere.
    pub problems: Vec<Problem>,
    /// Names of images that say of which prompt they are, where there is none such, or that say nothing, and what is wrong with each. To
    /// [`super::find`] they are strangers, but for a number beyond the prompts, which it refuses; whoever wants all or nothing refuses
    /// them all.
    pub surplus: Vec<(String, Problem)>,
}

impl Found {
    /// Whether nothing in the folder says of which prompt it is.
    pub(super) fn is_empty(&self) -> bool {
        let says = |(_, problem): &(String, Problem)| !matches!(problem, Problem::Unnamed { .. });
        self.pictures.known.is_empty() && self.problems.is_empty() && !self.surplus.iter().any(says)
    }
}
