#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod error;
pub mod prompt;
pub mod rng;
pub mod shapes;

pub use error::SuitesError;
pub use prompt::*;
