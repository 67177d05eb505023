//! What others read: LaTeX and Markdown for papers, CSV and Parquet for data frames, JSON with its schema.

mod frames;
mod latex;
mod markdown;
mod sheet;

use std::path::{Path, PathBuf};

use crate::analysis::Analysis;
use crate::error::{ReportError, Result};
use crate::file::write_atomically;
use crate::run_info::RunInfo;

pub(crate) use frames::parquet;
pub use latex::latex_table;
pub use markdown::markdown_table;

/// The JSON Schema (2020-12) of `analysis.json`.
pub const SCHEMA: &str = include_str!("../../schema/analysis.schema.json");

/// Writes every export into a folder, which is made if need be; each file whole or not at all. Returns what was written.
///
/// # Errors
/// See [`ReportError`].
pub fn export(folder: &Path, info: &RunInfo, analysis: &Analysis) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder).map_err(ReportError::write(folder))?;
    let mut written = Vec::new();
    let mut write = |name: &str, bytes: &[u8]| -> Result<()> {
        let path = folder.join(name);
        write_atomically(&path, bytes)?;
        written.push(path);
        Ok(())
    };
    write("scores.tex", latex_table(info, analysis).as_bytes())?;
    write("scores.md", markdown_table(info, analysis).as_bytes())?;
    for (name, mut frame) in [("scores", frames::scores(analysis)), ("verdicts", frames::verdicts(analysis))] {
        let path = folder.join(name);
        let frame = frame.as_mut().map_err(|e| ReportError::parquet(&path)(e.clone()))?;
        write(&format!("{name}.csv"), &frames::csv(frame).map_err(ReportError::parquet(&path))?)?;
        write(&format!("{name}.parquet"), &parquet(frame).map_err(ReportError::parquet(&path))?)?;
    }
    let json = serde_json::to_vec_pretty(analysis);
    let path = folder.join("analysis.json");
    write("analysis.json", &json.map_err(|source| ReportError::Write { path, source: source.into() })?)?;
    write("analysis.schema.json", SCHEMA.as_bytes())?;
    Ok(written)
}
