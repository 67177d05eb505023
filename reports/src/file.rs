//! Files that appear whole or not at all.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use crate::error::{ReportError, Result};

/// Writes to a temporary name in the same folder, syncs, renames. A crash at any instant leaves the old file or the new one; of several
/// processes that write at a time the last one's bytes are there, whole.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = ReportError::write(path);
    // A bare name has an empty parent.
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    written(path, folder, bytes).map_err(failed)?;
    // The rename itself is durable only once the folder is.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// By way of `.<name>.<random>.tmp`, as all temporary names in a run's folder are, which whoever opens the run alone removes.
fn written(path: &Path, folder: &Path, bytes: &[u8]) -> io::Result<()> {
    let prefix = format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    // As any other file; by itself it would be its owner's alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

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
