//! Scorers are held against what they said before, before they are believed.

use std::path::PathBuf;

use gentron_metrics::canary::{
    CanaryMismatch, Readings, compare_recorded, of_depth, of_detector, of_image_text, of_preference, of_vqa,
    record_path,
};
use gentron_metrics::{Backends, MetricError, shapes::ShapesPerception};

use super::Eyes;
use crate::failure::Explain as _;
use crate::progress;
use crate::registry::places::data_folder;

const HINT: &str = "nothing was scored. If the machine or the program has changed and the new numbers are meant, \
                    remove the file of canaries; otherwise get the weights anew";

/// The exact perception says what is committed.
///
/// # Errors
/// It does not: then no score of it can be trusted.
pub fn of_shapes(perception: &ShapesPerception) -> anyhow::Result<()> {
    let backends = Backends::new(perception, perception);
    gentron_metrics::canary::check(&backends).explain(|| ("the exact scorer has drifted", HINT))
}

/// Every network says what it said when its weights were first used here; the first time is recorded.
///
/// # Errors
/// One of them does not.
pub fn of_eyes(eyes: &Eyes) -> anyhow::Result<()> {
    if let Some(blip) = &eyes.blip {
        held(&blip.statement().sha256, of_vqa(blip))?;
    }
    if let Some((clip, sha256)) = &eyes.clip {
        held(sha256, of_image_text(clip))?;
    }
    for unidet in [&eyes.unidet_r50, &eyes.unidet_rs200].into_iter().flatten() {
        held(&unidet.statement().sha256, of_detector(unidet))?;
    }
    for (_, model, sha256) in eyes.preferring() {
        held(sha256, of_preference(model))?;
    }
    if let Some(depth) = &eyes.depth {
        held(&depth.statement().sha256, of_depth(depth))?;
    }
    Ok(())
}

/// Compares with the record of these weights, or makes it.
fn held(sha256: &str, readings: Result<Readings, MetricError>) -> anyhow::Result<()> {
    let Some(folder) = folder() else { return Ok(()) };
    if let Err(error) = std::fs::create_dir_all(&folder) {
        progress::say(&format!("note: canaries are not kept: {}: {error}", folder.display()));
        return Ok(());
    }
    let file = record_path(&folder, sha256);
    let compared = readings.map_err(CanaryMismatch::from).and_then(|now| compare_recorded(&[now], &file));
    compared.explain(|| (format!("a scorer does not say what it said ({})", file.display()), HINT))?;
    Ok(())
}

/// `gentron/canaries` in the user's data folder: not beside weights, which may be read-only or shared.
fn folder() -> Option<PathBuf> {
    Some(data_folder()?.parent()?.join("canaries"))
}
