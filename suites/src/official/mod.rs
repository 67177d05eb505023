//! What the official T2I-CompBench scripts read out of a prompt, defects included.

mod numbers;
mod relation;

pub use numbers::{Countables, counts};
pub use relation::{OfficialRelation, complex_relation, depth_relation, plane_relation};
