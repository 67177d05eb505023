//! Drawing: from the plan to images, batch by batch, on every core, in whatever order, with the same bytes.

pub mod command;
pub mod diffusers;
pub mod embeddings;
pub mod engine;
pub mod gentron;
pub mod imported;
pub mod png;
pub mod process;
pub mod sources;
pub mod stage;
pub mod strip;
pub mod truth;

pub use engine::Engine;
pub use sources::{Outside, Sources};
pub use stage::generate;
