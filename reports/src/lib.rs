#![doc = include_str!("../README.md")]

mod analysis;
mod error;
mod figures;
mod file;
pub mod observations;
mod page;
pub mod paper;
pub mod preference;
mod reason;
mod run_info;
pub mod statistics;
mod terminal;
mod text;

use std::path::Path;

pub use analysis::{
    Analysis, ArmKey, BOOTSTRAP_REPLICATES, BOOTSTRAP_SEED, ByThings, CategoryKey, Difference, Estimate, GalleryItem,
    MeanDifference, Method, Missing, OverallMean, PaperPair, Picked, Shot, Standing, conclude,
};
pub use error::{ReportError, Result};
pub use observations::{ObservationRow, write_observations};
pub use reason::Reason;
pub use run_info::{
    ArmInfo, CategoryInfo, CodeVersion, Protocol, RunInfo, SamplerInfo, ScorerInfo, SuiteFile, SuiteInfo, TrainingCard,
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
    Ok(analysis)
}

/// Writes what a run folder promises: `analysis.json`, then `report.html`, each whole or not at all. The same inputs give the
/// same bytes. The images that the gallery shows are read from the run folder; one that is not there is shown as missing.
///
/// # Errors
/// See [`ReportError`]; what was there before is intact.
pub fn write_report(run_dir: &Path, info: &RunInfo, analysis: &Analysis) -> Result<()> {
    let html = page::render(run_dir, info, analysis)?;
    let path = run_dir.join("analysis.json");
    let mut json = serde_json::to_vec_pretty(analysis)
        .map_err(|source| ReportError::Write { path: path.clone(), source: source.into() })?;
    json.push(b'\n');
    file::write_atomically(&path, &json)?;
    file::write_atomically(&run_dir.join("report.html"), html.as_bytes())
}
