//! What is wrong with a checkpoint, tensor by tensor.

use std::fmt;

/// One tensor that is not as the network wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TensorProblem {
    /// The network wants it, the file has none.
    Missing {
        /// As the file's layout calls it.
        name: String,
        /// What the network wants.
        shape: Vec<usize>,
    },
    /// The file has it, the network has no place for it.
    Extra {
        /// As the file calls it.
        name: String,
    },
    /// It has another shape.
    Shape {
        /// As the file calls it.
        name: String,
        /// What the network wants.
        expected: Vec<usize>,
        /// What the file has.
        got: Vec<usize>,
    },
    /// Two names of one tied tensor hold different values.
    Untied {
        /// The name that is not read.
        name: String,
        /// The name that is.
        tied_to: String,
    },
}

impl fmt::Display for TensorProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name, shape } => write!(f, "{name} {shape:?} is missing"),
            Self::Extra { name } => write!(f, "{name} has no place in the network"),
            Self::Shape { name, expected, got } => write!(f, "{name} is {got:?}, not {expected:?}"),
            Self::Untied { name, tied_to } => write!(f, "{name} differs from {tied_to}, to which it is tied"),
        }
    }
}

/// All problems of a file; prints the first eight and how many more there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<TensorProblem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        for (i, problem) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}{problem}", if i == 0 { "" } else { "; " })?;
        }
        if self.0.len() > SHOWN {
            write!(f, "; and {} more", self.0.len() - SHOWN)?;
        }
        Ok(())
    }
}
