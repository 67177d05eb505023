//! The stage `score`: whatever is drawn and not observed yet by these scorers.

use std::collections::HashMap;
use std::fs;
use std::time::Instant;

use anyhow::Context as _;
use gentron_metrics::Observation;
use gentron_reports::observations::write_observations;
use gentron_suites::Prompt;
use serde::{Deserialize, Serialize};

use super::{Scorer, rows};
use crate::failure::{Explain as _, refuse};
use crate::plan::{Batch, Plan, Task};
use crate::progress::{self, Progress};
use crate::store::ledger::Drawn;
use crate::store::run::pretty;
use crate::store::timings::{Spent, Timings};
use crate::store::{Journals, Ledger, Run, atomic, digest};
use crate::workers::{self, Ended};

/// A journal's record: one image, observed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// The task's id.
    pub task: String,
    /// SHA-256 of the image that was looked at.
    pub image: String,
    /// [`Scorer::identity`].
    pub scorer: String,
    /// What was seen.
    pub observations: Vec<Observation>,
}

impl Observed {
    /// The image that was looked at.
    pub fn drawn(&self) -> Drawn {
        Drawn { task: self.task.clone(), sha256: self.image.clone() }
    }
}

/// `scored.json`: what `observations.parquet` was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Seal {
    /// SHA-256 of `images.jsonl`.
    images: String,
    /// [`Scorer::identity`].
    scorer: String,
    /// SHA-256 of `observations.parquet`.
    observations: String,
}

/// Observes every image of a finished drawing and writes `observations.parquet`; returns at once if it is up to date.
///
/// # Errors
/// Images are missing, or the disk fails.
pub fn score(run: &Run, prompts: &[Prompt], scorer: &Scorer, threads: usize) -> anyhow::Result<Ended> {
    let ledger = Ledger::open(&run.folder)?;
    let missing = ledger.verify(&run.plan).into_iter().filter(|intact| !intact).count();
    if missing > 0 || !run.path("images.jsonl").exists() {
        let what = format!("{missing} of {} images are missing or damaged", run.plan.tasks.len());
        return Err(refuse(what, "`gentron generate` (or `ablate`) with the run's recipe draws them"));
    }
    let identity = scorer.identity();
    let images = digest::of_file(&run.path("images.jsonl"))?;
    let journals = Journals::<Observed>::new(run.path("journals"), "observations");
    if is_sealed(run, &images, &identity) {
        // A crash between the seal and the end of the clearing leaves this to do.
        journals.clear()?;
        progress::say("all images are scored");
        return Ok(Ended::Complete);
    }
    let done = valid(&journals, &ledger, &run.plan, &identity)?;
    let pending: Vec<Batch> =
        run.plan.batches().filter(|batch| batch.iter().any(|task| !done.contains_key(&task.task))).collect();
    let count = pending.iter().map(|batch| batch.len()).sum();
    let prompts: HashMap<&str, &Prompt> = prompts.iter().map(|prompt| (prompt.id.as_str(), prompt)).collect();
    let progress = Progress::new("score", count);
    let began = Instant::now();
    let ended = workers::for_each(threads, &pending, |batch| {
        let mut records = Vec::with_capacity(batch.len());
        for task in *batch {
            let path = run.folder.join(task.image());
            let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let prompt = prompts.get(task.prompt_id.as_str()).context("the plan's prompt is not in the suite")?;
            records.push(observe_task((scorer, &identity), prompt, task, &bytes)?);
        }
        journals.append(batch[0].shard, &records)?;
        progress.advance(records.len());
        Ok(())
    });
    progress.finish();
    if ended? == Ended::Stopped {
        return Ok(Ended::Stopped);
    }
    let seconds = began.elapsed().as_secs_f64();
    progress::say(&format!("scored {count} images in {}", progress::human(seconds)));
    Timings::add(&run.folder, "score".into(), Spent { images: count, seconds, threads });

    finish(run, scorer, valid(&journals, &ledger, &run.plan, &identity)?)?;
    journals.clear()?;
    Ok(Ended::Complete)
}

