//! A worker draws its shards, grouped by arm, so that each network is loaded once.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use gentron_suites::Prompt;

use super::ShardFolder;
use super::folder::{Held, Kind};
use super::part::{Drawn as InHand, Image, Part};
use super::seal::{Sealer, State, by_shard};
use super::{pack, status::Tally};
use crate::generate::{Sources, engine, stage::encoded};
use crate::plan::{Batch, Task};
use crate::progress::{self, Progress};
use crate::store::ledger::Drawn;
use crate::store::timings::Spent;
use crate::store::{Run, digest};
use crate::workers::{self, Ended};

/// A shard that is not sealed yet.
struct Open<'a> {
    tasks: &'a [&'a Task],
    /// Tasks that are not drawn; the shard is sealed when none is left.
    missing: HashSet<&'a str>,
    part: Option<Part>,
    spent: BTreeMap<String, Spent>,
}

/// Draws what is missing of the shards that are held, and seals each as soon as it is whole.
///
/// # Errors
/// Weights, the network or the disk fail. What is drawn so far stays and counts.
pub fn draw(
    run: &Run,
    held: &Held,
    prompts: &[Prompt],
    sources: &Sources,
    threads: usize,
) -> anyhow::Result<(Tally, Ended)> {
    let folder = ShardFolder::of(&run.folder);
    let sealer = Sealer { folder: &folder, plan: &run.manifest.plan.digest };
    let shards = by_shard(&run.plan);
    let mut tally = Tally::default();
    let mut open: BTreeMap<u32, Mutex<Open>> = BTreeMap::new();
    for shard in &held.shards {
        let Some(tasks) = shards.get(shard) else { continue };
        tally.total += tasks.len();
        match sealer.state((*shard, Kind::Images), tasks, true)? {
            State::Sealed(_) => tally.kept += tasks.len(),
            state => {
                if let State::Broken(why) = state {
                    progress::say(&format!("note: shard {shard} is drawn anew: {why}"));
                }
                let drawn = InHand::read(&folder, *shard, true)?;
                let missing: HashSet<&str> =
                    tasks.iter().map(|task| task.task.as_str()).filter(|task| !drawn.has(task)).collect();
                tally.kept += tasks.len() - missing.len();
                if missing.is_empty() {
                    // It was killed between the last image and the seal.
                    seal(&sealer, *shard, tasks, BTreeMap::new())?;
                    continue;
                }
                open.insert(*shard, Mutex::new(Open { tasks, missing, part: None, spent: BTreeMap::new() }));
            }
        }
    }
    if tally.kept < tally.total && tally.kept > 0 {
        progress::say(&format!("continuing: {} of {} images of this share are there", tally.kept, tally.total));
    }

    let progress = Progress::new("draw", tally.total - tally.kept);
    let recipe = &run.manifest.recipe;
    for arm in &recipe.arms {
        let is_open = |batch: &Batch| {
            let shard = open.get(&batch[0].shard).map(|open| open.lock().unwrap_or_else(PoisonError::into_inner));
            shard.is_some_and(|open| batch.iter().any(|task| open.missing.contains(task.task.as_str())))
        };
        let pending: Vec<Batch> = run.plan.batches().filter(|batch| batch[0].arm == arm.name).filter(is_open).collect();
        if pending.is_empty() {
            continue;
        }
        progress.remark(&arm.name);
        let engine = engine::prepare(recipe, arm, sources, prompts)?;
        let ended = workers::for_each(threads, &pending, |batch| {
            let shard = batch[0].shard;
            let began = Instant::now();
            let images = encoded(engine.as_ref(), batch)?;
            let seconds = began.elapsed().as_secs_f64() / threads as f64;
            let mut open = open[&shard].lock().unwrap_or_else(PoisonError::into_inner);
            let added = open.add(&folder, shard, batch, images)?;
            let spent = open.spent.entry(format!("generate {}", arm.name)).or_default();
            *spent = Spent { images: spent.images + added, seconds: spent.seconds + seconds, threads };
            if open.missing.is_empty() {
                // Open, it would keep its space after it was removed, and on NFS its name.
                open.part = None;
                seal(&sealer, shard, open.tasks, open.spent.clone())?;
            }
            progress.advance(added);
            Ok(())
        })?;
        if ended == Ended::Stopped {
            progress.finish();
            tally.done = tally.total - tally.kept - still_missing(&open);
            return Ok((tally, ended));
        }
    }
    progress.finish();
    tally.done = tally.total - tally.kept;
    Ok((tally, Ended::Complete))
}

impl Open<'_> {
    /// Writes what was missing of a batch; returns how many these were.
    fn add(
        &mut self,
        folder: &ShardFolder,
        shard: u32,
        batch: Batch<'_>,
        images: Vec<Vec<u8>>,
    ) -> anyhow::Result<usize> {
        let missing = batch.iter().zip(images).filter(|(task, _)| self.missing.contains(task.task.as_str()));
        let images: Vec<Image> = missing
            .map(|(task, bytes)| Image { task: task.task.clone(), sha256: digest::of_bytes(&bytes), bytes })
            .collect();
        if self.part.is_none() {
            self.part = Some(Part::begin(folder, shard)?);
        }
        if let Some(part) = &mut self.part {
            part.append(&images)?;
        }
        for image in &images {
            self.missing.remove(image.task.as_str());
        }
        Ok(images.len())
    }
}

fn still_missing(open: &BTreeMap<u32, Mutex<Open>>) -> usize {
    open.values().map(|open| open.lock().unwrap_or_else(PoisonError::into_inner).missing.len()).sum()
}

/// Packs all images of a shard, in the order of the plan, and seals them.
fn seal(sealer: &Sealer, shard: u32, tasks: &[&Task], spent: BTreeMap<String, Spent>) -> anyhow::Result<()> {
    let drawn = InHand::read(sealer.folder, shard, true)?;
    let mut images = Vec::with_capacity(tasks.len());
    let packed = pack::write(&sealer.folder.product(shard, Kind::Images), tasks, |task| {
        let bytes = drawn.image(&task.task)?;
        images.push(Drawn { task: task.task.clone(), sha256: digest::of_bytes(&bytes) });
        Ok(bytes)
    });
    if let Err(error) = packed {
        // Without locks another worker may have sealed the same shard and taken away what was left of its making.
        return match sealer.state((shard, Kind::Images), tasks, true)? {
            State::Sealed(_) => Ok(()),
            _ => Err(error),
        };
    }
    sealer.seal((shard, Kind::Images), images, None, spent)?;
    drawn.clear()
}
