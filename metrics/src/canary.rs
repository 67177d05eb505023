//! A few pictures whose scores are known: looked at before a run, so that a scorer which has changed stops the run and
//! not the paper.
//!
//! [`check()`] holds back-ends against expectations that are committed here: `shapes-exact` has them. A network is held
//! against three things, in this order:
//!
//! 1. its code: a small network of its kind on invented weights says what is committed ([`Code::check`]);
//! 2. what its weights said elsewhere, where that is committed under their digest ([`check_published`]). So far it is of
//!    no weights: the published files could not be had where this crate was written;
//! 3. else what they said when they were first used here ([`check_recorded`]): another machine, version or precision
//!    that moves a score shows, and a first use has nothing to be held against.

mod code;
mod committed;
mod pictures;
mod published;
mod reading;
mod recorded;

pub use code::{Code, check_code};
pub use committed::check;
pub use pictures::{Picture, pictures};
pub use published::{Published, check_published, published};
pub use reading::{
    CanaryMismatch, Readings, of_depth, of_detector, of_features, of_image_text, of_preference, of_vqa, readings,
};
pub use recorded::{Recorded, check_recorded, compare_recorded, record_path};