/// Whether every image is drawn, and scored by these scorers.
pub fn is_finished(run: &Run, scorer: &Scorer) -> bool {
    let images = digest::of_file(&run.path("images.jsonl"));
    images.is_ok_and(|images| is_sealed(run, &images, &scorer.identity()))
}

/// What these scorers have said so far of the images on disk, by task, while not all of them are scored.
///
/// # Errors
/// A journal exists but cannot be read.
pub fn journalled(run: &Run, ledger: &Ledger, scorer: &Scorer) -> anyhow::Result<HashMap<String, Vec<Observation>>> {
    let journals = Journals::<Observed>::new(run.path("journals"), "observations");
    valid(&journals, ledger, &run.plan, &scorer.identity())
}

/// Observes the image of a task, whose file has these bytes.
///
/// # Errors
/// They are no image.
pub fn observe_task(
    (scorer, identity): (&Scorer, &str),
    prompt: &Prompt,
    task: &Task,
    bytes: &[u8],
) -> anyhow::Result<Observed> {
    let image = image::load_from_memory(bytes)
        .explain(|| (format!("cannot read the image {}", task.image_text()), "`gentron generate` draws it anew"))?
        .to_rgb8();
    Ok(Observed {
        task: task.task.clone(),
        image: digest::of_bytes(bytes),
        scorer: identity.to_owned(),
        observations: scorer.observe_task(prompt, task, &image)?,
    })
}

/// Writes `observations.parquet` and `scored.json` of the observations of every task; `images.jsonl` is there.
///
/// # Errors
/// One is missing, or the disk fails.
pub fn finish(run: &Run, scorer: &Scorer, observed: HashMap<String, Vec<Observation>>) -> anyhow::Result<()> {
    compact(run, scorer, observed)?;
    let seal = Seal {
        images: digest::of_file(&run.path("images.jsonl"))?,
        scorer: scorer.identity(),
        observations: digest::of_file(&run.path("observations.parquet"))?,
    };
    atomic::write(&run.path("scored.json"), &pretty(&seal)?)
}

/// Whether the run's observations are of its images, by this scorer.
///
/// # Errors
/// The images are not drawn.
pub fn is_scored(run: &Run, scorer: &Scorer) -> anyhow::Result<bool> {
    Ok(is_sealed(run, &digest::of_file(&run.path("images.jsonl"))?, &scorer.identity()))
}

fn is_sealed(run: &Run, images: &str, scorer: &str) -> bool {
    let Ok(bytes) = fs::read(run.path("scored.json")) else { return false };
    let Ok(seal) = serde_json::from_slice::<Seal>(&bytes) else { return false };
    let parquet = digest::of_file(&run.path("observations.parquet"));
    seal.images == images && seal.scorer == scorer && parquet.is_ok_and(|digest| digest == seal.observations)
}

/// Journalled observations that are of the images on disk, by these scorers.
fn valid(
    journals: &Journals<Observed>,
    ledger: &Ledger,
    plan: &Plan,
    scorer: &str,
) -> anyhow::Result<HashMap<String, Vec<Observation>>> {
    let images: HashMap<&str, &str> =
        plan.tasks.iter().filter_map(|task| Some((task.task.as_str(), ledger.recorded(task)?))).collect();
    let records = journals.read()?.into_iter();
    let current = records.filter(|r| r.scorer == scorer && images.get(r.task.as_str()) == Some(&r.image.as_str()));
    Ok(current.map(|record| (record.task, record.observations)).collect())
}

/// All observations go through the journal, also those of this execution: so a number is the same whether or not the run was interrupted.
fn compact(run: &Run, scorer: &Scorer, mut observed: HashMap<String, Vec<Observation>>) -> anyhow::Result<()> {
    let mut table = Vec::new();
    for task in &run.plan.tasks {
        let observations = observed.remove(&task.task);
        let observations = observations.with_context(|| format!("no observation of {}", task.image_text()))?;
        table.extend(rows::of_task(task, scorer.headline(&task.suite, &task.category), observations)?);
    }
    write_observations(&run.folder, table)?;
    Ok(())
}
