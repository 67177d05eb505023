//! Plan: every image that the recipe asks for, in one order, in fixed batches and shards.
//!
//! The plan depends on the recipe, the suites and the digests of the weights alone: not on the machine, the number of threads, or
//! what is already drawn.

pub mod batches;
pub mod prompts;
pub mod task;

pub use batches::{Batch, Plan};
pub use prompts::select;
pub use task::{ArmIdentity, Task};
