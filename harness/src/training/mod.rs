//! The shapes world as the trainer sees it: data without end, and an exam.

mod exam;
mod source;

pub use source::ShapesSource;
