//! Opening a run's folder: new, to be continued, or not what it was taken for.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{Manifest, atomic, digest, look, manifest};
use crate::failure::{Explain as _, refuse};
use crate::plan::Plan;
use crate::progress;
use crate::score::{Scorer, ScorerPaths};

/// How a run's folder is used, and by whom else it may be meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It is written, and by nobody else.
    Alone,
    /// Shards of it are written, by several processes.
    Shared,
    /// It is looked at, whoever writes: nothing is written that a stage counts on.
    Look,
}

/// A run's folder, held against other processes until dropped, as its [`Access`] says.
#[derive(Debug)]
pub struct Run {
    /// The folder.
    pub folder: PathBuf,
    /// What it is.
    pub manifest: Manifest,
    /// What it is to hold.
    pub plan: Plan,
    _lock: Option<File>,
}

impl Run {
    /// Begins a run in an empty or missing folder, or continues the same run where it stopped. `complete` adds to the manifest of a new run
    /// what takes time to find out.
    ///
    /// # Errors
    /// The folder cannot be written, is in use, is something else, or holds another run: nothing in it is changed then.
    pub fn begin(
        folder: &Path,
        mut manifest: Manifest,
        plan: Plan,
        complete: impl FnOnce(&mut Manifest) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        refuse_address(folder)?;
        let path = folder.join("manifest.json");
        let existing = if look::is_there(&path) { Some(read_manifest(folder)?) } else { None };
        match &existing {
            Some(existing) => {
                let mut obstacles = existing.obstacles(&manifest);
                // A digest alone tells nobody what changed: where the recipe is the same, it is what draws an arm from outside.
                if let ([only], Ok(begun)) = (&*obstacles, Self::read(folder))
                    && only.starts_with("plan: ")
                {
                    let arms = plan.arms_unlike(&begun.plan).join(", ");
                    obstacles = vec![format!(
                        "what draws {arms} is not what it was: its program's files, or the images imported"
                    )];
                }
                if !obstacles.is_empty() {
                    let what = format!("{} holds another run ({})", folder.display(), obstacles.join("; "));
                    let short = &digest::of_value(&manifest.recipe)[..6];
                    let hint = format!("begin a new one with --out runs/{}-{short}", manifest.recipe.name);
                    return Err(refuse(what, hint));
                }
            }
            None => check_free(folder)?,
        }
        let cannot = || (format!("cannot write the run folder {}", folder.display()), "choose another with --out");
        fs::create_dir_all(folder).explain(cannot)?;
        let lock = lock(folder, Access::Alone)?;
        if lock.is_some() {
            atomic::sweep(folder)?;
        }
        let bytes = plan.to_bytes()?;
        if digest::of_file(&folder.join("plan.jsonl")).ok().as_ref() != Some(&manifest.plan.digest) {
            atomic::write(&folder.join("plan.jsonl"), &bytes).explain(cannot)?;
        }
        let manifest = match existing {
            Some(existing) => {
                let (then, now) = (&existing.run_info.code, &manifest.run_info.code);
                if then != now {
                    // Not an obstacle: whether the bytes are the same is checked where images are drawn.
                    let (then, now) = (&then.version, &now.version);
                    progress::say(&format!("note: this run was begun by gentron {then} and goes on with {now}"));
                }
                existing
            }
            None => {
                complete(&mut manifest)?;
                let bytes = sealed(&manifest)?;
                // Last, so that a folder with a manifest has everything that a run begins with.
                atomic::write(&path, &bytes).explain(cannot)?;
                // As whoever continues will read it: decimal fractions may lose their last bit on the way through JSON.
                serde_json::from_slice(&bytes)?
            }
        };
        Ok(Self { folder: folder.to_owned(), manifest, plan, _lock: lock })
    }

