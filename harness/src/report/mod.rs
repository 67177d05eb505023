//! Concluding: what a report must know about a run, and the stage that writes it.

pub mod condition;
pub mod gates;
pub mod info;
pub mod limits;
pub mod partial;
pub mod stage;
pub mod verify;

pub use stage::report;
