//! The scores with what the official code gets wrong put right.
//!
//! Each repair is one sentence at the function that makes it, and one test. What is a choice of the paper's and not a
//! slip of the code stays: weights, thresholds, the cut below 0.5 in the plane.

mod depth;
mod numeracy;
mod pair;
mod plane;

pub use depth::{position_3d_fixed, unidet_3d_fixed};
pub use numeracy::unidet_numeracy_fixed;
pub use plane::{position_2d_fixed, unidet_2d_fixed};
