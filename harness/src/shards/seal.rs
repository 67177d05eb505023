//! What says that a shard is whole: whose plan, which tasks, and the digest of everything.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ShardFolder;
use super::folder::Kind;
use super::pack::Pack;
use crate::plan::{Plan, Task};
use crate::store::ledger::Drawn;
use crate::store::run::pretty;
use crate::store::timings::Spent;
use crate::store::{atomic, digest};

/// The layout of a seal that this version reads and writes.
const FORMAT: u32 = 1;

/// The last field of a seal's file: the digest of all the others, as the manifest has it. Nothing else would notice a bit that flips in
/// the digest of an image.
const DIGEST: &str = "digest";

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
    /// Sealed, and not what the seal says, or the seal itself is damaged: in one sentence, why. It counts as not done.
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
        atomic::write(&self.folder.seal(shard, kind), &to_bytes(&seal)?)
    }

    /// Reads a seal and holds it against its own digest, the plan and the sealed file, which with `thorough` is read whole. Who listed the
    /// folder before sees what other machines had sealed by then: see [`look`](crate::store::look).
    ///
    /// # Errors
    /// A file is there and cannot be read.
    pub fn state(&self, (shard, kind): (u32, Kind), tasks: &[&Task], thorough: bool) -> anyhow::Result<State> {
        let path = self.folder.seal(shard, kind);
        if !path.exists() {
            return Ok(State::Open);
        }
        let broken = |what: &str| Ok(State::Broken(format!("{} {what}", path.display())));
        let bytes = match fs::read(&path) {
            Err(error) if atomic::is_gone(&error) => return Ok(State::Open),
            Err(_) => return broken("cannot be read"),
            Ok(bytes) => bytes,
        };
        let Some((seal, has_digest)) = from_bytes(&bytes) else { return broken("is damaged") };
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
        if let Some(what) = product_fault(&product, &seal, thorough) {
            return Ok(State::Broken(format!("{} {what}", product.display())));
        }
        if thorough && !has_digest && kind == Kind::Images && !is_of_pack(&seal, &product, tasks) {
            return broken(&format!("has other digests than the images in {}", product.display()));
        }
        Ok(State::Sealed(seal))
    }
}

fn to_bytes(seal: &Seal) -> anyhow::Result<Vec<u8>> {
    let mut value = serde_json::to_value(seal)?;
    let digest = digest::of_value(&value);
    if let Some(fields) = value.as_object_mut() {
        fields.insert(DIGEST.to_owned(), digest.into());
    }
    pretty(&value)
}

/// A seal, and whether it has a digest of itself, which those of earlier versions lack; none where it is damaged.
fn from_bytes(bytes: &[u8]) -> Option<(Seal, bool)> {
    let mut value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let digest = value.as_object_mut()?.shift_remove(DIGEST);
    if digest.as_ref().is_some_and(|digest| *digest != digest::of_value(&value)) {
        return None;
    }
    Some((serde_json::from_value(value).ok()?, digest.is_some()))
}

/// Whether the images in a pack are those that the seal speaks of.
fn is_of_pack(seal: &Seal, product: &Path, tasks: &[&Task]) -> bool {
    let Ok(pack) = Pack::open(product) else { return false };
    tasks.iter().zip(&seal.images).all(|(task, image)| pack.image(task, &image.sha256).is_ok())
}

fn product_fault(product: &Path, seal: &Seal, thorough: bool) -> Option<&'static str> {
    // Of a file that was replaced elsewhere NFS remembers the old length until it is opened.
    match File::open(product).and_then(|file| file.metadata()) {
        Err(error) if atomic::is_gone(&error) => Some("is missing"),
        Err(_) => Some("cannot be read"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_vouches_for_itself_and_one_of_an_earlier_version_is_read() {
        let seal = Seal {
            format: FORMAT,
            plan: digest::of_bytes(b"plan"),
            shard: 17,
            sha256: digest::of_bytes(b"pack"),
            length: 4,
            scorer: None,
            images: vec![Drawn { task: "a".into(), sha256: digest::of_bytes(b"a") }],
            code: "0.1.0".into(),
            spent: [("score".to_owned(), Spent { images: 3, seconds: 0.1 + 0.2, threads: 2 })].into(),
        };
        let bytes = to_bytes(&seal).unwrap();
        assert_eq!(from_bytes(&bytes), Some((seal.clone(), true)));
        assert_eq!(from_bytes(&pretty(&seal).unwrap()), Some((seal.clone(), false)));
        // Whatever bit flips, no other seal is read.
        for index in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[index / 8] ^= 1 << (index % 8);
            assert!(from_bytes(&damaged).is_none_or(|(read, _)| read == seal), "bit {index}");
        }
        for length in 0..bytes.len() - 1 {
            assert_eq!(from_bytes(&bytes[..length]), None, "{length} bytes");
        }
    }
}
