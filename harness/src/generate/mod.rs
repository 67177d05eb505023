//! Drawing: from the plan to images, batch by batch, on every core, in whatever order, with the same bytes.

pub mod engine;
pub mod gentron;
pub mod png;
pub mod stage;
pub mod strip;
pub mod truth;

pub use engine::Engine;
pub use stage::generate;