    /// Opens a run that was begun before.
    ///
    /// # Errors
    /// There is none, it is damaged, or it is in use.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        Self::open_for(folder, Access::Alone)
    }

    /// Opens a run that was begun before.
    ///
    /// # Errors
    /// There is none, it is damaged, or it is in use otherwise.
    pub fn open_for(folder: &Path, access: Access) -> anyhow::Result<Self> {
        refuse_address(folder)?;
        let manifest = folder.join("manifest.json");
        // Before the lock: a folder that is no run is left as it is.
        let lock = if look::is_there(&manifest) { lock(folder, access)? } else { None };
        if lock.is_some() && access == Access::Alone {
            // What a stage that was killed left half-written, such as its timings, belongs to nobody now. Without a lock it may be somebody's.
            atomic::sweep(folder)?;
        }
        Ok(Self { _lock: lock, ..Self::read(folder)? })
    }

    /// Manifest and plan, without a lock.
    fn read(folder: &Path) -> anyhow::Result<Self> {
        if !folder.join("manifest.json").exists() {
            let hint = "`gentron ablate` or `gentron generate` begins one; the default is runs/table2-shapes";
            return Err(refuse(format!("{} is not a run: it has no manifest.json", folder.display()), hint));
        }
        let manifest = read_manifest(folder)?;
        let path = folder.join("plan.jsonl");
        let damaged = || {
            let hint = format!("`gentron generate` with the run's recipe and --out {} restores it", folder.display());
            (format!("{} is missing or damaged", path.display()), hint)
        };
        let bytes = fs::read(&path).explain(damaged)?;
        if digest::of_bytes(&bytes) != manifest.plan.digest {
            let (what, hint) = damaged();
            return Err(refuse(what, hint));
        }
        let plan = Plan::from_bytes(&bytes).explain(damaged)?;
        Ok(Self { folder: folder.to_owned(), manifest, plan, _lock: None })
    }

    /// Writes into the manifest who scores the images from now on, where it is somebody else than it says.
    ///
    /// # Errors
    /// The manifest cannot be written.
    pub fn rescored_by(&mut self, scorers: ScorerPaths, scorer: &Scorer) -> anyhow::Result<()> {
        let mut manifest = self.manifest.clone();
        manifest.scorers = scorers;
        let info = &mut manifest.run_info;
        let categories = info.categories.iter().map(|category| (category.suite.as_str(), category.id.as_str()));
        info.protocol.resize = scorer.resize(categories.clone());
        info.protocol.scorers = scorer.card(categories);
        for category in &mut info.categories {
            if let Some(headline) = scorer.headline(&category.suite, &category.id) {
                category.headline_metric = scorer.name(&category.suite, headline);
            }
        }
        if manifest != self.manifest {
            atomic::write(&self.path("manifest.json"), &sealed(&manifest)?)?;
            self.manifest = manifest;
        }
        Ok(())
    }

    /// A file of the run.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Commands that can work in an object store are given a mirror's folder instead.
fn refuse_address(folder: &Path) -> anyhow::Result<()> {
    if crate::remote::is_address(folder) {
        let hint = "plan, work, status, retry-plan, merge, submit, score, report and verify can; for the others copy the run to a folder";
        return Err(refuse(
            format!("{} is in an object store, which this command does not use", folder.display()),
            hint,
        ));
    }
    Ok(())
}

/// JSON with a line a field, ending in a newline.
pub fn pretty(value: &impl serde::Serialize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn read_manifest(folder: &Path) -> anyhow::Result<Manifest> {
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
    }
    let path = folder.join("manifest.json");
    let damaged = || {
        let hint = "restore the file, or begin a new run with --out";
        (format!("{} is damaged", path.display()), hint)
    };
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let format: Format = serde_json::from_slice(&bytes).explain(damaged)?;
    if format.format != manifest::FORMAT {
        let what = format!("{} has format {}; this version reads {}", path.display(), format.format, manifest::FORMAT);
        return Err(refuse(what, "use the version of gentron that made it, or begin a new run with --out"));
    }
    let mut value: serde_json::Value = serde_json::from_slice(&bytes).explain(damaged)?;
    // Runs of earlier versions have none.
    let digest = value.as_object_mut().and_then(|fields| fields.shift_remove(DIGEST));
    if digest.is_some_and(|digest| digest != digest::of_value(&value)) {
        let (what, hint) = damaged();
        return Err(refuse(what, hint));
    }
    serde_json::from_slice(&bytes).explain(damaged)
}

