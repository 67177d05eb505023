//! As an operator I ask people blind, and can swear to the votes.

mod browser;
mod durable;
mod load;
mod nasty;
mod postgres;
mod refusals;
mod served;
mod whole;
mod wire;

pub use durable::killed_under_load;
pub use served::{Served, frozen, verify};
pub use wire::join;
