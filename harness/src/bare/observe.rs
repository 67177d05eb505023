//! Scoring a folder's images, each once: what an earlier execution found by the same scorers is kept.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use gentron_metrics::{Observation, unscored};
use gentron_suites::Prompt;
use serde::{Deserialize, Serialize};

use super::layout::{Picture, Pictures};
use crate::failure::Interrupted;
use crate::progress::{self, Progress};
use crate::score::Scorer;
use crate::store::{Journals, atomic, digest};
use crate::workers::{self, Ended};

/// A line of `observations.jsonl`: one image, or one that is missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Path within the folder; null where the image is missing.
    pub image: Option<String>,
    /// SHA-256 of the file; null where the image is missing.
    pub sha256: Option<String>,
    /// [`Scorer::identity`].
    pub scorer: String,
    /// The suite's key.
    pub suite: String,
    /// The category within the suite.
    pub category: String,
    /// The prompt's id.
    pub prompt_id: String,
    /// The prompt.
    pub prompt: String,
    /// Which of the prompt's images.
    pub k: u32,
    /// One a metric.
    pub observations: Vec<Observation>,
}

/// The file of what was seen.
pub const FILE: &str = "observations.jsonl";
/// Images between two entries of the journal.
const BATCH: usize = 8;
/// As many journals as a run has.
const SHARDS: usize = crate::plan::batches::SHARDS as usize;

/// Looks at every picture, in their order; the missing ones come last. Writes [`FILE`] into `out`.
///
/// # Errors
/// The disk fails, or a stop was asked for: what is scored so far stays.
pub fn observe(
    pictures: &Pictures,
    prompts: &[Prompt],
    scorer: &Scorer,
    out: &Path,
    threads: usize,
) -> anyhow::Result<Vec<Seen>> {
    let identity = scorer.identity();
    let journals = Journals::<Seen>::new(out.join("journals"), "observations");
    let mut known = known(&journals, out)?;
    known.retain(|seen| seen.scorer == identity);
    let known: HashMap<(&str, &str, &str), &Seen> = known
        .iter()
        .filter_map(|seen| Some(((seen.image.as_deref()?, seen.sha256.as_deref()?, seen.prompt_id.as_str()), seen)))
        .collect();

    let slots: Vec<std::sync::Mutex<Option<Seen>>> =
        pictures.known.iter().map(|_| std::sync::Mutex::default()).collect();
    let batches: Vec<usize> = (0..pictures.known.len().div_ceil(BATCH)).collect();
    let progress = Progress::new("score", pictures.known.len());
    let ended = workers::for_each(threads, &batches, |&batch| {
        let (mut new, first) = (Vec::new(), batch * BATCH);
        let pictures = &pictures.known[first..pictures.known.len().min(first + BATCH)];
        for (picture, slot) in pictures.iter().zip(&slots[first..]) {
            let prompt = &prompts[picture.prompt];
            let bytes = fs::read(&picture.path).with_context(|| format!("cannot read {}", picture.path.display()))?;
            let sha256 = digest::of_bytes(&bytes);
            let seen = match known.get(&(picture.name.as_str(), sha256.as_str(), prompt.id.as_str())) {
                Some(seen) => Seen { k: picture.k, ..(*seen).clone() },
                None => {
                    let seen = look(picture, prompt, scorer, (&bytes, sha256, &identity));
                    new.push(seen.clone());
                    seen
                }
            };
            *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(seen);
        }
        if !new.is_empty() {
            journals.append((batch % SHARDS) as u32, &new)?;
        }
        progress.advance(pictures.len());
        Ok(())
    })?;
    progress.finish();
    if ended == Ended::Stopped {
        return Err(Interrupted.into());
    }
    let mut seen: Vec<Seen> = slots
        .into_iter()
        .filter_map(|slot| slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
        .collect();
    seen.extend(pictures.missing.iter().map(|(prompt, k)| missing(&prompts[*prompt], *k, scorer, &identity)));

    let mut bytes = Vec::new();
    for seen in &seen {
        serde_json::to_writer(&mut bytes, seen)?;
        bytes.push(b'\n');
    }
    atomic::write(&out.join(FILE), &bytes)?;
    journals.clear()?;
    progress::say(&format!("{} images looked at, {} missing", pictures.known.len(), pictures.missing.len()));
    Ok(seen)
}

/// What is remembered; a damaged line is as if it were not there.
fn known(journals: &Journals<Seen>, out: &Path) -> anyhow::Result<Vec<Seen>> {
    let mut known = journals.read()?;
    match fs::read(out.join(FILE)) {
        Ok(bytes) => known.extend(bytes.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", out.join(FILE).display())),
    }
    Ok(known)
}

fn look(picture: &Picture, prompt: &Prompt, scorer: &Scorer, file: (&[u8], String, &str)) -> Seen {
    let (bytes, sha256, identity) = file;
    let observations = match image::load_from_memory(bytes) {
        Ok(image) => scorer.observe(prompt, &image.to_rgb8(), &picture.name),
        Err(error) => none(prompt, scorer, &format!("the image cannot be read: {error}")),
    };
    Seen { image: Some(picture.name.clone()), sha256: Some(sha256), ..of(prompt, picture.k, identity, observations) }
}

fn missing(prompt: &Prompt, k: u32, scorer: &Scorer, identity: &str) -> Seen {
    of(prompt, k, identity, none(prompt, scorer, "the image is missing"))
}

/// Every metric unscored, under the name that its score would have.
fn none(prompt: &Prompt, scorer: &Scorer, why: &str) -> Vec<Observation> {
    let metrics = scorer.metrics(&prompt.suite, &prompt.category);
    let named = |(observation, metric): (Observation, &gentron_metrics::MetricId)| Observation {
        metric: scorer.name(&prompt.suite, *metric),
        ..observation
    };
    unscored(&metrics, why).into_iter().zip(&metrics).map(named).collect()
}

fn of(prompt: &Prompt, k: u32, identity: &str, observations: Vec<Observation>) -> Seen {
    Seen {
        image: None,
        sha256: None,
        scorer: identity.to_owned(),
        suite: prompt.suite.clone(),
        category: prompt.category.clone(),
        prompt_id: prompt.id.clone(),
        prompt: prompt.text.clone(),
        k,
        observations,
    }
}
