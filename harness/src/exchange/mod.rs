//! Images from and for other systems.
//!
//! [`take`] checks a folder and makes an import of it, which an arm can be drawn from; [`record`] is what an import says of itself;
//! [`give`] writes a run's images in the layout of the official T2I-CompBench scripts; [`mod@few`] puts names into a sentence.

pub mod few;
pub mod give;
pub mod record;
pub mod take;

pub use few::few;
pub use record::{Import, Record};
