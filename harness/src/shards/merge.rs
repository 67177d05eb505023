//! From shards to a run like any other: the same bytes as on one machine, or a refusal that says what is missing, double or different.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use gentron_metrics::Observation;
use rayon::prelude::*;

use super::ShardFolder;
use super::fault::{Fault, Faults, Flaw, Remedy};
use super::folder::Kind;
use super::observe::is_of;
use super::pack::Pack;
use super::phase::{self, Phase};
use super::seal::{Seal, Sealer, State, by_shard};
use crate::failure::{Explained, quoted, refuse};
use crate::plan::Task;
use crate::progress::{self, Progress};
use crate::remote;
use crate::score::Scorer;
use crate::score::stage::{self, Observed};
use crate::store::ledger::Drawn;
use crate::store::timings::Timings;
use crate::store::{Journals, Ledger, Run, atomic, digest, journal, ledger, look};

/// What was merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Images of the run.
    pub images: usize,
    /// Whether observations came with them.
    pub scored: bool,
}

/// A run or a copy of it, and its shards.
struct Place {
    run: PathBuf,
    shards: ShardFolder,
}

/// Where a whole shard is.
struct Found<'a> {
    place: &'a Place,
    images: Seal,
    observations: Option<Seal>,
}

/// Checks every seal, digest and task; then unpacks the images, writes `images.jsonl` and, with a scorer, the observations, and removes
/// the shards. The user calls the run `name`; `elsewhere` are copies of its folder on which other machines have worked. Killed at any
/// moment, the same call goes on.
///
/// # Errors
/// Something is missing, double or different, which [`Faults`] tell, and nothing is changed; a copy is none; or the disk fails.
pub fn merge(run: &Run, name: &Path, elsewhere: &[PathBuf], scorer: Option<&Scorer>) -> anyhow::Result<Merged> {
    let own = ShardFolder::of(&run.folder);
    let images = run.plan.tasks.len();
    let mut places = vec![Place { run: name.to_owned(), shards: own.clone() }];
    places.extend(copies(run, elsewhere)?);
    if scorer.is_none() {
        refuse_to_drop_scores(run, name, &own)?;
    }
    if let Some(scored) = is_merged(run, scorer)? {
        if !elsewhere.is_empty() {
            progress::say(&format!("note: {} is merged already: the copies were not looked at", name.display()));
        }
        atomic::sweep(&run.folder)?;
        own.clear()?;
        return Ok(Merged { images, scored });
    }
    let shards = by_shard(&run.plan);
    for place in &places {
        // Other machines may have sealed the last of them a moment ago.
        look::anew(&place.shards.path);
    }
    let found = match find(run, &places, &shards, scorer)? {
        Ok(found) => found,
        Err(faults) => {
            if faults.are_gaps() {
                refuse_without_shards(run, name, &own)?;
            }
            return Err(faults.refuse(name));
        }
    };
    say_versions(&found);
    // Before anything is written: these are the last files that may turn out to be damaged.
    let scored = scorer.map(|scorer| anyhow::Ok((scorer, observations(&found)?))).transpose()?;
    // An earlier merge may have been killed in the middle of a picture. Not before: where there are no locks, what is half-written may be
    // a worker's, until every shard is whole.
    atomic::sweep(&run.folder)?;

    let progress = Progress::new("merge", images);
    found.par_iter().try_for_each(|(shard, found)| {
        let pack = Pack::open(&found.place.shards.product(*shard, Kind::Images))?;
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
    // Notes of one machine that had begun the run would be taken for newer than what is written now.
    Journals::<Drawn>::new(run.path("journals"), "images").clear()?;
    if scored.is_some() {
        Journals::<Observed>::new(run.path("journals"), "observations").clear()?;
    }
    ledger::write(&run.folder, &run.plan, |task| digests.get(task.task.as_str()).map(|sha256| (*sha256).to_owned()))?;
    if let Some((scorer, observations)) = scored {
        stage::finish(run, scorer, observations)?;
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

/// The copies that are named, each a folder of its own that is not the run's.
fn copies(run: &Run, elsewhere: &[PathBuf]) -> anyhow::Result<Vec<Place>> {
    let own = real(&run.folder);
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut copies = Vec::new();
    for folder in elsewhere {
        let shown = folder.display();
        if remote::is_address(folder) {
            let hint =
                "copy it to a folder; a run that is in a store as a whole is merged by its address, without --from";
            return Err(refuse(format!("--from {shown} is in an object store"), hint));
        }
        let shards = ShardFolder::of(folder);
        if !shards.path.is_dir() && !folder.join("manifest.json").is_file() {
            let what = format!("--from {shown} is no copy of a run: it has neither manifest.json nor shards");
            return Err(refuse(what, "name the folder that a machine worked on"));
        }
        let place = real(folder);
        if place == own {
            return Err(refuse(format!("--from {shown} is the run itself"), "leave it out; nothing was changed"));
        }
        if seen.contains(&place) {
            let hint = "name every copy once; nothing was changed";
            return Err(refuse(format!("--from {shown} is a copy that is named already"), hint));
        }
        seen.push(place);
        copies.push(Place { run: folder.clone(), shards });
    }
    Ok(copies)
}

/// The folder of a run's shards, whatever links lead to it.
fn real(run: &Path) -> PathBuf {
    let found = fs::canonicalize(ShardFolder::of(run).path).or_else(|_| fs::canonicalize(run));
    found.unwrap_or_else(|_| run.to_owned())
}

/// What workers have scored is in the shards alone, until a merge takes it along.
fn refuse_to_drop_scores(run: &Run, name: &Path, own: &ShardFolder) -> anyhow::Result<()> {
    let scored = own.scored()?.len();
    if scored == 0 || run.path("scored.json").exists() {
        return Ok(());
    }
    let what =
        format!("a merge of the images alone would drop what is scored of {scored} shards of {}", name.display());
    let hint = format!(
        "`gentron work {}` scores the rest, and a merge without --stage takes it along; to drop it, remove {}/*.observations.* first",
        quoted(&name.to_string_lossy()),
        own.path.display()
    );
    Err(refuse(what, hint))
}

/// A run that is in no shards, or not only: it is nothing that workers could mend.
fn refuse_without_shards(run: &Run, name: &Path, own: &ShardFolder) -> anyhow::Result<()> {
    match phase::of(run)? {
        Phase::Shards => return Ok(()),
        Phase::Alone => return Err(phase::alone(run, name)),
        Phase::Drawn | Phase::Scored => {}
    }
    if own.is_begun()? {
        let what = format!("{} was merged, is not whole any more, and has some of its shards left", name.display());
        let hint = format!("remove {}; then the same command says what helps", own.path.display());
        return Err(refuse(what, hint));
    }
    let intact = Ledger::open(&run.folder)?.verify(&run.plan);
    let damaged = run.plan.tasks.iter().zip(intact).filter(|(_, intact)| !intact);
    let damaged: Vec<String> = damaged.map(|(task, _)| task.image_text()).collect();
    if damaged.is_empty() {
        return Err(phase::unscored(name));
    }
    let (count, of) = (damaged.len(), run.plan.tasks.len());
    let what = format!("{} is merged, and {count} of its {of} images are missing or damaged", name.display());
    let hint = format!("{} draws what is missing", phase::again(run, name));
    Err(anyhow::anyhow!(damaged.join("\n")).context(Explained { what, hint }))
}

/// A merge that was killed while it removed the shards has everything but some of these.
fn is_merged(run: &Run, scorer: Option<&Scorer>) -> anyhow::Result<Option<bool>> {
    if !look::is_there(&run.path("images.jsonl")) {
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
fn find<'a>(
    run: &Run,
    places: &'a [Place],
    shards: &BTreeMap<u32, Vec<&Task>>,
    scorer: Option<&Scorer>,
) -> anyhow::Result<Result<BTreeMap<u32, Found<'a>>, Faults>> {
    let identity = scorer.map(Scorer::identity);
    let searched: Vec<(u32, Result<Found, Vec<Fault>>)> = shards
        .par_iter()
        .map(|(shard, tasks)| Ok((*shard, find_shard(run, places, (*shard, tasks), identity.as_deref())?)))
        .collect::<anyhow::Result<_>>()?;
    let mut found = BTreeMap::new();
    let mut faults = Vec::new();
    for (shard, result) in searched {
        match result {
            Ok(whole) => drop(found.insert(shard, whole)),
            Err(of_shard) => faults.extend(of_shard),
        }
    }
    Ok(if faults.is_empty() { Ok(found) } else { Err(Faults(faults)) })
}

fn say_versions(found: &BTreeMap<u32, Found>) {
    let mut versions: Vec<&str> = found.values().map(|found| found.images.code.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    if versions.len() > 1 {
        progress::say(&format!("note: shards were drawn by several versions: {}", versions.join(", ")));
    }
}

fn find_shard<'a>(
    run: &Run,
    places: &'a [Place],
    (shard, tasks): (u32, &[&Task]),
    scorer: Option<&str>,
) -> anyhow::Result<Result<Found<'a>, Vec<Fault>>> {
    let state = |place: &Place, kind| {
        Sealer { folder: &place.shards, plan: &run.manifest.plan.digest }.state((shard, kind), tasks, true)
    };
    // What a worker can do is done where the shard is: elsewhere it would be there twice.
    let undone =
        |flaw, place: &Place, what: String| Fault { flaw, shard, what, remedy: Remedy::Work(place.run.clone()) };
    let mut faults = Vec::new();
    let mut copies = Vec::new();
    for place in places {
        match state(place, Kind::Images)? {
            State::Open => {}
            State::Broken(why) => faults.push(undone(Flaw::Different, place, format!("shard {shard}: {why}"))),
            State::Sealed(images) => copies.push(Found { place, images, observations: None }),
        }
    }
    if let Some(fault) = more_than_one(shard, &copies) {
        // Whose scores are to be looked at is known when one is left.
        faults.push(fault);
        return Ok(Err(faults));
    }
    let Some(mut copy) = copies.pop() else {
        if faults.is_empty() {
            let what = format!("shard {shard} ({} images, the first is {})", tasks.len(), tasks[0].image_text());
            faults.push(undone(Flaw::Missing, &places[0], what));
        }
        return Ok(Err(faults));
    };
    if let Some(scorer) = scorer {
        match state(copy.place, Kind::Observations)? {
            State::Open => faults.push(undone(Flaw::Missing, copy.place, format!("the scores of shard {shard}"))),
            State::Broken(why) => {
                faults.push(undone(Flaw::Different, copy.place, format!("the scores of shard {shard}: {why}")));
            }
            State::Sealed(seal) if is_of(&seal, &copy.images, scorer) => copy.observations = Some(seal),
            State::Sealed(_) => {
                let what =
                    format!("the scores of shard {shard} are of other images, or by other scorers than are here");
                faults.push(undone(Flaw::Different, copy.place, what));
            }
        }
    }
    Ok(if faults.is_empty() { Ok(copy) } else { Err(faults) })
}

/// Whole shards of one number: the same bytes, or others.
fn more_than_one(shard: u32, copies: &[Found]) -> Option<Fault> {
    let [first, others @ .., last] = copies else { return None };
    let differs = |other: &Found| other.images.images != first.images.images;
    let (flaw, how) = if others.iter().any(differs) || differs(last) {
        (Flaw::Different, "came out otherwise in")
    } else {
        (Flaw::Double, "is there more than once, in")
    };
    let places: Vec<String> = copies.iter().map(|copy| copy.place.shards.path.display().to_string()).collect();
    let what = format!("shard {shard} {how} {}", places.join(" and "));
    let files = last.place.shards.path.join(format!("{shard:03}.*"));
    Some(Fault { flaw, shard, what, remedy: Remedy::Remove(files) })
}

/// What was observed, by task.
fn observations(found: &BTreeMap<u32, Found>) -> anyhow::Result<HashMap<String, Vec<Observation>>> {
    let mut all = HashMap::new();
    for (shard, found) in found {
        let path = found.place.shards.product(*shard, Kind::Observations);
        let records = journal::read::<Observed>(&path)?;
        anyhow::ensure!(records.len() == found.images.images.len(), "{} is damaged", path.display());
        all.extend(records.into_iter().map(|record| (record.task, record.observations)));
    }
    Ok(all)
}
