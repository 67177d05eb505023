//! From shards to a run like any other: the same bytes as on one machine, or a refusal that says what is missing, double or different.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;

use rayon::prelude::*;

use super::ShardFolder;
use super::folder::Kind;
use super::observe::is_of;
use super::pack::Pack;
use super::seal::{Seal, Sealer, State, by_shard};
use crate::failure::Explained;
use crate::plan::Task;
use crate::progress::{self, Progress};
use crate::score::Scorer;
use crate::score::stage::{self, Observed};
use crate::store::timings::Timings;
use crate::store::{Ledger, Run, atomic, digest, journal, ledger};

/// What was merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Images of the run.
    pub images: usize,
    /// Whether observations came with them.
    pub scored: bool,
}

/// What keeps shards from being merged.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    Missing(String),
    Double(String),
    Different(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(what) => write!(f, "missing: {what}"),
            Self::Double(what) => write!(f, "double: {what}"),
            Self::Different(what) => write!(f, "different: {what}"),
        }
    }
}

/// Where a whole shard is.
struct Found {
    folder: ShardFolder,
    images: Seal,
    observations: Option<Seal>,
}

/// Checks every seal, digest and task; then unpacks the images, writes `images.jsonl` and, with a scorer, the observations, and removes
/// the shards. `elsewhere` are copies of the run's folder on which other machines have worked. Killed at any moment, the same call goes on.
///
/// # Errors
/// Something is missing, double or different, and nothing is changed; or the disk fails.
pub fn merge(run: &Run, elsewhere: &[PathBuf], scorer: Option<&Scorer>) -> anyhow::Result<Merged> {
    let own = ShardFolder::of(&run.folder);
    let images = run.plan.tasks.len();
    // An earlier merge may have been killed in the middle of a picture.
    atomic::sweep(&run.folder)?;
    if let Some(scored) = is_merged(run, scorer)? {
        own.clear()?;
        return Ok(Merged { images, scored });
    }
    let folders: Vec<ShardFolder> =
        std::iter::once(own.clone()).chain(elsewhere.iter().map(|folder| ShardFolder::of(folder))).collect();
    let shards = by_shard(&run.plan);
    let found = find(run, &folders, &shards, scorer)?;

    let progress = Progress::new("merge", images);
    found.par_iter().try_for_each(|(shard, found)| {
        let pack = Pack::open(&found.folder.product(*shard, Kind::Images))?;
        for (task, drawn) in shards[shard].iter().zip(&found.images.images) {
            let path = run.folder.join(task.image());
            if !digest::of_file(&path).is_ok_and(|there| there == drawn.sha256) {
                atomic::write(&path, &pack.image(task, &drawn.sha256)?)?;
            }
            progress.advance(1);
        }
        anyhow::Ok(())
    })?;
    progress.finish();

    let digests: HashMap<&str, &str> = found
        .values()
        .flat_map(|found| &found.images.images)
        .map(|drawn| (drawn.task.as_str(), drawn.sha256.as_str()))
        .collect();
    ledger::write(&run.folder, &run.plan, |task| digests.get(task.task.as_str()).map(|sha256| (*sha256).to_owned()))?;
    if let Some(scorer) = scorer {
        stage::finish(run, scorer, observations(&found)?)?;
    }
    for found in found.values() {
        for (stage, spent) in
            [Some(&found.images), found.observations.as_ref()].into_iter().flatten().flat_map(|s| &s.spent)
        {
            Timings::add(&run.folder, stage.clone(), *spent);
        }
    }
    own.clear()?;
    Ok(Merged { images, scored: scorer.is_some() })
}

/// A merge that was killed while it removed the shards has everything but some of these.
fn is_merged(run: &Run, scorer: Option<&Scorer>) -> anyhow::Result<Option<bool>> {
    if !run.path("images.jsonl").exists() {
        return Ok(None);
    }
    let whole = Ledger::open(&run.folder)?.verify(&run.plan).into_iter().all(|intact| intact);
    let scored = match scorer {
        Some(scorer) => stage::is_scored(run, scorer)?,
        None => true,
    };
    Ok((whole && scored).then_some(scorer.is_some()))
}

