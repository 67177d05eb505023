//! What each random draw of a training is for: the last part of its key.

pub(super) const WEIGHTS: u32 = 1;
pub(super) const ORDER: u32 = 2;
pub(super) const TIMESTEP: u32 = 3;
pub(super) const NOISE: u32 = 4;
pub(super) const DROPOUT: u32 = 5;
pub(super) const CORRUPTION: u32 = 6;
pub(super) const CROP: u32 = 7;
pub(super) const MOTION: u32 = 8;
