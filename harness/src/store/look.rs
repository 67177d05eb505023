//! Names that another machine has made. NFS remembers of a name that it was not there, for half a minute or more: whoever looks for it, or
//! opens it, is told so. Opening its folder to list it has the folder looked at anew, and with it all of its names.

use std::fs;
use std::path::Path;

/// Has a folder looked at anew, before files of it are missed.
pub fn anew(folder: &Path) {
    // Whether there is such a folder, and what is in it, is seen when its files are looked for.
    drop(fs::read_dir(folder).map(Iterator::count));
}

/// Whether there is a file, also where another machine has just made it.
pub fn is_there(path: &Path) -> bool {
    path.exists() || {
        // A bare name has an empty parent.
        anew(path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new(".")));
        path.exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_looked_for_twice_and_found_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.jsonl");
        assert!(!is_there(&path) && !is_there(&path.join("no folder")) && !is_there(Path::new("no such file")));
        fs::write(&path, "").unwrap();
        assert!(is_there(&path) && is_there(folder.path()));
    }
}
