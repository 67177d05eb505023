//! The result files of the official scripts, from a folder that is laid out as theirs.

use std::path::{Path, PathBuf};

use gentron_metrics::MetricId;
use gentron_metrics::official::{ResultFile, Scored, write_results};

use super::layout::Pictures;
use super::observe::Seen;
use crate::failure::{Explain as _, refuse};
use crate::progress;

/// Whether a folder is one that the official scripts could have read.
///
/// # Errors
/// It has another layout, or images of no prompt.
pub fn check(pictures: &Pictures) -> anyhow::Result<()> {
    if pictures.known.iter().any(|picture| picture.sample.is_none()) {
        let hint = "name images samples/{prompt}_{NNNNNN}.png, or leave out --official-files";
        return Err(refuse("official files are of folders in the official layout alone", hint));
    }
    if let Some(stranger) = pictures.strangers.first() {
        let what = format!("{stranger} is of no prompt of the suite: the official scripts would count it");
        return Err(refuse(what, "move it away, name the right category, or leave out --official-files"));
    }
    Ok(())
}

/// Writes, below `out` for each category, what its script would have written. A script's result that would lack an image is not
/// written, and neither is one of another detector. Returns the paths.
///
/// # Errors
/// The disk fails.
pub fn write(pictures: &Pictures, seen: &[Seen], out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut categories: Vec<&str> = Vec::new();
    for seen in seen {
        if !categories.contains(&seen.category.as_str()) {
            categories.push(&seen.category);
        }
    }
    let mut written = Vec::new();
    for category in categories {
        for (name, file) in files(seen, category) {
            let folder = out.join(category);
            let of_category = pictures.known.iter().zip(seen).filter(|(_, seen)| seen.category == category);
            let scored: Vec<Scored> = of_category
                .filter_map(|(picture, seen)| {
                    let observation = seen.observations.iter().find(|observation| observation.metric == name)?;
                    Some(Scored { sample: picture.sample.as_ref()?, outcome: &observation.outcome })
                })
                .collect();
            if let Err(missing) = file.answers(&scored) {
                progress::say(&format!(
                    "no official file of {name}: {missing} of {} images are unscored",
                    scored.len()
                ));
                continue;
            }
            let explain = || (format!("cannot write {}", folder.display()), "name another folder with --out");
            written.extend(write_results(&folder, file, &scored).explain(explain)?);
        }
    }
    Ok(written)
}

/// The official scores among a category's, each script once; `b-vqa` comes before its variants.
fn files(seen: &[Seen], category: &str) -> Vec<(String, ResultFile)> {
    let mut files: Vec<(String, ResultFile)> = Vec::new();
    let first = seen.iter().find(|seen| seen.category == category);
    for observation in first.iter().flat_map(|seen| &seen.observations) {
        let Some((metric, detector)) = MetricId::of_score(&observation.metric) else { continue };
        if let Some(detector) = detector {
            progress::say(&format!("no official file of {metric}: {detector} is not its detector"));
        } else if let Some(file) = ResultFile::of_metric(metric).filter(|file| files.iter().all(|(_, f)| f != file)) {
            files.push((observation.metric.clone(), file));
        }
    }
    files
}
