//! Folders in which the files of suites are looked for.

use std::path::{Path, PathBuf};

use crate::failure::refuse;

/// The variable that names a folder of suites.
pub const VARIABLE: &str = "GENTRON_SUITES";

/// A folder to look in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The folder.
    pub folder: PathBuf,
    /// Who named it.
    pub by: &'static str,
}

/// The folders that hold for every suite. What a recipe or a run says of one suite stands between the two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// `--suites`.
    pub named: Option<Place>,
    /// `$GENTRON_SUITES`, then where `gentron suites fetch` puts files.
    pub common: Vec<Place>,
}

impl Places {
    /// The places of this process; `named` is `--suites`.
    ///
    /// # Errors
    /// A folder that was named does not exist.
    pub fn new(named: Option<&Path>) -> anyhow::Result<Self> {
        let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        let existing = |folder: PathBuf, by: &'static str| {
            if folder.is_dir() {
                return Ok(Place { folder, by });
            }
            let hint = "name a folder with official prompt files; `gentron suites fetch --to DIR` makes one";
            Err(refuse(format!("no folder of suites {} (given by {by})", folder.display()), hint))
        };
        let named = named.map(|folder| existing(folder.to_owned(), "--suites")).transpose()?;
        let variable = variable.map(|folder| existing(folder, "$GENTRON_SUITES")).transpose()?;
        let data = data_folder().map(|folder| Place { folder, by: "where `gentron suites fetch` puts it" });
        Ok(Self { named, common: variable.into_iter().chain(data).collect() })
    }
}

/// Where fetched files are kept: `gentron/suites` in the user's data folder. None on a system that tells of no home.
pub fn data_folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = variable("XDG_DATA_HOME")
        .or_else(|| Some(variable("HOME")?.join(".local/share")))
        .or_else(|| variable("LOCALAPPDATA"))?;
    Some(data.join("gentron").join("suites"))
}