/// The manifest's last field: the digest of all the others. Nothing else would notice a bit that flips in a label.
const DIGEST: &str = "digest";

fn sealed(manifest: &Manifest) -> anyhow::Result<Vec<u8>> {
    let mut value = serde_json::to_value(manifest)?;
    let digest = digest::of_value(&value);
    if let Some(fields) = value.as_object_mut() {
        fields.insert(DIGEST.to_owned(), digest.into());
    }
    pretty(&value)
}

/// A folder without a manifest may hold nothing but what a killed beginning left.
fn check_free(folder: &Path) -> anyhow::Result<()> {
    let what = format!("{} is in the way and is not a run", folder.display());
    let hint = "choose another folder with --out; nothing was changed";
    if folder.exists() && !folder.is_dir() {
        return Err(refuse(what, hint));
    }
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let name = entry.with_context(|| format!("cannot list {}", folder.display()))?.file_name();
        let unfinished = atomic::is_unfinished(Path::new(&name));
        let name = name.to_string_lossy();
        // NFS keeps under such a name what was removed while a process had it open.
        let of_nfs = name.starts_with(".nfs");
        let ours = name == "run.lock" || name == "plan.jsonl" || unfinished || of_nfs;
        if !ours {
            return Err(refuse(what, hint));
        }
    }
    Ok(())
}

/// The lock goes with the process, however it ends. None of a run that is looked at, and of a file system without locks.
fn lock(folder: &Path, access: Access) -> anyhow::Result<Option<File>> {
    if access == Access::Look {
        return Ok(None);
    }
    let path = folder.join("run.lock");
    let cannot = || (format!("cannot write the run folder {}", folder.display()), "choose another with --out");
    // For both, because on NFS a lock is one of bytes: a shared one asks for a file that is read, any other for one that is written.
    let file = File::options().create(true).truncate(false).read(true).write(true).open(&path).explain(cannot)?;
    let locked = if access == Access::Alone { file.try_lock() } else { file.try_lock_shared() };
    match locked {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            let hint = "wait until it is done, or choose another folder with --out";
            Err(refuse(format!("another gentron is at work in {}", folder.display()), hint))
        }
        // Some network file systems have no locks; atomic writes keep the run whole without one.
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn locks_are_of_files_that_are_read_and_written_as_nfs_asks() {
        for access in [Access::Shared, Access::Alone] {
            let folder = tempfile::tempdir().unwrap();
            let mut file = lock(folder.path(), access).unwrap().unwrap();
            assert_eq!(file.read(&mut [0]).unwrap(), 0, "{access:?}");
            file.write_all(b"0").unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let shared = [lock(folder.path(), Access::Shared).unwrap(), lock(folder.path(), Access::Shared).unwrap()];
        assert!(shared.iter().all(Option::is_some));
        assert!(lock(folder.path(), Access::Alone).unwrap_err().to_string().contains("another gentron is at work"));
        assert!(lock(folder.path(), Access::Look).unwrap().is_none());
    }

    #[test]
    fn a_folder_is_free_whatever_a_killed_beginning_and_nfs_left_in_it() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["run.lock", "plan.jsonl", ".manifest.json.00112233aabb.tmp", ".nfs000000000012"] {
            fs::write(folder.path().join(name), "").unwrap();
            check_free(folder.path()).unwrap();
        }
        fs::write(folder.path().join("thesis.tex"), "").unwrap();
        assert!(check_free(folder.path()).unwrap_err().to_string().contains("is in the way"));
    }
}