/// Every shard once, whole, and of this run.
fn find(
    run: &Run,
    folders: &[ShardFolder],
    shards: &BTreeMap<u32, Vec<&Task>>,
    scorer: Option<&Scorer>,
) -> anyhow::Result<BTreeMap<u32, Found>> {
    let identity = scorer.map(Scorer::identity);
    let searched: Vec<(u32, Result<Found, Vec<Fault>>)> = shards
        .par_iter()
        .map(|(shard, tasks)| Ok((*shard, find_shard(run, folders, (*shard, tasks), identity.as_deref())?)))
        .collect::<anyhow::Result<_>>()?;
    let mut found = BTreeMap::new();
    let mut faults = Vec::new();
    for (shard, result) in searched {
        match result {
            Ok(whole) => drop(found.insert(shard, whole)),
            Err(of_shard) => faults.extend(of_shard),
        }
    }
    if faults.is_empty() {
        let mut versions: Vec<&str> = found.values().map(|found| found.images.code.as_str()).collect();
        versions.sort_unstable();
        versions.dedup();
        if versions.len() > 1 {
            progress::say(&format!("note: shards were drawn by several versions: {}", versions.join(", ")));
        }
        return Ok(found);
    }
    Err(refusal(run, &faults))
}

fn refusal(run: &Run, faults: &[Fault]) -> anyhow::Error {
    let count = |is: fn(&Fault) -> bool, word: &str| {
        let count = faults.iter().filter(|fault| is(fault)).count();
        (count > 0).then(|| format!("{count} {word}"))
    };
    let counts: Vec<String> = [
        count(|fault| matches!(fault, Fault::Missing(_)), "missing"),
        count(|fault| matches!(fault, Fault::Double(_)), "double"),
        count(|fault| matches!(fault, Fault::Different(_)), "different"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let folder = run.folder.display();
    let only_double = faults.iter().all(|fault| matches!(fault, Fault::Double(_)));
    let hint = if only_double {
        "remove all copies but one, or leave out a --from; nothing was changed".to_owned()
    } else {
        format!("`gentron work {folder}` does what is left; `gentron retry-plan {folder}` says which workers have any")
    };
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let what = format!("cannot merge {folder}: {}", counts.join(", "));
    anyhow::anyhow!(lines.join("\n")).context(Explained { what, hint })
}

fn find_shard(
    run: &Run,
    folders: &[ShardFolder],
    (shard, tasks): (u32, &[&Task]),
    scorer: Option<&str>,
) -> anyhow::Result<Result<Found, Vec<Fault>>> {
    let state = |folder: &ShardFolder, kind| {
        Sealer { folder, plan: &run.manifest.plan.digest }.state((shard, kind), tasks, true)
    };
    let mut faults = Vec::new();
    let mut copies = Vec::new();
    for folder in folders {
        match state(folder, Kind::Images)? {
            State::Open => {}
            State::Broken(why) => faults.push(Fault::Different(format!("shard {shard}: {why}"))),
            State::Sealed(images) => copies.push(Found { folder: folder.clone(), images, observations: None }),
        }
    }
    let at = |copies: &[Found]| {
        let places = copies.iter().map(|copy| copy.folder.path.display().to_string());
        places.collect::<Vec<_>>().join(" and ")
    };
    if let [first, others @ ..] = &copies[..]
        && !others.is_empty()
    {
        let differ = others.iter().any(|other| other.images.images != first.images.images);
        let fault = if differ { Fault::Different } else { Fault::Double };
        let how = if differ { "came out otherwise in" } else { "is there more than once, in" };
        faults.push(fault(format!("shard {shard} {how} {}", at(&copies))));
    }
    let Some(mut copy) = copies.pop() else {
        if faults.is_empty() {
            faults.push(Fault::Missing(format!(
                "shard {shard} ({} images, the first is {})",
                tasks.len(),
                tasks[0].image_text()
            )));
        }
        return Ok(Err(faults));
    };
    if let Some(scorer) = scorer {
        match state(&copy.folder, Kind::Observations)? {
            State::Open => faults.push(Fault::Missing(format!("the scores of shard {shard}"))),
            State::Broken(why) => faults.push(Fault::Different(format!("the scores of shard {shard}: {why}"))),
            State::Sealed(seal) if is_of(&seal, &copy.images, scorer) => copy.observations = Some(seal),
            State::Sealed(_) => faults.push(Fault::Different(format!(
                "the scores of shard {shard} are of other images, or by other scorers than are here"
            ))),
        }
    }
    Ok(if faults.is_empty() { Ok(copy) } else { Err(faults) })
}

/// What was observed, by task.
fn observations(found: &BTreeMap<u32, Found>) -> anyhow::Result<HashMap<String, Vec<gentron_metrics::Observation>>> {
    let mut all = HashMap::new();
    for (shard, found) in found {
        let path = found.folder.product(*shard, Kind::Observations);
        let records = journal::read::<Observed>(&path)?;
        anyhow::ensure!(records.len() == found.images.images.len(), "{} is damaged", path.display());
        all.extend(records.into_iter().map(|record| (record.task, record.observations)));
    }
    Ok(all)
}
