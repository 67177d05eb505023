//! Fused inference operations for f32 tensors in main memory, split over the cores; candle's own elsewhere.
//!
//! candle's element-wise CPU operations run on one thread and each makes a pass over memory. Here the activation, the
//! bias and the residual ride along with the matrix product, and attention never holds more than a block of its
//! probabilities. No gradients. Values are within f32 rounding of the plain formulas, and do not depend on the number
//! of threads.

mod attention;
mod conv;
mod linear;
mod math;
mod norm;
mod pool;
mod product;
mod rows;
mod slices;

pub(crate) use attention::{Columns, Segments, Width, attend};
pub(crate) use conv::{Conv, Window};
pub(crate) use linear::{After, Linear};
pub(crate) use norm::{LayerNorm, group_norm};
pub(crate) use pool::{average_pool, average_pool_with_border, max_pool, mean_over_area};
