//! The one way in which a run's files come into being.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;

/// Ends the name of every file that is not finished yet.
const UNFINISHED: &str = ".tmp";

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Writes a file so that at every moment, power loss included, `path` holds all of the old bytes or all of the new ones: a
/// temporary name in the same folder, fsync, rename, fsync of the folder. Missing folders are made.
///
/// # Errors
/// Whatever the file system refuses; the temporary file is removed and `path` is as it was.
pub fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write_with(path, |file| Ok(file.write_all(bytes)?))
}

/// The same for what is too large to be in memory at once; `fill` writes it.
///
/// # Errors
/// Whatever the file system or `fill` refuses; the temporary file is removed and `path` is as it was.
pub fn write_with(path: &Path, fill: impl FnOnce(&mut File) -> anyhow::Result<()>) -> anyhow::Result<()> {
    // A bare name has an empty parent.
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let unfinished = unfinished_name(path);
    let written = (|| -> anyhow::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&unfinished)?;
        fill(&mut file)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        Ok(File::open(folder)?.sync_all()?)
    })();
    written
        .inspect_err(|_| drop(fs::remove_file(&unfinished)))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Removes what a killed process left half-written under `folder`.
///
/// # Errors
/// Whatever the file system refuses.
pub fn sweep(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            sweep(&path)?;
        } else if is_unfinished(&path) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn unfinished_name(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".{name}.{}-{count}{UNFINISHED}", std::process::id()))
}

/// Our own temporary names, those of gentron-reports, which writes its files under `<name>.tmp` first, and those of gentron-model, which
/// writes a text's embedding under `<digest>.<worker>-<process>.tmp`.
fn is_unfinished(path: &Path) -> bool {
    let Some(stem) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(UNFINISHED))
    else {
        return false;
    };
    stem.starts_with('.')
        || matches!(stem, "observations.parquet" | "analysis.json" | "report.html")
        || is_embedding(stem)
}

fn is_embedding(stem: &str) -> bool {
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let Some((digest, writer)) = stem.split_once('.') else { return false };
    let Some((worker, process)) = writer.split_once('-') else { return false };
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest && is_number(worker) && is_number(process)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_the_whole_file_and_leaves_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.json");
        write(&path, b"a longer first version").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_leaves_the_old_bytes_and_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        // A folder in the way makes the rename fail after all bytes are written.
        let path = folder.path().join("taken");
        fs::create_dir_all(path.join("inside")).unwrap();
        assert!(write(&path, b"x").is_err());
        assert!(path.join("inside").is_dir());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn sweeping_removes_unfinished_files_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("images")).unwrap();
        fs::write(folder.path().join("images/.0.png.77-3.tmp"), b"half").unwrap();
        fs::write(folder.path().join("images/notes.tmp"), b"somebody else's").unwrap();
        let embedding = format!("images/{}.3-4711.tmp", "0f".repeat(32));
        fs::write(folder.path().join(embedding), b"half").unwrap();
        sweep(folder.path()).unwrap();
        let left: Vec<_> =
            fs::read_dir(folder.path().join("images")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["notes.tmp"]);
    }
}
