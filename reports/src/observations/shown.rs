//! The columns that only the gallery needs (text, reasons, paths), read for the few prompts that it shows.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use polars::prelude::*;

use super::read::open;
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

const COLUMNS: [&str; 6] = ["arm", "prompt_id", "metric", "prompt", "reasons", "image"];

/// Reads what is shown of these prompts, by (arm, prompt id, k, metric). Only the row groups that hold one of them are opened, each between
/// its first and its last, so that what a large run keeps in these columns is never in memory at once.
///
/// # Errors
/// The file is missing, damaged or lacks a column, or a row that is shown has a hole.
pub fn read_shown(run_dir: &Path, prompts: &[&str]) -> Result<BTreeMap<(String, String, u32, String), Shown>> {
    let path = run_dir.join(super::FILE);
    let parquet = || ReportError::parquet(&path);
    let prompts: HashSet<&str> = prompts.iter().copied().collect();
    let mut shown = BTreeMap::new();
    if prompts.is_empty() {
        return Ok(shown);
    }
    let mut stored = open(&path)?;
    let metadata = stored.get_metadata().map_err(parquet())?.clone();
    let ids = stored.with_columns(Some(vec!["prompt_id".to_owned()])).finish().map_err(parquet())?;
    let ids = ids.column("prompt_id").and_then(|column| column.str()).map_err(parquet())?;
    let mut end = 0;
    for group in &metadata.row_groups {
        let start = end;
        end += group.num_rows();
        let asked: Vec<usize> =
            (start..end).filter(|&row| ids.get(row).is_some_and(|id| prompts.contains(id))).collect();
        let (Some(&first), Some(&last)) = (asked.first(), asked.last()) else { continue };
        let mut part = open(&path)?;
        part.set_metadata(metadata.clone());
        let frame = part
            .with_columns(Some(COLUMNS.into_iter().chain(["k"]).map(str::to_owned).collect()))
            .with_slice(Some((first, last - first + 1)))
            .finish()
            .map_err(parquet())?;
        let texts =
            COLUMNS.iter().map(|name| frame.column(name)?.str()).collect::<PolarsResult<Vec<_>>>().map_err(parquet())?;
        let ks = frame.column("k").and_then(|column| column.u32()).map_err(parquet())?;
        for row in asked {
            let hole = |column| ReportError::Hole { path: path.clone(), column, row };
            let text = |i: usize| texts[i].get(row - first).map(str::to_owned).ok_or_else(|| hole(COLUMNS[i]));
            let k = ks.get(row - first).ok_or_else(|| hole("k"))?;
            let value = Shown { prompt: text(3)?, reasons: text(4)?, image: text(5)? };
            shown.insert((text(0)?, text(1)?, k, text(2)?), value);
        }
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::super::{ObservationRow, write_observations};
    use super::*;

    /// More rows than a row group has, of which every hundredth prompt is asked for.
    #[test]
    fn what_is_shown_is_found_in_every_row_group() {
        let folder = tempfile::tempdir().unwrap();
        let prompt = |number: u32| format!("prompt-{number:05}");
        let row = |(arm, number): (&str, u32)| ObservationRow {
            task: format!("{arm}-{number}"),
            arm: arm.into(),
            suite: "suite".into(),
            category: "category".into(),
            split: "unsplit".into(),
            prompt_id: prompt(number),
            prompt: format!("{number} wallets"),
            things: 1,
            k: number % 3,
            seed: 7,
            metric: "blip-vqa".into(),
            headline: true,
            value: Ok(0.5),
            reasons: format!("[{number}]"),
            image: format!("images/{arm}/{number}.png"),
        };
        let each = ["one", "other"].into_iter().flat_map(|arm| (0..40_000).map(move |number| (arm, number)));
        write_observations(folder.path(), each.map(row).collect()).unwrap();

        let asked: Vec<String> = (0..40_000).step_by(100).map(prompt).collect();
        let shown = read_shown(folder.path(), &asked.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        assert_eq!(shown.len(), 2 * asked.len());
        for ((arm, id, k, metric), shown) in shown {
            let number: u32 = id.trim_start_matches("prompt-").parse().unwrap();
            assert_eq!((number % 100, k, metric.as_str()), (0, number % 3, "blip-vqa"));
            let (prompt, reasons, image) =
                (format!("{number} wallets"), format!("[{number}]"), format!("images/{arm}/{number}.png"));
            assert_eq!(shown, Shown { prompt, reasons, image });
        }
        assert!(read_shown(folder.path(), &[]).unwrap().is_empty());
        assert!(read_shown(folder.path(), &["prompt-none"]).unwrap().is_empty());
    }
}
