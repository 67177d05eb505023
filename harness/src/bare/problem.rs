//! What keeps a folder of images from being what it is taken for.

use serde::Serialize;

use super::layout::LAYOUTS;
use super::map;

/// One thing that is wrong, with the name that it is wrong about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// Two images are of one place.
    Twice {
        /// The later one.
        image: String,
        /// The one before.
        other: String,
        /// The place.
        of: String,
    },
    /// Two images have one number, where numbers count through all images.
    SameNumber {
        /// The later one.
        image: String,
        /// The one before.
        other: String,
        /// Their number.
        number: u64,
    },
    /// The map names an image that is not there.
    Absent {
        /// The map.
        map: String,
        /// The image.
        image: String,
    },
    /// A prompt has too few images, or too many.
    Count {
        /// Its id.
        prompt_id: String,
        /// Its text.
        prompt: String,
        /// Images that are there.
        found: usize,
        /// Images that should be.
        wanted: usize,
    },
    /// An image has a number that none of its prompt's can have.
    Number {
        /// The image.
        image: String,
        /// Its number.
        k: u32,
        /// Images of each prompt.
        wanted: u32,
    },
    /// A file that is no image, or a damaged one.
    Unreadable {
        /// The image.
        image: String,
        /// What the decoder says.
        why: String,
    },
    /// The map names a prompt that the suite does not have.
    Stranger {
        /// The image.
        image: String,
        /// The map's line.
        line: u64,
        /// What stands there.
        whose: String,
    },
    /// The folder's name is the id of no prompt of the suite.
    UnknownId {
        /// The image.
        image: String,
        /// The name.
        prompt_id: String,
    },
    /// The name has the text of no prompt of the suite.
    UnknownText {
        /// The image.
        image: String,
    },
    /// The name is none that says whose the image is.
    Unnamed {
        /// The image.
        image: String,
    },
    /// A row of the map lacks something, or says what cannot be meant.
    Row {
        /// The map.
        map: String,
        /// Its line.
        line: u64,
        /// What is wrong there.
        why: String,
    },
    /// The map names a file that is not within the folder.
    Outside {
        /// The map.
        map: String,
        /// Its line.
        line: u64,
        /// The file.
        image: String,
    },
    /// An image is numbered beyond the last prompt.
    Beyond {
        /// The image.
        image: String,
        /// The prompt that it would be of.
        index: u32,
        /// Prompts that there are.
        prompts: usize,
    },
}

impl Problem {
    /// What is wrong, in a sentence without a full stop.
    pub fn what(&self) -> String {
        match self {
            Self::Twice { image, other, of } => format!("{other} and {image} are both {of}"),
            Self::SameNumber { image, other, number } => format!("{other} and {image} are both number {number}"),
            Self::Absent { map, image } => format!("{map} names {image}, which is not there"),
            Self::Count { prompt_id, found, wanted, prompt } => {
                format!("{prompt_id} has {found} images instead of {wanted} ({prompt})")
            }
            Self::Number { image, k, wanted } => format!("{image} is image {k}; there are {wanted}, from 0"),
            Self::Unreadable { image, why } => format!("{image} cannot be read: {why}"),
            Self::Stranger { image, line, whose } => {
                format!("{image} is of no prompt of the suite: line {line} of the map has {whose}")
            }
            Self::UnknownId { image, prompt_id } => {
                format!("{image} is of no prompt of the suite: none has the id `{prompt_id}`")
            }
            Self::UnknownText { image } => {
                format!("{image} is of no prompt of the suite: none has the text of its name")
            }
            Self::Unnamed { image } => format!("{image} has no name that says whose it is"),
            Self::Row { map, line, why } => format!("{map}, line {line}: {why}"),
            Self::Outside { map, line, image } => format!("{map}, line {line}: {image} is not within the folder"),
            Self::Beyond { image, index, prompts } => {
                format!("{image} is of prompt {index}; there are {prompts}, from 0")
            }
        }
    }

    /// One word for it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Twice { .. } | Self::SameNumber { .. } => "twice",
            Self::Absent { .. } => "absent",
            Self::Count { .. } => "count",
            Self::Number { .. } => "number",
            Self::Unreadable { .. } => "unreadable",
            Self::Stranger { .. } | Self::UnknownId { .. } | Self::UnknownText { .. } => "stranger",
            Self::Unnamed { .. } => "unnamed",
            Self::Row { .. } => "row",
            Self::Outside { .. } => "outside",
            Self::Beyond { .. } => "beyond",
        }
    }

    /// What to do about it.
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::Twice { .. } => "keep one of them",
            Self::SameNumber { .. } => {
                "names are read as {prompt}_{NNNNNN}.png, as the official scripts read theirs: the number counts through all images of the \
                 folder, whatever their prompts. Number them on, or, if the names mean something else, say whose each image is with --map"
            }
            Self::Absent { .. } => "image is a path in the folder: correct the map, or bring the image",
            Self::Number { .. } => "number the images of each prompt from 0 on, or say with --images how many each has",
            Self::Count { found, wanted, .. } if found > wanted => {
                "say with --images how many each prompt has, or move away what is too much"
            }
            Self::Count { .. } => {
                "bring what is missing, say with --images how many each prompt has, or with --category which categories there are"
            }
            Self::Unreadable { .. } => "PNG, JPEG and WebP are read: bring the image anew",
            Self::Stranger { .. } => "correct the map, or name the suite that its prompt is of",
            Self::UnknownId { .. } | Self::UnknownText { .. } => {
                "move it away, or name the suite that its prompt is of; --map says whose each image is, whatever its name"
            }
            Self::Unnamed { .. } => LAYOUTS,
            Self::Row { .. } => map::HINT,
            Self::Outside { .. } => "image is a path in the folder, without `..` or a root: correct the map",
            Self::Beyond { .. } => {
                "<index>.png counts the prompts that are asked for, from 0, with one image each: name the suite that these were drawn for, \
                 or say whose they are by <prompt-id>/<k>.png or --map"
            }
        }
    }

    /// The same of a folder within another.
    #[must_use]
    pub fn within(self, folder: &str) -> Self {
        let inner = |name: String| format!("{folder}/{name}");
        match self {
            Self::Twice { image, other, of } => Self::Twice { image: inner(image), other: inner(other), of },
            Self::SameNumber { image, other, number } => {
                Self::SameNumber { image: inner(image), other: inner(other), number }
            }
            Self::Number { image, k, wanted } => Self::Number { image: inner(image), k, wanted },
            Self::Unreadable { image, why } => Self::Unreadable { image: inner(image), why },
            Self::UnknownId { image, prompt_id } => Self::UnknownId { image: inner(image), prompt_id },
            Self::UnknownText { image } => Self::UnknownText { image: inner(image) },
            Self::Unnamed { image } => Self::Unnamed { image: inner(image) },
            Self::Beyond { image, index, prompts } => Self::Beyond { image: inner(image), index, prompts },
            other => other,
        }
    }
}
