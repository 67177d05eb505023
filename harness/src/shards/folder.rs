//! Names and locks of a run's shards.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::failure::{Explain as _, refuse};
use crate::store::{atomic, digest};

/// What is done with a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is drawn.
    Images,
    /// It is scored.
    Observations,
}

impl Kind {
    /// As file names have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Observations => "observations",
        }
    }
}

/// The folder `shards` of a run.
#[derive(Clone, Debug)]
pub struct ShardFolder {
    /// Where it is, or will be.
    pub path: PathBuf,
}

/// Shards that this process works on, until dropped; and those that another one does.
pub struct Held {
    /// Free when asked for, and now ours.
    pub shards: Vec<u32>,
    /// Another process is at work on them.
    pub busy: Vec<u32>,
    _locks: Vec<File>,
}

impl ShardFolder {
    /// That of a run.
    pub fn of(run: &Path) -> Self {
        Self { path: run.join("shards") }
    }

    /// `017.zip`, or what was observed of it.
    pub fn product(&self, shard: u32, kind: Kind) -> PathBuf {
        self.path.join(match kind {
            Kind::Images => format!("{shard:03}.zip"),
            Kind::Observations => format!("{shard:03}.observations.jsonl"),
        })
    }

    /// What says that the product is whole.
    pub fn seal(&self, shard: u32, kind: Kind) -> PathBuf {
        self.path.join(format!("{shard:03}.{}.json", kind.word()))
    }

    /// A new journal of a worker, whose name nobody else has.
    pub fn new_journal(&self, shard: u32, kind: Kind) -> anyhow::Result<PathBuf> {
        let mut random = [0; 6];
        getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
        Ok(self.path.join(format!("{shard:03}.{}.{}.jsonl", kind.word(), digest::hexadecimal(&random))))
    }

    /// The journals of all workers that were or are at a shard, sorted.
    ///
    /// # Errors
    /// The folder is there and cannot be listed.
    pub fn journals(&self, shard: u32, kind: Kind) -> anyhow::Result<Vec<PathBuf>> {
        let start = format!("{shard:03}.{}.", kind.word());
        let product = self.product(shard, kind);
        let is_journal = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            *path != product && name.is_some_and(|name| name.starts_with(&start) && name.ends_with(".jsonl"))
        };
        Ok(self.files()?.into_iter().filter(is_journal).collect())
    }

    /// Every file, sorted; none where there is no folder.
    ///
    /// # Errors
    /// The folder is there and cannot be listed.
    pub fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        let cannot = || format!("cannot list {}", self.path.display());
        let entries = fs::read_dir(&self.path).with_context(cannot)?;
        let mut files =
            entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>().with_context(cannot)?;
        files.sort();
        Ok(files)
    }

    /// Takes those of `shards` that nobody else is at.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn hold(&self, shards: impl IntoIterator<Item = u32>) -> anyhow::Result<Held> {
        let mut held = Held { shards: Vec::new(), busy: Vec::new(), _locks: Vec::new() };
        let cannot = || (format!("cannot write {}", self.path.display()), "check space and permissions");
        fs::create_dir_all(&self.path).explain(cannot)?;
        for shard in shards {
            let file =
                File::options().create(true).truncate(false).write(true).open(self.lock(shard)).explain(cannot)?;
            match file.try_lock() {
                // Some network file systems have no locks; then two workers do the same work, which is a waste and no harm.
                Ok(()) | Err(TryLockError::Error(_)) => {
                    held.shards.push(shard);
                    held._locks.push(file);
                }
                Err(TryLockError::WouldBlock) => held.busy.push(shard),
            }
        }
        Ok(held)
    }

    /// Whether a process is at work on a shard, as far as locks tell.
    pub fn is_busy(&self, shard: u32) -> bool {
        let file = File::options().read(true).open(self.lock(shard));
        file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    fn lock(&self, shard: u32) -> PathBuf {
        self.path.join(format!("{shard:03}.lock"))
    }

    /// Removes everything; what other files were put there stays, and the folder with them.
    ///
    /// # Errors
    /// Whatever the file system refuses.
    pub fn clear(&self) -> anyhow::Result<()> {
        if self.path.exists() {
            atomic::sweep(&self.path)?;
        }
        for path in self.files()? {
            if is_ours(&path) {
                fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        drop(fs::remove_dir(&self.path));
        Ok(())
    }
}

fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let numbered = name.split_once('.').is_some_and(|(shard, _)| shard.len() >= 3 && shard.parse::<u32>().is_ok());
    numbered || name.starts_with("submit") || name.starts_with("text-")
}

/// Whoever works on the whole run must not pass by what workers have done.
///
/// # Errors
/// There are shards that were not merged.
pub fn refuse_unmerged(run: &Path) -> anyhow::Result<()> {
    if ShardFolder::of(run).path.exists() {
        let what = format!("{} is being worked on in shards", run.display());
        let hint = format!("`gentron status {0}` says how far; `gentron merge {0}` makes one run of it", run.display());
        return Err(refuse(what, hint));
    }
    Ok(())
}
