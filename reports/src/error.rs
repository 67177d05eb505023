//! The one error type of this crate.

use std::path::{Path, PathBuf};

/// What can go wrong between a run folder and its report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file of the run could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A result could not be written; what was there before is untouched.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file that was to appear.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `manifest.json` is not JSON, or its `run_info` has not the shape of [`crate::RunInfo`].
    #[error("{} holds no readable description of a run", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// `votes.json` is not JSON, or has not the shape of [`crate::preference::Input`].
    #[error("{} holds no readable votes", path.display())]
    Votes {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// `observations.parquet` is damaged, or lacks a column.
    #[error("{} is not a readable file of observations", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Polars' account.
        source: polars::error::PolarsError,
    },
    /// A column that may not have holes has one.
    #[error("{}: row {row} has no `{column}`", path.display())]
    Hole {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// Row, counted from 0.
        row: usize,
    },
    /// A row has none of a value, a reason for being unscored and a reason for being outside, or more than one.
    #[error("observation of {metric} on task {task} must have either a value or one reason for having none")]
    ValueXorReason {
        /// Task id.
        task: String,
        /// Metric id.
        metric: String,
    },
    /// A score is NaN or infinite.
    #[error("observation of {metric} on task {task} is {value}; a score that cannot be had is `unscored`, never NaN")]
    NotFinite {
        /// Task id.
        task: String,
        /// Metric id.
        metric: String,
        /// The offender.
        value: f64,
    },
    /// Two rows for one arm, prompt, image and metric.
    #[error("{arm}, {prompt}, image {k} has more than one observation of {metric}")]
    Duplicate {
        /// Arm id.
        arm: String,
        /// Prompt id.
        prompt: String,
        /// Image index.
        k: u32,
        /// Metric id.
        metric: String,
    },
    /// The observations name something that the run's description does not.
    #[error("the observations name the {what} `{name}`, which the run does not describe (it knows: {})", known.join(", "))]
    Unknown {
        /// "arm" or "category".
        what: &'static str,
        /// The name.
        name: String,
        /// What the run describes.
        known: Vec<String>,
    },
    /// The baseline is not one of the arms.
    #[error("the baseline `{baseline}` is not an arm of the run (arms: {})", arms.join(", "))]
    UnknownBaseline {
        /// The name given.
        baseline: String,
        /// The arms there are.
        arms: Vec<String>,
    },
    /// An arm claims to correspond to a row of the paper that is not there.
    #[error("arm `{arm}` names the row `{row}` of the paper's Tables 2 and 3; their rows are {}", known.join(", "))]
    UnknownPaperRow {
        /// Arm id.
        arm: String,
        /// The name given.
        row: String,
        /// Ids of [`crate::paper::rows`].
        known: Vec<String>,
    },
    /// Runs that cannot be compared.
    #[error("nothing to compare: {why}")]
    NothingToCompare {
        /// Why.
        why: &'static str,
    },
    /// An image path of the observations leaves the run folder.
    #[error("the observations point outside of the run folder: {path}")]
    OutsideRun {
        /// The path as written.
        path: String,
    },
    /// A figure could not be drawn.
    #[error("cannot draw the figure: {reason}")]
    Figure {
        /// Plotters' account.
        reason: String,
    },
    /// A template could not be rendered.
    #[error("cannot render the report")]
    Template(#[from] askama::Error),
}

impl ReportError {
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Read { path: path.to_owned(), source }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Write { path: path.to_owned(), source }
    }

    pub(crate) fn parquet(path: &Path) -> impl FnOnce(polars::error::PolarsError) -> Self {
        move |source| Self::Parquet { path: path.to_owned(), source }
    }
}

/// Result of this crate.
pub type Result<T, E = ReportError> = std::result::Result<T, E>;
