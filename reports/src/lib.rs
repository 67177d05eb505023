#![doc = include_str!("../README.md")]

mod analysis;
mod comparison;
mod error;
mod export;
mod figures;
mod file;
pub mod observations;
mod page;
pub mod paper;
pub mod preference;
pub mod protocol;
mod reason;
mod run_info;
pub mod statistics;
mod terminal;
mod text;

use std::path::Path;

pub use analysis::{
    ALPHA, Analysis, ArmKey, BOOTSTRAP_REPLICATES, BOOTSTRAP_SEED, ByChallenge, ByThings, CategoryEffect, CategoryKey,
    Difference, Effect, Estimate, GalleryItem, Judged, MARGIN, MeanDifference, Method, Missing, MotionChange,
    MotionPoint, OutsidePrompts, OverallMean, PaperPair, Picked, Settle, SettledBy, Shot, Standing, Step, Verdict,
    Word, conclude, range_of,
};
pub use comparison::{Change, Comparison, PairedBy, RunToCompare, compare};
pub use error::{ReportError, Result};
pub use export::{SCHEMA, export, latex_table, markdown_table};
pub use observations::{Absence, ObservationRow, write_observations};
pub use reason::Reason;
pub use run_info::{
    ArmInfo, CategoryInfo, CodeVersion, Power, Protocol, RunInfo, SamplerInfo, ScorerInfo, SuiteFile, SuiteInfo,
    TrainingCard,
};
pub use terminal::terminal_table;

/// Concludes from a run folder: its `manifest.json` (see [`RunInfo::read`]) and `observations.parquet`. Writes nothing.
///
/// # Errors
/// See [`ReportError`]; a missing or damaged file is named.
pub fn analyse(run_dir: &Path) -> Result<Analysis> {
    analyse_with(run_dir, &RunInfo::read(run_dir)?)
}

/// The same for a caller who has the description already, or whose manifest has another shape.
///
/// # Errors
/// As [`analyse`].
pub fn analyse_with(run_dir: &Path, info: &RunInfo) -> Result<Analysis> {
    let observations = observations::read_observations(run_dir)?;
    let mut analysis = conclude(info, &observations)?;
    analysis::attach_shown(&mut analysis, run_dir)?;
    analysis.people = preference::people(run_dir, &observations)?;
    Ok(analysis)
}

/// Writes what a run folder promises: `analysis.json`, then `report.html`, each whole or not at all. The same inputs give the
/// same bytes. The images that the gallery shows are read from the run folder; one that is not there is shown as missing.
///
/// # Errors
/// See [`ReportError`]; what was there before is intact.
pub fn write_report(run_dir: &Path, info: &RunInfo, analysis: &Analysis) -> Result<()> {
    let [json, html] = rendered(run_dir, info, analysis)?;
    file::write_atomically(&run_dir.join("analysis.json"), &json)?;
    file::write_atomically(&run_dir.join("report.html"), &html)
}

/// The bytes that [`write_report`] writes: of `analysis.json`, and of `report.html`.
///
/// # Errors
/// See [`ReportError`].
pub fn rendered(run_dir: &Path, info: &RunInfo, analysis: &Analysis) -> Result<[Vec<u8>; 2]> {
    provisional(run_dir, info, analysis, None)
}

/// The same for a run that is going on: with `refresh`, a browser loads the page again every so many seconds.
///
/// # Errors
/// See [`ReportError`].
pub fn provisional(run_dir: &Path, info: &RunInfo, analysis: &Analysis, refresh: Option<u32>) -> Result<[Vec<u8>; 2]> {
    let html = page::render(run_dir, info, analysis, refresh)?;
    let path = run_dir.join("analysis.json");
    let mut json =
        serde_json::to_vec_pretty(analysis).map_err(|source| ReportError::Write { path, source: source.into() })?;
    json.push(b'\n');
    Ok([json, html.into_bytes()])
}
