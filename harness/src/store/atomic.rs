//! The one way in which a run's files come into being.

use std::fs::{self, DirEntry, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use anyhow::Context as _;
use tempfile::NamedTempFile;

use super::digest;

/// Ends the name of every file that is not finished yet.
const UNFINISHED: &str = ".tmp";

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
    let written = (|| -> anyhow::Result<()> {
        let mut file = unfinished(path, folder)?;
        fill(file.as_file_mut())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(sync_folder(folder)?)
    })();
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// An empty file that goes when it is dropped, under a name in the same folder that no other process chooses, whatever its machine:
/// `.<name>.<random>.tmp`.
fn unfinished(path: &Path, folder: &Path) -> io::Result<NamedTempFile> {
    let prefix = format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(UNFINISHED);
    // As any other file; by itself it would be its owner's alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Has the names in a folder outlast a loss of power, as far as its file system can: some that networks share know no sync of a folder.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        synced => synced,
    }
}

/// Removes what a killed process left half-written under `folder`; whatever another one removes meanwhile is gone as well.
///
/// # Errors
/// Whatever the file system refuses.
pub fn sweep(folder: &Path) -> anyhow::Result<()> {
    // All names first: a folder that loses files while it is listed may be listed with gaps.
    let listed = fs::read_dir(folder).and_then(|entries| entries.collect::<io::Result<Vec<DirEntry>>>());
    let entries = match listed {
        Err(error) if is_gone(&error) => return Ok(()),
        listed => listed.with_context(|| format!("cannot list {}", folder.display()))?,
    };
    for entry in entries {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => sweep(&path)?,
            Ok(_) if is_unfinished(&path) => remove(&path)?,
            Err(error) if !is_gone(&error) => {
                return Err(error).with_context(|| format!("cannot look at {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes a file that another process may be removing, too.
///
/// # Errors
/// It is there and cannot be removed.
pub fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if !is_gone(&error) => Err(error).with_context(|| format!("cannot remove {}", path.display())),
        _ => Ok(()),
    }
}

/// Whether a file is not there, or was removed while it was being read, which NFS calls a stale handle.
pub fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::StaleNetworkFileHandle)
}

/// A part of a file's name that no other process chooses, whatever its machine. A process's number is none: in a container it is always 1.
///
/// # Errors
/// The system gives no random numbers.
pub fn random_word() -> anyhow::Result<String> {
    let mut random = [0; 6];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    Ok(digest::hexadecimal(&random))
}

/// Whether a file's name is one of ours for what is half-written, or of the other crates', which write the same way.
pub fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with('.') && name.ends_with(UNFINISHED))
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
    #[cfg(unix)]
    fn whoever_may_read_any_new_file_may_read_ours() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let (ours, any) = (folder.path().join("ours"), folder.path().join("any"));
        write(&ours, b"x").unwrap();
        fs::write(&any, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&any));
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
    fn what_a_killed_process_of_the_same_number_left_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("017.zip");
        // The names that the process of this number would have come to.
        let left: Vec<_> = (0..2_000)
            .map(|count| folder.path().join(format!(".017.zip.{}-{count}.tmp", std::process::id())))
            .collect();
        left.iter().for_each(|path| fs::write(path, b"half").unwrap());
        write(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert!(write_with(&path, |_| anyhow::bail!("no")).is_err());
        assert!(left.iter().all(|path| path.exists()), "another's file was removed");
        sweep(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_folder_that_knows_no_sync_is_written_all_the_same() {
        // Linux answers EINVAL there, as some file systems of networks do.
        sync_folder(Path::new("/proc/self")).unwrap();
    }

    #[test]
    fn what_is_gone_already_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        sweep(&folder.path().join("missing")).unwrap();
        remove(&folder.path().join("missing")).unwrap();
        assert!(remove(folder.path()).is_err(), "a folder is there, and no file");
        // ESTALE of Linux.
        #[cfg(target_os = "linux")]
        assert!(is_gone(&io::Error::from_raw_os_error(116)));
        assert!(!is_gone(&ErrorKind::PermissionDenied.into()));
    }

    #[test]
    fn sweeping_removes_unfinished_files_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("images")).unwrap();
        fs::write(folder.path().join("images/.0.png.77-3.tmp"), b"half").unwrap();
        fs::write(folder.path().join("images/notes.tmp"), b"somebody else's").unwrap();
        drop(unfinished(&folder.path().join("report.html"), folder.path()).unwrap().keep().unwrap());
        sweep(folder.path()).unwrap();
        let left: Vec<_> =
            fs::read_dir(folder.path().join("images")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["notes.tmp"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the folder of images");
    }
}
