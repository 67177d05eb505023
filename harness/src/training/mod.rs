//! Training data: the shapes world, without end and with an exam, or a user's folder of clips. And what is checked before a training.

pub mod check;
mod exam;
mod folder;
mod source;

pub use folder::ClipFolder;
pub use source::ShapesSource;
