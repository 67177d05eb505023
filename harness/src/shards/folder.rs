//! Names and locks of a run's shards.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use crate::failure::{Explain as _, refuse};
use crate::store::atomic;

/// Whoever only looks whether a lock is held has it for less than this.
const GLANCE: Duration = Duration::from_millis(100);
/// So often a lock is asked for again.
const GLANCES: usize = 3;

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
        Ok(self.path.join(format!("{shard:03}.{}.{}.jsonl", kind.word(), atomic::random_word()?)))
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

    /// Whether there is any file of a shard, a lock included: work that is going on, or that is not merged. Other files say nothing.
    ///
    /// # Errors
    /// The folder is there and cannot be listed.
    pub fn is_begun(&self) -> anyhow::Result<bool> {
        Ok(self.files()?.iter().any(|path| parts(path).is_some()))
    }

    /// Shards of which anything is scored.
    ///
    /// # Errors
    /// The folder is there and cannot be listed.
    pub fn scored(&self) -> anyhow::Result<BTreeSet<u32>> {
        let files = self.files()?;
        let of_scores =
            files.iter().filter_map(|path| parts(path)).filter(|(_, rest)| rest.starts_with("observations."));
        Ok(of_scores.map(|(shard, _)| shard).collect())
    }

    /// Takes those of `shards` that nobody else is at.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn hold(&self, shards: impl IntoIterator<Item = u32>) -> anyhow::Result<Held> {
        let mut held = Held { shards: Vec::new(), busy: Vec::new(), _locks: Vec::new() };
        let cannot = || (format!("cannot write {}", self.path.display()), "check space and permissions");
        fs::create_dir_all(&self.path).explain(cannot)?;
        held.busy.extend(shards);
        for glance in 0..=GLANCES {
            if glance > 0 && !held.busy.is_empty() {
                // A `status` that looks at a lock must not send a worker away.
                std::thread::sleep(GLANCE);
            }
            for shard in std::mem::take(&mut held.busy) {
                // For both, as NFS asks: there `is_busy` needs a file that is read, and whoever holds it one that is written.
                let mut options = File::options();
                options.create(true).truncate(false).read(true).write(true);
                let file = options.open(self.lock(shard)).explain(cannot)?;
                match file.try_lock() {
                    // Some network file systems have no locks; then two workers do the same work, which is a waste and no harm.
                    Ok(()) | Err(TryLockError::Error(_)) => {
                        held.shards.push(shard);
                        held._locks.push(file);
                    }
                    Err(TryLockError::WouldBlock) => held.busy.push(shard),
                }
            }
        }
        held.shards.sort_unstable();
        Ok(held)
    }

    /// Whether a process is at work on a shard, as far as locks tell. Others may look at the same time.
    pub fn is_busy(&self, shard: u32) -> bool {
        let file = File::options().read(true).open(self.lock(shard));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// What a worker holds while it is at a shard. On some file systems it stays held when a machine is gone, until the file is removed.
    pub fn lock(&self, shard: u32) -> PathBuf {
        self.path.join(format!("{shard:03}.lock"))
    }

    /// Removes all shards; what other files were put there stays, and the folder with them.
    ///
    /// # Errors
    /// Whatever the file system refuses.
    pub fn clear(&self) -> anyhow::Result<()> {
        if self.path.exists() {
            atomic::sweep(&self.path)?;
        }
        for path in self.files()? {
            if parts(&path).is_some() {
                atomic::remove(&path)?;
            }
        }
        drop(fs::remove_dir(&self.path));
        Ok(())
    }
}

/// The number of the shard that a file is of, and the rest of its name; none of a file that no worker makes, such as those that file
/// browsers and NFS leave.
fn parts(path: &Path) -> Option<(u32, &str)> {
    let (shard, rest) = path.file_name()?.to_str()?.split_once('.')?;
    let number = shard.parse::<u32>().ok().filter(|number| format!("{number:03}") == shard)?;
    let words: Vec<&str> = rest.split('.').collect();
    let is_ours = match words.as_slice() {
        ["zip" | "lock"] | ["images", "json"] | ["observations", "json" | "jsonl"] => true,
        ["images", _worker, end] => matches!(*end, "part" | "jsonl"),
        ["observations", _worker, end] => *end == "jsonl",
        _ => false,
    };
    is_ours.then_some((number, rest))
}

/// Whoever works on the whole run must not pass by what workers have done.
///
/// # Errors
/// There are shards that were not merged.
pub fn refuse_unmerged(run: &Path) -> anyhow::Result<()> {
    if ShardFolder::of(run).is_begun()? {
        let what = format!("{} is being worked on in shards", run.display());
        let hint = format!("`gentron status {0}` says how far; `gentron merge {0}` makes one run of it", run.display());
        return Err(refuse(what, hint));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_looks_at_a_lock_neither_sees_nor_sends_away_another() {
        let run = tempfile::tempdir().unwrap();
        let folder = ShardFolder::of(run.path());
        assert!(!folder.is_busy(3));
        let held = folder.hold([3, 4]).unwrap();
        assert_eq!((held.shards.as_slice(), held.busy.len()), (&[3, 4][..], 0));
        assert!(folder.is_busy(3) && folder.is_busy(4) && !folder.is_busy(5));
        assert_eq!(folder.hold([4]).unwrap().busy, [4]);
        drop(held);

        // As `status` does, for an instant.
        let look = |shard| {
            let file = File::open(folder.lock(shard)).unwrap();
            file.lock_shared().unwrap();
            file
        };
        let looking = look(3);
        assert!(!folder.is_busy(3), "another who looks is nobody at work");
        let held = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(GLANCE / 4);
                drop(looking);
            });
            folder.hold([3, 4]).unwrap()
        });
        assert_eq!((held.shards.as_slice(), held.busy.len()), (&[3, 4][..], 0));
    }

    #[test]
    fn only_files_of_the_shards_own_names_count_and_are_removed() {
        let run = tempfile::tempdir().unwrap();
        let folder = ShardFolder::of(run.path());
        assert!(!folder.is_begun().unwrap());
        fs::create_dir(&folder.path).unwrap();
        let others =
            [".DS_Store", ".nfs000000000012", "17.zip", "017.notes.txt", "017.images.ab.txt", "notes.txt", "0017.zip"];
        for name in others {
            fs::write(folder.path.join(name), b"").unwrap();
            assert!(!folder.is_begun().unwrap(), "{name}");
        }
        let product = |kind| folder.product(17, kind);
        let seal = |kind| folder.seal(1017, kind);
        let journal = |kind| folder.new_journal(3, kind).unwrap();
        let images = [product(Kind::Images), seal(Kind::Images), journal(Kind::Images), folder.lock(5)];
        let scores = [product(Kind::Observations), seal(Kind::Observations), journal(Kind::Observations)];
        let part = journal(Kind::Images).with_extension("part");
        for path in images.iter().chain([&part]).chain(&scores) {
            fs::write(path, b"").unwrap();
            assert!(folder.is_begun().unwrap(), "{}", path.display());
            assert_eq!(!folder.scored().unwrap().is_empty(), scores.contains(path), "{}", path.display());
            fs::remove_file(path).unwrap();
        }
        for path in images.iter().chain(&scores) {
            fs::write(path, b"").unwrap();
        }
        assert_eq!(folder.scored().unwrap(), BTreeSet::from([3, 17, 1017]));
        folder.clear().unwrap();
        assert_eq!(folder.files().unwrap().len(), others.len());
        assert!(refuse_unmerged(run.path()).is_ok());
    }
}
