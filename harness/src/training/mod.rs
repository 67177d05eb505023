//! Training data: the shapes world, without end and with an exam, or a user's folder of clips.

mod exam;
mod folder;
mod source;

pub use folder::ClipFolder;
pub use source::ShapesSource;
