//! Files that appear whole or not at all.

use std::io::{self, Write as _};
use std::path::Path;

/// Writes a file by way of `.<name>.<random>.tmp` in the same folder, which is synced and renamed: processes that write at a time do so under
/// names of their own, and one that fails leaves what was there.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A bare name has an empty parent.
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
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
    fn a_file_is_replaced_whole_and_nothing_half_written_is_left() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let path = folder.path().join("canary.json");
        assert!(write(&path, b"a longer first version").is_ok() && write(&path, b"second").is_ok());
        assert_eq!(fs::read(&path).ok().as_deref(), Some(&b"second"[..]));
        // A folder in the way makes the rename fail.
        let taken = folder.path().join("taken");
        fs::create_dir_all(taken.join("inside")).unwrap_or_else(|e| panic!("{e}"));
        assert!(write(&taken, b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).map_or(0, Iterator::count), 2);
    }
}
