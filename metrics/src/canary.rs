//! A few pictures whose scores are known: looked at before a run, so that a scorer which has changed stops the run and
//! not the paper.
//!
//! [`check()`] holds back-ends against expectations that are committed here: `shapes-exact` has them. What a back-end
//! with weights says is recorded beside the weights when they are first used ([`check_recorded`]), under their digest,
//! and held against that from then on: another machine, version or precision that moves a score shows.

mod committed;
mod pictures;
mod reading;
mod recorded;

pub use committed::check;
pub use pictures::{Picture, pictures};
pub use reading::{
    CanaryMismatch, Readings, of_depth, of_detector, of_features, of_image_text, of_preference, of_vqa, readings,
};
pub use recorded::{Recorded, check_recorded, compare_recorded, record_path};
