//! What can be wrong with weights on disk.

use std::fmt;
use std::path::PathBuf;

/// Why weights could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Neither a safetensors file nor a folder with one.
    #[error("no weights at {}: looked for {}", path.display(), looked_for.join(", "))]
    NotFound {
        /// The file or folder asked for.
        path: PathBuf,
        /// File names that would have done.
        looked_for: Vec<String>,
    },
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not safetensors, or is cut short.
    #[error("{} is damaged or incomplete", path.display())]
    Damaged {
        /// The file (the first of several parts).
        path: PathBuf,
        /// What the reader said.
        source: candle_core::Error,
    },
    /// A JSON file beside the weights does not parse.
    #[error("{} is not the configuration that was expected", path.display())]
    Configuration {
        /// The file.
        path: PathBuf,
        /// What the parser said, with line and column.
        source: serde_json::Error,
    },
    /// The file's tensors are not the network's.
    #[error("{} does not fit the network:{}", path.display(), list(problems))]
    Mismatch {
        /// The file or folder asked for.
        path: PathBuf,
        /// Every tensor that is wrong, by name.
        problems: Vec<Problem>,
    },
    /// The network could not be built for another reason, such as a contradictory configuration.
    #[error("cannot build the network of {}", path.display())]
    Build {
        /// The file or folder asked for.
        path: PathBuf,
        /// What the network said.
        source: candle_core::Error,
    },
}

/// One tensor that is not as the network wants it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// The network has it, the file does not.
    Missing {
        /// Checkpoint key.
        name: String,
        /// The network's shape.
        expected: Vec<usize>,
    },
    /// Both have it, in different shapes.
    Shape {
        /// Checkpoint key.
        name: String,
        /// The network's shape.
        expected: Vec<usize>,
        /// The file's shape.
        got: Vec<usize>,
    },
    /// The file has it, the network does not.
    Extra {
        /// Checkpoint key.
        name: String,
        /// The file's shape.
        got: Vec<usize>,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Missing { name, expected } => {
                write!(f, "{name}: missing, expected shape {expected:?}")
            }
            Self::Shape { name, expected, got } => write!(f, "{name}: expected shape {expected:?}, got {got:?}"),
            Self::Extra { name, got } => {
                write!(f, "{name}: not part of the network, shape {got:?}")
            }
        }
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n  {problem}")).collect()
}
