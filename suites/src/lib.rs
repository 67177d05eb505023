//! Prompt suites: what a text-to-image model is asked to draw, and what is known about each prompt.
//!
//! [`prompt`] holds the words that all suites share. [`shapes`] is a small drawn world with T2I-CompBench's eight
//! categories: it renders training pairs without end, and knows the ground truth of each picture.

pub mod error;
pub mod prompt;
pub mod rng;
pub mod shapes;

pub use error::SuitesError;
pub use prompt::*;
