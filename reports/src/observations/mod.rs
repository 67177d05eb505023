//! The run's `observations.parquet`: reading it for analysis, reading what the gallery shows, and writing it.
//!
//! One row per task and metric. Columns: `task` str, `arm` str, `suite` str, `category` str, `split` str, `prompt_id` str,
//! `prompt` str, `things` u32, `k` u32, `seed` u64, `metric` str, `headline` bool, `value` f64 or null, `unscored` str or null,
//! `outside` str or null, `reasons` str (JSON list), `image` str (path relative to the run folder). Exactly one of `value`, `unscored` and
//! `outside` is there; older files have no column `outside`, and what it would hold stands in `unscored`.

mod absence;
pub(crate) mod merge;
mod names;
mod read;
mod shown;
mod write;

pub use absence::Absence;
pub use names::{Name, Names};
pub use read::{Observations, Row, read_observations};
pub use shown::{Shown, read_shown};
pub use write::{ObservationRow, write_observations};

/// File name within a run folder.
pub const FILE: &str = "observations.parquet";
