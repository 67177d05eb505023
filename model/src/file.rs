//! Files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Ends the name of every file that is not finished yet.
const UNFINISHED: &str = ".tmp";

/// Writes a file under a temporary name in the same folder, syncs and renames it. A crash at any instant leaves the old file or the new one,
/// and a half-written one that [`sweep`] removes; of several processes that write at a time the last one's bytes are there, whole.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = unfinished_name(path);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&unfinished)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&unfinished, path));
    // Best effort: the first error is the one to tell.
    written.inspect_err(|_| drop(fs::remove_file(&unfinished)))?;
    // The rename itself is durable only once the folder is. Some file systems of networks know no sync of a folder.
    match path.parent().and_then(|folder| File::open(folder).ok()).map(|folder| folder.sync_all()) {
        Some(Err(error)) if !matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Err(error),
        _ => Ok(()),
    }
}

/// Removes what killed processes left half-written in a folder that this process alone writes to; what cannot be removed stays.
pub(crate) fn sweep(folder: &Path) {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let left: Vec<PathBuf> = names.filter(|path| is_unfinished(path)).collect();
    for path in left {
        drop(fs::remove_file(path));
    }
}

/// A name that no other process chooses, whatever its machine: a process's number is none, because in a container it is always 1. The
/// standard library seeds each of its hashers from the system's random numbers.
fn unfinished_name(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{:016x}{UNFINISHED}", RandomState::new().hash_one(path)))
}

fn is_unfinished(path: &Path) -> bool {
    let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(UNFINISHED));
    let word = stem.and_then(|stem| stem.strip_prefix('.')).and_then(|stem| stem.rsplit_once('.'));
    word.is_some_and(|(_, word)| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_what_others_have_half_written_stays_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        let others = ["state.tmp".to_owned(), format!("state.0-{}.tmp", std::process::id())];
        for name in &others {
            fs::write(folder.path().join(name), b"another's").unwrap();
        }
        write(&path, b"a longer first version").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert!(others.iter().all(|name| fs::read(folder.path().join(name)).unwrap() == b"another's"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        assert_ne!(unfinished_name(&path), unfinished_name(&path));

        // A folder in the way makes the rename fail after all bytes are written.
        let taken = folder.path().join("taken");
        fs::create_dir_all(taken.join("inside")).unwrap();
        assert!(write(&taken, b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
    }

    #[test]
    fn sweeping_removes_what_is_half_written_alone() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state.safetensors");
        fs::write(unfinished_name(&state), b"half").unwrap();
        let others = [".hidden.tmp", "notes.tmp", "state.safetensors"];
        for name in others {
            fs::write(folder.path().join(name), b"mine").unwrap();
        }
        sweep(folder.path());
        sweep(&folder.path().join("missing"));
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, others);
    }
}
