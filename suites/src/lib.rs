#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod compbench;
mod digest;
pub mod error;
pub mod fetch;
pub mod files;
pub mod geneval;
mod listed;
pub mod official;
pub mod own;
pub mod parti;
pub mod phrases;
pub mod prompt;
pub mod rng;
pub mod shapes;
pub mod subset;

pub use error::SuitesError;
pub use listed::ListedSuite;
pub use prompt::*;
