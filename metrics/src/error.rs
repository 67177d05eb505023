//! What can go wrong between an image and its score.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::weights::Problems;

/// The one error type of this crate.
#[derive(Debug, thiserror::Error)]
pub enum MetricError {
    /// The phrase uses words that the back-end does not know; it would have to guess, and does not.
    #[error("{backend} does not know the word{} {} in \"{phrase}\"", if words.len() == 1 { "" } else { "s" }, quoted(words))]
    UnknownWords {
        /// Id of the back-end that was asked.
        backend: String,
        /// The phrase as it was asked.
        phrase: String,
        /// The words that are not in the back-end's grammar, in order.
        words: Vec<String>,
    },
    /// All words are known but they do not make a phrase that the back-end can answer.
    #[error("{backend} cannot read \"{phrase}\": {why}")]
    NotAPhrase {
        /// Id of the back-end that was asked.
        backend: String,
        /// The phrase as it was asked.
        phrase: String,
        /// What is missing or too much.
        why: String,
    },
    /// An image without pixels, or larger than the back-end can read.
    #[error("cannot read an image of {width} x {height} pixels: {why}")]
    ImageSize {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Which limit it breaks.
        why: &'static str,
    },
    /// No metric has this id.
    #[error("no metric is called \"{id}\"; there are {known}")]
    UnknownMetric {
        /// What was asked for.
        id: String,
        /// The ids that exist, comma-separated.
        known: String,
    },
    /// A network's arithmetic failed: shapes that do not fit, or a device without room.
    #[error("{network} could not be computed")]
    Network {
        /// Registry key of the network.
        network: String,
        /// candle's own error.
        source: candle_core::Error,
    },
    /// A file of weights cannot be read.
    #[error("cannot read weights from {}", path.display())]
    WeightsFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of weights is not of this network.
    #[error("{} does not hold this network: {problems}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// Every tensor that is missing, mis-shaped or left over.
        problems: Problems,
    },
    /// A file of words is not the one that the network was trained with.
    #[error("{} is not the vocabulary of this network: {why}", path.display())]
    Vocabulary {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Sets of feature vectors that cannot be compared.
    #[error("cannot compare {what}: {got}, expected {expected}")]
    Features {
        /// Which sets.
        what: &'static str,
        /// What there must be.
        expected: String,
        /// What there is.
        got: String,
    },
    /// A file or folder cannot be read or written.
    #[error("{}: cannot {doing}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was attempted: `read`, `write`, `list`.
        doing: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file's content is not what it must be.
    #[error("{}{place}: {why}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: Place,
        /// What is wrong.
        why: String,
    },
    /// Boxes in the frame of one picture, and another picture.
    #[error("boxes in a frame of {} x {} are not of an image of {} x {} pixels", frame[0], frame[1], image[0], image[1])]
    OtherFrame {
        /// Width and height that the boxes are in.
        frame: [u32; 2],
        /// Width and height of the image.
        image: [u32; 2],
    },
    /// A file of detections has nothing about this image.
    #[error("{} has no image \"{image}\"", path.display())]
    NotDetected {
        /// The file.
        path: PathBuf,
        /// The image's name, as it was asked for.
        image: String,
    },
    /// A back-end of another crate failed.
    #[error("{backend} failed")]
    Backend {
        /// Id of the back-end.
        backend: String,
        /// Its own error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Where in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line, from 1.
    Line(u64),
    /// An entry of a list, from 0.
    Record(u64),
    /// The file as a whole.
    File,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, ":{line}"),
            Self::Record(index) => write!(f, ": record {index}"),
            Self::File => Ok(()),
        }
    }
}

impl MetricError {
    pub(crate) fn io(path: &Path, doing: &'static str, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), doing, source }
    }

    pub(crate) fn record(path: &Path, place: Place, why: String) -> Self {
        Self::Record { path: path.to_owned(), place, why }
    }
}

fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}
