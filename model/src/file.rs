//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Ends the name of every file that is not finished yet.
const UNFINISHED: &str = ".tmp";
/// Letters and digits of the random part of such a name.
const WORD: usize = 12;

/// Writes a file under a temporary name in the same folder, syncs and renames it. A crash at any instant leaves the old file or the new one,
/// and a half-written one that [`sweep`] removes; of several processes that write at a time the last one's bytes are there, whole.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A bare name has an empty parent.
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let mut file = unfinished(path, folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The rename itself is durable only once the folder is. Some file systems of networks know no sync of a folder.
    match File::open(folder)?.sync_all() {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        synced => synced,
    }
}

/// An empty file that goes when it is dropped, under a name in the same folder that no other process chooses, whatever its machine:
/// `.<name>.<random>.tmp`.
fn unfinished(path: &Path, folder: &Path) -> io::Result<NamedTempFile> {
    let prefix = format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(UNFINISHED).rand_bytes(WORD);
    // As any other file; by itself it would be its owner's alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Removes what killed processes left half-written in a folder that this process alone writes to; what cannot be removed stays.
pub(crate) fn sweep(folder: &Path) {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let left: Vec<PathBuf> = names.filter(|path| is_unfinished(path)).collect();
    for path in left {
        drop(fs::remove_file(path));
    }
}

fn is_unfinished(path: &Path) -> bool {
    let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(UNFINISHED));
    let word = stem.and_then(|stem| stem.strip_prefix('.')).and_then(|stem| stem.rsplit_once('.'));
    word.is_some_and(|(_, word)| word.len() == WORD && word.bytes().all(|byte| byte.is_ascii_alphanumeric()))
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
        drop(unfinished(&state, folder.path()).unwrap().keep().unwrap());
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
