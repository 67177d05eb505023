//! A worker observes the images of its shards.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context as _;
use gentron_suites::Prompt;

use super::ShardFolder;
use super::folder::{Held, Kind};
use super::pack::Pack;
use super::seal::{Seal, Sealer, State, by_shard};
use super::status::Tally;
use crate::failure::refuse;
use crate::plan::{Batch, Task};
use crate::progress::{self, Progress};
use crate::score::Scorer;
use crate::score::stage::{Observed, observe_task};
use crate::store::timings::Spent;
use crate::store::{Run, atomic, journal, look};
use crate::workers::{self, Ended};

/// A shard that is drawn and not wholly observed yet.
struct Open<'a> {
    tasks: &'a [&'a Task],
    pack: Pack,
    /// Of each task's image.
    sha256: HashMap<&'a str, String>,
    progress: Mutex<Observing<'a>>,
}

struct Observing<'a> {
    missing: HashSet<&'a str>,
    journal: std::path::PathBuf,
    spent: Spent,
}

/// Observes what is not observed yet by this scorer in the shards that are held, and seals each as soon as it is whole.
///
/// # Errors
/// A shard is not drawn, or the disk fails.
pub fn observe(
    run: &Run,
    held: &Held,
    prompts: &[Prompt],
    scorer: &Scorer,
    threads: usize,
) -> anyhow::Result<(Tally, Ended)> {
    let folder = ShardFolder::of(&run.folder);
    let sealer = Sealer { folder: &folder, plan: &run.manifest.plan.digest };
    let identity = scorer.identity();
    let shards = by_shard(&run.plan);
    let mut tally = Tally::default();
    let mut open: BTreeMap<u32, Open> = BTreeMap::new();
    for shard in &held.shards {
        let Some(tasks) = shards.get(shard) else { continue };
        tally.total += tasks.len();
        let mut state = sealer.state((*shard, Kind::Images), tasks, true)?;
        if !matches!(state, State::Sealed(_)) {
            // Another machine may have sealed it a moment ago.
            look::anew(&folder.path);
            state = sealer.state((*shard, Kind::Images), tasks, true)?;
        }
        let images = match state {
            State::Sealed(images) => images,
            State::Open => return Err(not_drawn(run, *shard, "is not drawn yet")),
            State::Broken(why) => return Err(not_drawn(run, *shard, &format!("cannot be scored: {why}"))),
        };
        match sealer.state((*shard, Kind::Observations), tasks, true)? {
            State::Sealed(seal) if is_of(&seal, &images, &identity) => {
                tally.kept += tasks.len();
                continue;
            }
            State::Broken(why) => progress::say(&format!("note: shard {shard} is scored anew: {why}")),
            State::Sealed(_) | State::Open => {}
        }
        let shard_open = Open::begin(&sealer, *shard, tasks, &images, &identity)?;
        let missing = shard_open.progress.lock().unwrap_or_else(PoisonError::into_inner).missing.len();
        tally.kept += tasks.len() - missing;
        if missing == 0 {
            shard_open.seal(&sealer, *shard, &identity, BTreeMap::new())?;
            continue;
        }
        open.insert(*shard, shard_open);
    }

    let is_missing = |batch: &Batch| {
        open.get(&batch[0].shard).is_some_and(|open| {
            let observing = open.progress.lock().unwrap_or_else(PoisonError::into_inner);
            batch.iter().any(|task| observing.missing.contains(task.task.as_str()))
        })
    };
    let pending: Vec<Batch> = run.plan.batches().filter(is_missing).collect();
    let prompts: HashMap<&str, &Prompt> = prompts.iter().map(|prompt| (prompt.id.as_str(), prompt)).collect();
    let progress = Progress::new("score", tally.total - tally.kept);
    let ended = workers::for_each(threads, &pending, |batch| {
        let shard = batch[0].shard;
        let open = &open[&shard];
        let began = Instant::now();
        let mut records = Vec::with_capacity(batch.len());
        for task in *batch {
            let bytes = open.pack.image(task, &open.sha256[task.task.as_str()])?;
            let prompt = prompts.get(task.prompt_id.as_str()).context("the plan's prompt is not in the suite")?;
            records.push(observe_task((scorer, &identity), prompt, task, &bytes)?);
        }
        let mut observing = open.progress.lock().unwrap_or_else(PoisonError::into_inner);
        journal::append(&observing.journal, &records)?;
        observing.spent.images += records.len();
        observing.spent.seconds += began.elapsed().as_secs_f64() / threads as f64;
        observing.spent.threads = threads;
        for task in *batch {
            observing.missing.remove(task.task.as_str());
        }
        let (whole, spent) = (observing.missing.is_empty(), observing.spent);
        drop(observing);
        if whole {
            open.seal(&sealer, shard, &identity, [("score".to_owned(), spent)].into())?;
        }
        progress.advance(records.len());
        Ok(())
    })?;
    progress.finish();
    let missing = |open: &Open| open.progress.lock().unwrap_or_else(PoisonError::into_inner).missing.len();
    tally.done = tally.total - tally.kept - open.values().map(missing).sum::<usize>();
    Ok((tally, ended))
}

