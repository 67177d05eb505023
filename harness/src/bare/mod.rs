//! A folder of images that no run of ours drew: whose prompt is each, what does it score, what is missing.
//!
//! [`layout`] finds each image's prompt, by names or as a [`map`] has it, and each [`problem`], [`mod@observe`] scores and remembers, [`summary`] averages, [`official`] writes the official
//! scripts' files.

pub mod layout;
pub mod map;
mod mapped;
pub mod observe;
pub mod official;
pub mod problem;
pub mod summary;

pub use layout::{Found, Picture, Pictures, Source};
pub use observe::{Seen, observe, refuse_unscored};
pub use problem::Problem;
pub use summary::{Line, summarise};
