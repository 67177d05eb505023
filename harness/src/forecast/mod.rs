//! What a run will take, before it is begun: time from a short probe of this machine, room on the disk.

pub mod cost;
pub mod probe;

pub use cost::{Cost, cost, free_space};
