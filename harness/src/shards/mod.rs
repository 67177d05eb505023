//! One run by many workers: who has which shards, what they leave in the run's folder, and how it becomes a run like any other.
//!
//! ```text
//! runs/<name>/shards/
//!   017.images.<worker>.part    images one after the other, while the shard is drawn; the .jsonl beside it says where each begins
//!   017.zip                     all images of the shard, when it is drawn; 017.images.json seals it
//!   017.observations.<worker>.jsonl, 017.observations.jsonl, 017.observations.json      the same of what was observed
//!   017.lock                    held by who works on it, where the file system has locks
//! ```
//!
//! Nothing depends on the locks: names of unfinished files are a worker's own, sealed files are written whole, and two workers on one
//! shard seal the same bytes. Few files for many images, because parallel file systems suffer from small ones.

pub mod array;
pub mod draw;
pub mod fault;
pub mod folder;
pub mod merge;
pub mod observe;
pub mod pack;
pub mod part;
pub mod phase;
pub mod seal;
pub mod share;
pub mod status;

pub use folder::ShardFolder;
pub use share::Share;