/// Whether observations are of these images, by this scorer.
pub fn is_of(observations: &Seal, images: &Seal, scorer: &str) -> bool {
    observations.images == images.images && observations.scorer.as_deref() == Some(scorer)
}

impl<'a> Open<'a> {
    fn begin(sealer: &Sealer, shard: u32, tasks: &'a [&'a Task], images: &Seal, scorer: &str) -> anyhow::Result<Self> {
        let folder = sealer.folder;
        let sha256: HashMap<&str, String> =
            tasks.iter().zip(&images.images).map(|(task, image)| (task.task.as_str(), image.sha256.clone())).collect();
        let observed = observed(folder, shard, &sha256, scorer)?;
        let missing = tasks.iter().map(|task| task.task.as_str()).filter(|task| !observed.contains_key(*task));
        let observing = Observing {
            missing: missing.collect(),
            journal: folder.new_journal(shard, Kind::Observations)?,
            spent: Spent::default(),
        };
        let pack = Pack::open(&folder.product(shard, Kind::Images))?;
        Ok(Self { tasks, pack, sha256, progress: Mutex::new(observing) })
    }

    /// Writes all observations of the shard in the order of the plan, and seals them.
    fn seal(&self, sealer: &Sealer, shard: u32, scorer: &str, spent: BTreeMap<String, Spent>) -> anyhow::Result<()> {
        let journals = sealer.folder.journals(shard, Kind::Observations)?;
        let observed = observed(sealer.folder, shard, &self.sha256, scorer)?;
        let mut images = Vec::with_capacity(self.tasks.len());
        let mut records = Vec::with_capacity(self.tasks.len());
        for task in self.tasks {
            let Some(record) = observed.get(&task.task) else {
                // Without locks another worker may have sealed the same shard and taken away its journals.
                return match sealer.state((shard, Kind::Observations), self.tasks, true)? {
                    State::Sealed(_) => Ok(()),
                    _ => Err(anyhow::anyhow!("no observation of {}", task.image_text())),
                };
            };
            images.push(record.drawn());
            records.push(record);
        }
        atomic::write(&sealer.folder.product(shard, Kind::Observations), &journal::to_bytes(&records)?)?;
        sealer.seal((shard, Kind::Observations), images, Some(scorer.to_owned()), spent)?;
        for path in journals {
            atomic::remove(&path)?;
        }
        Ok(())
    }
}

/// What journals have of these images by this scorer, by task.
fn observed(
    folder: &ShardFolder,
    shard: u32,
    sha256: &HashMap<&str, String>,
    scorer: &str,
) -> anyhow::Result<HashMap<String, Observed>> {
    let mut observed = HashMap::new();
    for path in folder.journals(shard, Kind::Observations)? {
        for record in journal::read::<Observed>(&path)? {
            if record.scorer == scorer && sha256.get(record.task.as_str()) == Some(&record.image) {
                observed.insert(record.task.clone(), record);
            }
        }
    }
    Ok(observed)
}

fn not_drawn(run: &Run, shard: u32, what: &str) -> anyhow::Error {
    let hint = format!("`gentron work {} --stage generate` draws it", run.folder.display());
    refuse(format!("shard {shard} {what}"), hint)
}
