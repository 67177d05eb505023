//! Trained weights on disk: where they are looked for, whether they are whole, and their digests.

pub mod check;
pub mod find;

pub use check::{check_folder, digests};
pub use find::{Found, find};

/// How a newcomer gets what is missing.
pub const HOW_TO_GET: &str = "the repository holds them: `git checkout -- weights` restores the folder, \
     `gentron train` makes new ones, --weights DIR names another place";
