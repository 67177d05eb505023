//! What says that a shard is whole: whose plan, which tasks, and the digest of everything.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ShardFolder;
use super::folder::Kind;
use crate::plan::{Plan, Task};
use crate::store::ledger::Drawn;
use crate::store::run::pretty;
use crate::store::timings::Spent;
use crate::store::{atomic, digest};

/// The layout of a seal that this version reads and writes.
const FORMAT: u32 = 1;

/// The content of `017.images.json` and `017.observations.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seal {
    /// Layout of this file.
    pub format: u32,
    /// Digest of the plan that the shard is of.
    pub plan: String,
    /// Its number.
    pub shard: u32,
    /// SHA-256 of the file that it seals.
    pub sha256: String,
    /// Length of that file in bytes.
    pub length: u64,
    /// Who observed; null for images.
    pub scorer: Option<String>,
    /// SHA-256 of every image, in the order of the plan.
    pub images: Vec<Drawn>,
    /// Version of the program that sealed it.
    pub code: String,
    /// Work by stage, for `timings.json`.
    #[serde(default)]
    pub spent: BTreeMap<String, Spent>,
}

/// What there is of a shard.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// No seal.
    Open,
    /// Sealed and intact.
    Sealed(Seal),
    /// Sealed, and not what the seal says: in one sentence, why.
    Broken(String),
}

/// A run's plan as shards see it.
pub struct Sealer<'a> {
    /// Where.
    pub folder: &'a ShardFolder,
    /// Digest of the plan.
    pub plan: &'a str,
}

impl Sealer<'_> {
    /// Seals a product that is on disk.
    ///
    /// # Errors
    /// It cannot be read, or the seal not written.
    pub fn seal(
        &self,
        (shard, kind): (u32, Kind),
        images: Vec<Drawn>,
        scorer: Option<String>,
        spent: BTreeMap<String, Spent>,
    ) -> anyhow::Result<()> {
        let product = self.folder.product(shard, kind);
        let seal = Seal {
            format: FORMAT,
            plan: self.plan.to_owned(),
            shard,
            sha256: digest::of_file(&product)?,
            length: fs::metadata(&product)?.len(),
            scorer,
            images,
            code: crate::version::VERSION.to_owned(),
            spent,
        };
        atomic::write(&self.folder.seal(shard, kind), &pretty(&seal)?)
    }

    /// Reads a seal and holds it against the plan and the sealed file, which with `thorough` is read whole.
    ///
    /// # Errors
    /// A file is there and cannot be read.
    pub fn state(&self, (shard, kind): (u32, Kind), tasks: &[&Task], thorough: bool) -> anyhow::Result<State> {
        let path = self.folder.seal(shard, kind);
        if !path.exists() {
            return Ok(State::Open);
        }
        let broken = |what: &str| Ok(State::Broken(format!("{} {what}", path.display())));
        let Ok(bytes) = fs::read(&path) else { return broken("cannot be read") };
        let Ok(seal) = serde_json::from_slice::<Seal>(&bytes) else { return broken("is damaged") };
        if seal.format != FORMAT {
            return broken("was written by another version of gentron");
        }
        if seal.plan != self.plan {
            return broken("is of another run");
        }
        if seal.shard != shard {
            return broken(&format!("is of shard {}", seal.shard));
        }
        if let Some(fault) = differs(&seal.images, tasks) {
            return broken(&fault);
        }
        let product = self.folder.product(shard, kind);
        match product_fault(&product, &seal, thorough) {
            Some(what) => Ok(State::Broken(format!("{} {what}", product.display()))),
            None => Ok(State::Sealed(seal)),
        }
    }
}

fn product_fault(product: &Path, seal: &Seal, thorough: bool) -> Option<&'static str> {
    match fs::metadata(product) {
        Err(_) => Some("is missing"),
        Ok(metadata) if metadata.len() != seal.length => Some("is not as long as it was when it was sealed"),
        Ok(_) if thorough => match digest::of_file(product) {
            Ok(found) if found == seal.sha256 => None,
            Ok(_) => Some("is not what was sealed"),
            Err(_) => Some("cannot be read"),
        },
        Ok(_) => None,
    }
}

/// What keeps the sealed images from being those of the plan, each once and in order.
fn differs(images: &[Drawn], tasks: &[&Task]) -> Option<String> {
    let mut seen = HashSet::new();
    if let Some(double) = images.iter().find(|image| !seen.insert(image.task.as_str())) {
        return Some(format!("has the task {} twice", double.task));
    }
    if let Some(missing) = tasks.iter().find(|task| !seen.contains(task.task.as_str())) {
        return Some(format!("lacks {}", missing.image_text()));
    }
    let planned: HashSet<&str> = tasks.iter().map(|task| task.task.as_str()).collect();
    let foreign = images.iter().find(|image| !planned.contains(image.task.as_str()));
    foreign.map(|image| format!("has the task {}, which is not planned in this shard", image.task))
}

/// The tasks of every shard that has any, in the order of the plan.
pub fn by_shard(plan: &Plan) -> BTreeMap<u32, Vec<&Task>> {
    let mut shards: BTreeMap<u32, Vec<&Task>> = BTreeMap::new();
    for task in &plan.tasks {
        shards.entry(task.shard).or_default().push(task);
    }
    shards
}
