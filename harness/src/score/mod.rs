//! Measuring: from images to observations, and from observations to `observations.parquet`. Re-scoring never draws.

pub mod clip;
pub mod rows;
pub mod scorer;
pub mod stage;

pub use scorer::Scorer;
pub use stage::score;
