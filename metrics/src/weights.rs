//! Networks' weights: files in their published layouts, every tensor accounted for, and a statement of what was loaded.

mod card;
mod invented;
mod legacy;
mod problem;
mod source;
mod store;

pub use card::{NetworkCard, WeightsStatement};
pub use invented::{Filled, Gain, Invented};
pub use problem::{Problems, TensorProblem};
pub use source::{Renamed, TensorSource};
pub use store::WeightsFile;
