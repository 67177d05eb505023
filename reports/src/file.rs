//! Files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{ReportError, Result};

/// Writes to a temporary name in the same folder, syncs, renames. A crash at any instant leaves the old file or the new one; of several
/// processes that write at a time the last one's bytes are there, whole.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = temporary_name(path);
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(&temporary).map_err(ReportError::write(path))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(source) = written.and_then(|()| fs::rename(&temporary, path)) {
        // Best effort: the first error is the one to tell.
        let _ = fs::remove_file(&temporary);
        return Err(ReportError::write(path)(source));
    }
    // The rename itself is durable only once the folder is.
    if let Some(folder) = path.parent()
        && let Ok(folder) = File::open(folder)
    {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// `.<name>.<random>.tmp`, as all temporary names in a run's folder are, which whoever opens the run alone removes. No other process chooses
/// it, whatever its machine: a process's number is none, because in a container it is always 1, but the standard library seeds each of its
/// hashers from the system's random numbers.
fn temporary_name(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{:016x}.tmp", RandomState::new().hash_one(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_what_another_process_writes_stays_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        let other = folder.path().join("report.html.tmp");
        fs::write(&other, b"half").unwrap();
        write_atomically(&path, b"a longer first version").unwrap();
        write_atomically(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read(&other).unwrap(), b"half");
        // A folder in the way makes the rename fail after all bytes are written.
        let taken = folder.path().join("taken");
        fs::create_dir_all(taken.join("inside")).unwrap();
        assert!(write_atomically(&taken, b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing half-written is left");
    }
}
