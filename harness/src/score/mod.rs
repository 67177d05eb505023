//! Measuring: from images to observations, and from observations to `observations.parquet`. Re-scoring never draws.

pub mod canary;
pub mod clip;
pub mod distance;
pub mod eyes;
pub mod letters;
pub mod networks;
pub mod open_clip;
pub mod photographs;
pub mod preference;
pub mod rows;
pub mod scorer;
pub mod stage;
pub mod stated;

pub use eyes::{Eyes, ScorerPaths};
pub use scorer::Scorer;
pub use stage::score;
