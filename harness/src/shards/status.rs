//! How far a run is, without touching it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::folder::Kind;
use super::part::Drawn;
use super::phase::{self, Phase};
use super::seal::{Sealer, State, by_shard};
use super::{ShardFolder, Share};
use crate::plan::Task;
use crate::store::{Ledger, Run};

/// Images of a worker's share, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// All.
    pub total: usize,
    /// Done before.
    pub kept: usize,
    /// Done now.
    pub done: usize,
}

/// How far a shard is with one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Sealed.
    Whole,
    /// Some of it is done.
    Begun,
    /// Nothing is done.
    Untouched,
    /// Sealed, but the seal is damaged, or a file of it is missing, cut or of another run.
    Broken,
}

/// One shard.
#[derive(Clone, Debug, Serialize)]
pub struct ShardStatus {
    /// Its number.
    pub shard: u32,
    /// Images planned in it.
    pub tasks: usize,
    /// Drawing.
    pub images: Standing,
    /// Images drawn.
    pub drawn: usize,
    /// Scoring.
    pub observations: Standing,
    /// Whether a process is at it, as far as locks tell.
    pub busy: bool,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// One arm.
#[derive(Clone, Debug, Serialize)]
pub struct ArmStatus {
    /// Its name.
    pub arm: String,
    /// Images planned.
    pub total: usize,
    /// Images drawn.
    pub drawn: usize,
    /// Images scored, as far as whole shards, or the whole run, tell.
    pub scored: usize,
}

/// A whole run.
#[derive(Clone, Debug, Serialize)]
pub struct RunStatus {
    /// The arms in the order of the recipe.
    pub arms: Vec<ArmStatus>,
    /// Shards that have tasks; none of a run that is not worked on in shards.
    pub shards: Vec<ShardStatus>,
}

/// Looks at seals, lengths and journals, and reads no image: digests of sealed files are left to `merge`, those of images that are in no
/// sealed file yet to `work`.
///
/// # Errors
/// A file is there and cannot be read.
pub fn of(run: &Run) -> anyhow::Result<RunStatus> {
    let folder = ShardFolder::of(&run.folder);
    let mut arms: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for task in &run.plan.tasks {
        arms.entry(&task.arm).or_default().0 += 1;
    }
    let mut shards = Vec::new();
    if phase::of(run)? == Phase::Shards && folder.is_begun()? {
        let sealer = Sealer { folder: &folder, plan: &run.manifest.plan.digest };
        for (shard, tasks) in by_shard(&run.plan) {
            let (status, drawn) = of_shard(&sealer, shard, &tasks)?;
            for task in &tasks {
                let arm = arms.entry(&task.arm).or_default();
                arm.1 += usize::from(drawn.as_ref().is_none_or(|drawn| drawn.has(&task.task)));
                arm.2 += usize::from(status.observations == Standing::Whole);
            }
            shards.push(status);
        }
    } else {
        let ledger = Ledger::open(&run.folder)?;
        let scored = run.path("scored.json").exists();
        for task in &run.plan.tasks {
            let arm = arms.entry(&task.arm).or_default();
            arm.1 += usize::from(ledger.recorded(task).is_some());
            arm.2 += usize::from(scored);
        }
    }
    let of_arm = |name: &str| {
        let (total, drawn, scored) = arms.get(name).copied().unwrap_or_default();
        ArmStatus { arm: name.to_owned(), total, drawn, scored }
    };
    Ok(RunStatus { arms: run.manifest.recipe.arms.iter().map(|arm| of_arm(&arm.name)).collect(), shards })
}

/// The status of a shard and, where it is not whole, what of it is drawn.
fn of_shard(sealer: &Sealer, shard: u32, tasks: &[&Task]) -> anyhow::Result<(ShardStatus, Option<Drawn>)> {
    let images = sealer.state((shard, Kind::Images), tasks, false)?;
    let observations = sealer.state((shard, Kind::Observations), tasks, false)?;
    let drawn = if matches!(images, State::Sealed(_)) { None } else { Some(Drawn::read(sealer.folder, shard, false)?) };
    let begun = !sealer.folder.journals(shard, Kind::Observations)?.is_empty();
    let standing = |state: &State, begun: bool| match state {
        State::Sealed(_) => Standing::Whole,
        State::Broken(_) => Standing::Broken,
        State::Open if begun => Standing::Begun,
        State::Open => Standing::Untouched,
    };
    let fault = [&images, &observations].into_iter().find_map(|state| match state {
        State::Broken(why) => Some(why.clone()),
        _ => None,
    });
    let count = drawn.as_ref().map_or(tasks.len(), Drawn::count);
    let status = ShardStatus {
        shard,
        tasks: tasks.len(),
        images: standing(&images, count > 0),
        drawn: count,
        observations: standing(&observations, begun),
        busy: sealer.folder.is_busy(shard),
        fault,
    };
    Ok((status, drawn))
}

/// The shards of a run that nobody has begun.
pub fn untouched(run: &Run) -> Vec<ShardStatus> {
    let shard = |(shard, tasks): (u32, Vec<&Task>)| ShardStatus {
        shard,
        tasks: tasks.len(),
        images: Standing::Untouched,
        drawn: 0,
        observations: Standing::Untouched,
        busy: false,
        fault: None,
    };
    by_shard(&run.plan).into_iter().map(shard).collect()
}

impl RunStatus {
    /// Workers of `count` that have something left to do.
    pub fn unfinished(&self, count: u32, is_done: impl Fn(&ShardStatus) -> bool) -> Vec<u32> {
        let has_work = |index: &u32| {
            let share = Share { index: *index, count };
            self.shards.iter().any(|shard| share.has(shard.shard) && !is_done(shard))
        };
        (0..count).filter(has_work).collect()
    }
}
