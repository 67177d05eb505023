//! The columns that only the gallery needs (text, reasons, paths), read for the few prompts that it shows.

use std::collections::BTreeMap;
use std::path::Path;

use polars::prelude::*;

use super::read::lazy;
use crate::error::{ReportError, Result};

/// What one row has to show.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The prompt's text.
    pub prompt: String,
    /// JSON list of reasons.
    pub reasons: String,
    /// Path of the image, relative to the run folder.
    pub image: String,
}

/// Reads what is shown of these prompts, by (arm, prompt id, k, metric).
pub fn read_shown(run_dir: &Path, prompts: &[&str]) -> Result<BTreeMap<(String, String, u32, String), Shown>> {
    let path = run_dir.join(super::FILE);
    let Some(filter) = prompts.iter().map(|id| col("prompt_id").eq(lit(*id))).reduce(|either, or| either.or(or)) else {
        return Ok(BTreeMap::new());
    };
    let columns = ["arm", "prompt_id", "metric", "prompt", "reasons", "image"];
    let frame = lazy(&path)?
        .filter(filter)
        .select(columns.iter().chain(&["k"]).map(|c| col(*c)).collect::<Vec<_>>())
        .collect()
        .map_err(ReportError::parquet(&path))?;
    let texts = columns
        .iter()
        .map(|name| frame.column(name)?.str())
        .collect::<PolarsResult<Vec<_>>>()
        .map_err(ReportError::parquet(&path))?;
    let ks = frame.column("k").and_then(|c| c.u32()).map_err(ReportError::parquet(&path))?;
    let mut shown = BTreeMap::new();
    for row in 0..frame.height() {
        let text = |i: usize| {
            texts[i].get(row).map(str::to_owned).ok_or_else(|| ReportError::Hole {
                path: path.clone(),
                column: columns[i],
                row,
            })
        };
        let k = ks.get(row).ok_or_else(|| ReportError::Hole { path: path.clone(), column: "k", row })?;
        let value = Shown { prompt: text(3)?, reasons: text(4)?, image: text(5)? };
        shown.insert((text(0)?, text(1)?, k, text(2)?), value);
    }
    Ok(shown)
}
