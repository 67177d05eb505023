//! The stage `generate`: whatever the plan asks for and is not on disk yet.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Context as _;
use gentron_suites::Prompt;

use super::{engine, png};
use crate::plan::{Batch, Task};
use crate::progress::{self, Progress};
use crate::store::ledger::Drawn;
use crate::store::timings::{Spent, Timings};
use crate::store::{Ledger, Run, atomic, digest};
use crate::workers::{self, Ended};

/// What the stage found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generated {
    /// Images that were on disk already.
    pub kept: usize,
    /// Images that were drawn now.
    pub drawn: usize,
    /// Whether all images of the plan are there, or a stop came before.
    pub ended: Ended,
}

/// A batch and, for each of its tasks, whether its image is on disk.
struct Pending<'a> {
    tasks: Batch<'a>,
    intact: &'a [bool],
}

/// Draws what is missing. A batch of which anything is missing is computed whole, as it was planned, and what is there stays as it is.
///
/// # Errors
/// Weights, the network or the disk fail. What is drawn so far stays and counts.
pub fn generate(run: &Run, prompts: &[Prompt], weights: Option<&Path>, threads: usize) -> anyhow::Result<Generated> {
    let ledger = Ledger::open(&run.folder)?;
    let intact = ledger.verify(&run.plan);
    let kept = intact.iter().filter(|intact| **intact).count();
    let total = intact.len();
    if kept == total {
        // A crash between the last record and the compaction leaves this to do.
        if !run.path("images.jsonl").exists() || run.path("journals").exists() {
            ledger.compact(&run.plan)?;
        }
        return Ok(Generated { kept, drawn: 0, ended: Ended::Complete });
    }
    if kept > 0 {
        progress::say(&format!("continuing: {kept} of {total} images are there"));
    }

    let mut drawn = 0;
    let progress = Progress::new("draw", total - kept);
    for arm in &run.manifest.recipe.arms {
        let pending = pending(run, &intact, &arm.name);
        let missing: usize = pending.iter().map(|batch| batch.intact.iter().filter(|intact| !**intact).count()).sum();
        if pending.is_empty() {
            continue;
        }
        progress.remark(&arm.name);
        let began = Instant::now();
        let engine = engine::prepare(&run.manifest.recipe, arm, weights, prompts)?;
        let warned = AtomicBool::new(false);
        let ended = workers::for_each(threads, &pending, |batch| {
            let count = draw(run, &ledger, engine.as_ref(), batch, &|task| {
                if !warned.swap(true, Ordering::Relaxed) {
                    progress.say(&warning(task));
                }
            })?;
            progress.advance(count);
            Ok(())
        })?;
        let seconds = began.elapsed().as_secs_f64();
        if ended == Ended::Stopped {
            progress.finish();
            return Ok(Generated { kept, drawn, ended });
        }
        drawn += missing;
        progress.say(&format!("drew {missing} images of {} in {}", arm.name, progress::human(seconds)));
        Timings::add(&run.folder, format!("generate {}", arm.name), Spent { images: missing, seconds, threads });
    }
    progress.finish();
    ledger.compact(&run.plan)?;
    Ok(Generated { kept, drawn, ended: Ended::Complete })
}

fn pending<'a>(run: &'a Run, intact: &'a [bool], arm: &str) -> Vec<Pending<'a>> {
    let mut at = 0;
    let mut pending = Vec::new();
    for tasks in run.plan.batches() {
        let intact = &intact[at..at + tasks.len()];
        at += tasks.len();
        if tasks[0].arm == arm && intact.contains(&false) {
            pending.push(Pending { tasks, intact });
        }
    }
    pending
}

/// A batch as its files will have it.
///
/// # Errors
/// The network fails.
pub fn encoded(engine: &dyn engine::Engine, batch: Batch<'_>) -> anyhow::Result<Vec<Vec<u8>>> {
    let images = engine.draw(batch).with_context(|| format!("cannot draw the batch of {}", batch[0].image_text()))?;
    anyhow::ensure!(images.len() == batch.len(), "{} images for {} draws", images.len(), batch.len());
    images.iter().map(png::encode).collect()
}

/// Draws a batch, writes its missing images and records them. Returns how many these were.
fn draw(
    run: &Run,
    ledger: &Ledger,
    engine: &dyn engine::Engine,
    batch: &Pending,
    differs: &dyn Fn(&Task),
) -> anyhow::Result<usize> {
    let first = &batch.tasks[0];
    let images = encoded(engine, batch.tasks)?;
    let mut records = Vec::new();
    for ((task, bytes), intact) in batch.tasks.iter().zip(&images).zip(batch.intact) {
        let sha256 = digest::of_bytes(bytes);
        // The record may be of an image that was lost since; here it tells whether this machine still draws the same.
        if ledger.recorded(task).is_some_and(|recorded| recorded != sha256) {
            differs(task);
        }
        if !intact {
            atomic::write(&run.folder.join(task.image()), bytes)?;
            records.push(Drawn { task: task.task.clone(), sha256 });
        }
    }
    ledger.record(first.shard, &records)?;
    Ok(records.len())
}

fn warning(task: &Task) -> String {
    format!(
        "note: {} comes out with other bytes than when this run began: another machine or version drew them; \
         a new run with --out is the way to images of one make",
        task.image_text()
    )
}
