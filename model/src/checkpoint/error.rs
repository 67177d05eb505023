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
    /// The index of weights in parts is wrong about where tensors are, or leaves open which of several is meant.
    #[error("{} is not the index of its parts:{}", path.display(), list(problems))]
    Index {
        /// The index.
        path: PathBuf,
        /// Every tensor that it is wrong about, by name.
        problems: Vec<Misplaced>,
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
    /// The index of weights in parts names it, and no part has it.
    Absent {
        /// Checkpoint key.
        name: String,
        /// The part that the index names.
        file: String,
    },
}

/// A tensor of weights in parts that is not where the index says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misplaced {
    /// Checkpoint key.
    pub name: String,
    /// The part that the index names, if it names the tensor.
    pub named: Option<String>,
    /// The parts that have it.
    pub found: Vec<String>,
}

impl fmt::Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (name, found) = (&self.name, self.found.join(" and "));
        match &self.named {
            Some(named) => write!(f, "{name}: to be in {named}, and is in {found}"),
            None => write!(f, "{name}: in {found}, and the index does not name it"),
        }
    }
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
            Self::Absent { name, file } => write!(f, "{name}: to be in {file} by the index, and is in no part"),
        }
    }
}

fn list(problems: &[impl fmt::Display]) -> String {
    problems.iter().map(|problem| format!("\n  {problem}")).collect()
}
