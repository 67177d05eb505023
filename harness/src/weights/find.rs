//! Where the weights folder is.

use std::path::{Path, PathBuf};

use crate::failure::refuse;

/// The variable that names the weights folder.
pub const VARIABLE: &str = "GENTRON_WEIGHTS";

/// A weights folder that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The folder.
    pub folder: PathBuf,
    /// What led to it, for `doctor`.
    pub by: &'static str,
}

/// Looks in `--weights`, then `$GENTRON_WEIGHTS`; where neither is given, in the recipe's folder, in `./weights`, and in `weights` beside
/// the executable and its ancestors (a build in `target/release` finds the repository's).
///
/// # Errors
/// A folder that was named explicitly does not exist, or none was found: then every place is listed.
pub fn find(named: Option<&Path>, recipe_folder: Option<&Path>, folder: &str) -> anyhow::Result<Found> {
    let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    for (path, by) in [(named.map(Path::to_owned), "--weights"), (variable, "$GENTRON_WEIGHTS")] {
        let Some(path) = path else { continue };
        if path.is_dir() {
            return Ok(Found { folder: path, by });
        }
        return Err(refuse(format!("no weights folder {} (given by {by})", path.display()), super::HOW_TO_GET));
    }
    let mut places: Vec<(PathBuf, &'static str)> = Vec::new();
    places.extend(recipe_folder.map(|recipe| (recipe.join(folder), "the recipe's folder")));
    places.push((PathBuf::from("weights"), "the current folder"));
    if let Ok(executable) = std::env::current_exe() {
        places.extend(executable.ancestors().skip(1).map(|a| (a.join("weights"), "beside the executable")));
    }
    if let Some((folder, by)) = places.iter().find(|(path, _)| path.is_dir()) {
        return Ok(Found { folder: folder.clone(), by });
    }
    let looked: Vec<String> = places.iter().map(|(path, _)| path.display().to_string()).collect();
    Err(refuse(format!("no weights folder; looked in {}", looked.join(", ")), super::HOW_TO_GET))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_folder_comes_first_and_must_exist() {
        let folder = tempfile::tempdir().unwrap();
        let found = find(Some(folder.path()), None, "weights").unwrap();
        assert_eq!((found.folder.as_path(), found.by), (folder.path(), "--weights"));
        let missing = folder.path().join("nowhere");
        assert!(find(Some(&missing), Some(folder.path()), ".").unwrap_err().to_string().contains("nowhere"));
    }

    #[test]
    fn the_recipes_own_folder_comes_before_the_current_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("w")).unwrap();
        let found = find(None, Some(folder.path()), "w").unwrap();
        assert_eq!(found.folder, folder.path().join("w"));
    }
}
