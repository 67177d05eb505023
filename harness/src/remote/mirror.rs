//! A folder that is kept like a part of a store, by comparing both sides with what they had in common.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use url::Url;

use super::bucket::{Bucket, Object};
use super::index::{Index, Stamp};
use crate::failure::{Interrupted, refuse};
use crate::generate::embeddings;
use crate::progress::Progress;
use crate::{interrupt, workers};

/// Beside a mirror.
const INDEX: &str = "index.json";

/// Files on their way at once: small ones wait for answers more than for bytes.
const AT_ONCE: usize = 8;

/// Fewer are not worth a bar.
const MANY: usize = 32;

/// A run's folder, or a part of one, that mirrors a store.
pub struct Mirror {
    bucket: Bucket,
    /// The run, as every command has it.
    pub folder: PathBuf,
    above: PathBuf,
    index: Mutex<Index>,
}

/// The shard that a file is of.
pub fn shard_of(name: &str) -> Option<u32> {
    name.strip_prefix("shards/")?.split_once('.')?.0.parse().ok()
}

/// Whether a file is what a seal speaks of.
pub fn is_product(name: &str) -> bool {
    shard_of(name).is_some() && (name.ends_with(".zip") || name.ends_with(".observations.jsonl"))
}

/// Whether a file is the embedding of a text, which every worker reads.
pub fn is_embedding(name: &str) -> bool {
    name.strip_prefix(embeddings::FOLDER).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a file is of no use to others: unfinished, a lock, or a worker's journal.
fn stays_here(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    let journal_of_worker = shard_of(name).is_some() && file.ends_with(".jsonl") && !is_product(name);
    file.starts_with('.')
        || [".lock", ".part", ".tmp"].iter().any(|end| file.ends_with(end))
        || journal_of_worker
        || name.starts_with("journals/")
}

/// In this order files are sent: whoever reads one finds what it speaks of.
fn rank(name: &str) -> u8 {
    match name {
        "manifest.json" => 2,
        "images.jsonl" => 1,
        _ if shard_of(name).is_some() && !is_product(name) => 1,
        _ => 0,
    }
}

impl Mirror {
    /// The mirror of that name of an address, as it was left.
    ///
    /// # Errors
    /// There is no place for it.
    pub fn new(bucket: Bucket, address: &Url, name: &str) -> anyhow::Result<Self> {
        Self::at(bucket, super::address::scratch(address)?.join(name))
    }

    /// The mirror in that folder.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn at(bucket: Bucket, above: PathBuf) -> anyhow::Result<Self> {
        let folder = above.join("run");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let index = Index::read(&above.join(INDEX)).unwrap_or_default();
        Ok(Self { bucket, folder, above, index: Mutex::new(index) })
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_index(&self) -> anyhow::Result<()> {
        self.index().write(&self.above.join(INDEX))
    }

    /// Brings what is new or other in the store, and removes what is gone from it, of the files that are wanted.
    ///
    /// # Errors
    /// The store cannot be reached, the disk is full, or a stop was asked for.
    pub fn pull(&self, wanted: &(dyn Fn(&str) -> bool + Sync)) -> anyhow::Result<()> {
        self.pull_listed(self.list()?, wanted)
    }

    /// How many files of a kind were the same here and there when they last met.
    pub fn count(&self, wanted: &dyn Fn(&str) -> bool) -> usize {
        self.index().files.keys().filter(|name| wanted(name)).count()
    }

    /// Brings what is wanted but products and embeddings, and files of their lengths with nothing in them for those: enough to count by.
    ///
    /// # Errors
    /// As [`Mirror::pull`].
    pub fn glance(&self, wanted: &(dyn Fn(&str) -> bool + Sync)) -> anyhow::Result<()> {
        let there = self.list()?;
        let large = |name: &str| is_product(name) || is_embedding(name);
        self.pull_listed(there.clone(), &|name| wanted(name) && !large(name))?;
        for (name, object) in there.into_iter().filter(|(name, _)| large(name)) {
            let path = self.folder.join(name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::File::create(path)?.set_len(object.length)?;
        }
        Ok(())
    }

    fn pull_listed(
        &self,
        mut there: BTreeMap<String, Object>,
        wanted: &(dyn Fn(&str) -> bool + Sync),
    ) -> anyhow::Result<()> {
        there.retain(|name, _| wanted(name) && !stays_here(name));
        let missing: Vec<(&String, &Object)> = {
            let index = self.index();
            let same = |name: &str, object: &Object| {
                index.files.get(name).is_some_and(|met| met.tag == object.tag) && self.folder.join(name).is_file()
            };
            there.iter().filter(|(name, object)| !same(name, object)).collect()
        };
        let progress = bar("bringing", missing.len());
        let ended = workers::for_each(AT_ONCE, &missing, |(name, object)| {
            let path = self.folder.join(name);
            self.bucket.fetch(name, &path)?;
            self.index().meet(name, &path, object);
            advance(progress.as_ref());
            Ok(())
        });
        if let Some(progress) = &progress {
            progress.finish();
        }
        self.forget_gone(wanted, &there)?;
        self.write_index()?;
        ended?;
        if interrupt::requested() { Err(Interrupted.into()) } else { Ok(()) }
    }

    fn list(&self) -> anyhow::Result<BTreeMap<String, Object>> {
        let there = self.bucket.list()?;
        match there.keys().find(|name| name.split('/').any(|part| part.is_empty() || part == "..")) {
            Some(name) => {
                Err(refuse(format!("the store has an object named `{name}`"), "no run has such a file; remove it"))
            }
            None => Ok(there),
        }
    }

    /// What was removed there is removed here, unless it has changed since.
    fn forget_gone(
        &self,
        wanted: &(dyn Fn(&str) -> bool + Sync),
        there: &BTreeMap<String, Object>,
    ) -> anyhow::Result<()> {
        let mut index = self.index();
        let gone: Vec<String> =
            index.files.keys().filter(|name| wanted(name) && !there.contains_key(*name)).cloned().collect();
        for name in gone {
            let path = self.folder.join(&name);
            let met = index.files.remove(&name);
            if Stamp::of(&path) == met.map(|met| met.here) && path.is_file() {
                fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
                drop_empty_folders(&self.folder, &path);
            }
        }
        Ok(())
    }

    /// Sends what is new or other here, and removes there what is gone from here, of the files that are wanted.
    ///
    /// # Errors
    /// The store cannot be reached, or refuses.
    pub fn push(&self, wanted: &(dyn Fn(&str) -> bool + Sync)) -> anyhow::Result<()> {
        let mut here = Vec::new();
        names_below(&self.folder, "", &mut here)?;
        here.retain(|name| wanted(name) && !stays_here(name));
        let changed: Vec<String> = {
            let index = self.index();
            let same = |name: &String| {
                let stamp = Stamp::of(&self.folder.join(name));
                index.files.get(name).map(|met| &met.here) == stamp.as_ref()
            };
            here.iter().filter(|name| !same(name)).cloned().collect()
        };
        let progress = bar("sending", changed.len());
        for now in 0..=2 {
            let now: Vec<&String> = changed.iter().filter(|name| rank(name) == now).collect();
            // Also when a stop was asked for: what is done is to be safe.
            workers::all(AT_ONCE, &now, |name| {
                let path = self.folder.join(name);
                let stamp = Stamp::of(&path);
                let object = self.bucket.send(name, &path)?;
                // A file that was replaced meanwhile is sent again the next time.
                if stamp == Stamp::of(&path) {
                    self.index().meet(name, &path, &object);
                }
                advance(progress.as_ref());
                Ok(())
            })
            .inspect_err(|_| drop(self.write_index()))?;
        }
        if let Some(progress) = &progress {
            progress.finish();
        }
        let gone: Vec<String> = {
            let index = self.index();
            let gone = |name: &&String| wanted(name) && !self.folder.join(name).exists();
            index.files.keys().filter(gone).cloned().collect()
        };
        workers::all(AT_ONCE, &gone, |name| {
            self.bucket.remove(name)?;
            self.index().files.remove(name);
            Ok(())
        })
        .inspect_err(|_| drop(self.write_index()))?;
        if changed.is_empty() && gone.is_empty() { Ok(()) } else { self.write_index() }
    }

    /// Removes the mirror, when nothing in it is needed any more.
    ///
    /// # Errors
    /// Whatever the disk refuses.
    pub fn remove(&self) -> anyhow::Result<()> {
        fs::remove_dir_all(&self.above).with_context(|| format!("cannot remove {}", self.above.display()))
    }
}

fn bar(label: &str, files: usize) -> Option<Progress> {
    (files >= MANY).then(|| Progress::new(label, files))
}

fn advance(progress: Option<&Progress>) {
    if let Some(progress) = progress {
        progress.advance(1);
    }
}

fn names_below(folder: &Path, before: &str, names: &mut Vec<String>) -> anyhow::Result<()> {
    let cannot = || format!("cannot list {}", folder.display());
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let file = entry.file_name();
        let Some(file) = file.to_str() else { continue };
        let name = format!("{before}{file}");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => names_below(&entry.path(), &format!("{name}/"), names)?,
            Ok(_) => names.push(name),
            // A courier meets files that their owner has just renamed.
            Err(_) => {}
        }
    }
    Ok(())
}

fn drop_empty_folders(root: &Path, path: &Path) {
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != root) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}
