//! Scorers are held against what they said before, before they are believed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gentron_metrics::canary::{
    CanaryMismatch, Readings, Recorded, compare_recorded, of_depth, of_detector, of_features, of_image_text,
    of_preference, of_vqa, record_path,
};
use gentron_metrics::frechet::Inception;
use gentron_metrics::{Backends, MetricError, shapes::ShapesPerception};

use super::Eyes;
use super::clip::ClipSimilarity;
use crate::failure::Explain as _;
use crate::progress;
use crate::registry::places::data_folder;
use crate::store::digest;

const HINT: &str = "nothing was scored. If the machine or the program has changed and the new numbers are meant, \
                    remove the file of canaries; otherwise get the weights anew";

const NO_DISTANCE: &str = "no distance was computed. If the machine or the program has changed and the new numbers are meant, \
                           remove the file of canaries; otherwise get the weights anew";

/// Networks whose canaries were neither compared nor recorded, each with why: nobody vouches for their numbers, and whoever reads the
/// scores should know.
pub type Unchecked = BTreeMap<String, String>;

/// The exact perception says what is committed.
///
/// # Errors
/// It does not: then no score of it can be trusted.
pub fn of_shapes(perception: &ShapesPerception) -> anyhow::Result<()> {
    let backends = Backends::new(perception, perception);
    gentron_metrics::canary::check(&backends).explain(|| ("the exact scorer has drifted", HINT))
}

/// Every network says what it said when its weights were first used here; the first time is recorded, and said. `small` is the small
/// world's CLIP with a digest of its files. Returns those that could not be held against anything.
///
/// # Errors
/// One of them does not.
pub fn of_eyes(eyes: &Eyes, small: Option<(&ClipSimilarity, &str)>) -> anyhow::Result<Unchecked> {
    let (mut new, mut unchecked) = (Vec::new(), Unchecked::new());
    let mut hold = |sha256: &str, readings: Result<Readings, MetricError>| -> anyhow::Result<()> {
        match held(sha256, readings, HINT)? {
            Held::Before => {}
            Held::Now(name) => new.push(name),
            Held::Not(name, why) => drop(unchecked.insert(name, why)),
        }
        Ok(())
    };
    if let Some(blip) = &eyes.blip {
        hold(&blip.statement().sha256, of_vqa(blip))?;
    }
    let of_photographs = eyes.clip.as_ref().map(|(clip, sha256)| (clip, sha256.as_str()));
    for (clip, sha256) in [of_photographs, small].into_iter().flatten() {
        hold(sha256, of_image_text(clip))?;
    }
    for unidet in [&eyes.unidet_r50, &eyes.unidet_rs200].into_iter().flatten() {
        hold(&unidet.statement().sha256, of_detector(unidet))?;
    }
    for (_, model, sha256) in eyes.preferring() {
        hold(sha256, of_preference(model))?;
    }
    if let Some(depth) = &eyes.depth {
        hold(&depth.statement().sha256, of_depth(depth))?;
    }
    say_new(&new);
    Ok(unchecked)
}

/// Inception says what it said when these weights were first used here; or why that is not known.
///
/// # Errors
/// It does not: then no distance of it can be trusted.
pub fn of_inception(network: &Inception, sha256: &str) -> anyhow::Result<Option<String>> {
    match held(sha256, of_features(network), NO_DISTANCE)? {
        Held::Before => Ok(None),
        Held::Now(name) => {
            say_new(&[name]);
            Ok(None)
        }
        Held::Not(_, why) => Ok(Some(why)),
    }
}

/// A record that was made just now vouches for nothing: whoever reads the scores should know.
fn say_new(new: &[String]) {
    if !new.is_empty() {
        let names = new.join(", ");
        progress::say(&format!(
            "note: first use of these weights here ({names}): what they say of the canary pictures is recorded, nothing was compared"
        ));
    }
}

/// What a network's canaries came to.
enum Held {
    /// It says what it said.
    Before,
    /// What it says is recorded: its name.
    Now(String),
    /// Nothing could be compared or recorded: its name, and why.
    Not(String, String),
}

/// Compares with the record of these weights, or makes it.
fn held(sha256: &str, readings: Result<Readings, MetricError>, hint: &'static str) -> anyhow::Result<Held> {
    let unread = || ("a scorer cannot read the canary pictures".to_owned(), hint);
    let now = readings.map_err(CanaryMismatch::from).explain(unread)?;
    let name = now.backend.clone();
    let Some(folder) = folder() else { return Ok(not_kept(name, "there is no data folder".to_owned())) };
    if let Err(error) = std::fs::create_dir_all(&folder) {
        return Ok(not_kept(name, format!("{}: {error}", folder.display())));
    }
    // The same weights may be looked at as two scorers, which say different things.
    let file = record_path(&folder, &digest::of_value(&(&name, sha256)));
    let explain = || (format!("a scorer does not say what it said ({})", file.display()), hint);
    match compare_recorded(&[now], &file) {
        Ok(Recorded::Now) => Ok(Held::Now(name)),
        Ok(Recorded::Before) => Ok(Held::Before),
        // A folder that is there and cannot be written to is no drift.
        Err(CanaryMismatch::Failed(MetricError::Io { doing: "write", source, .. })) => {
            Ok(not_kept(name, format!("{}: {source}", file.display())))
        }
        Err(mismatch) => Err(mismatch).explain(explain),
    }
}

fn not_kept(name: String, why: String) -> Held {
    progress::say(&format!("note: canaries of {name} are not kept: {why}"));
    Held::Not(name, format!("its canaries are not kept: {why}"))
}

/// `gentron/canaries` in the user's data folder: not beside weights, which may be read-only or shared.
fn folder() -> Option<PathBuf> {
    Some(data_folder()?.parent()?.join("canaries"))
}
