//! Distances between sets of pictures: FID, the same on other features, and CMMD.
//!
//! ```text
//! pictures ─► ImageFeatures (Inception: 2048 a picture) ─► Moments (streamed, merged) ─► Gaussian ─┐
//!                                                   reference set, or mu and sigma of an .npz ─────┴─► frechet_distance
//! ```
//!
//! A value is only comparable to one of as many pictures, so the number is in its name: `FID-30K` is what [`fid_name`]
//! gives for exactly 30,000 generated pictures, `FID-<n>` otherwise.

mod bilinear;
mod blocks;
mod cards;
mod cmmd;
mod distance;
mod eigen;
mod gaussian;
mod inception;
mod moments;

pub use cards::{DISTANCES, DistanceCard};
pub use cmmd::cmmd;
pub use distance::{fid_name, frechet_distance, sized_name};
pub use gaussian::Gaussian;
pub use inception::{FID_INCEPTION, ImageFeatures, Inception};
pub use moments::Moments;
