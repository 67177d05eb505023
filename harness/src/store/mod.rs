//! A run on disk: one folder that any later version, shard or machine can go on with.
//!
//! Files that say what was found (`images/`, `images.jsonl`, `plan.jsonl`, `observations.parquet`, `analysis.json`, `report.html`) hold
//! no time, host or thread count, so that two executions of one recipe give the same bytes. What differs is in `timings.json`.

pub mod atomic;
pub mod difference;
pub mod digest;
pub mod journal;
pub mod ledger;
pub mod look;
pub mod manifest;
pub mod run;
pub mod timings;

pub use journal::Journals;
pub use ledger::Ledger;
pub use manifest::Manifest;
pub use run::{Access, Run};
