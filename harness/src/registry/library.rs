//! From a suite's name to the suite: built in, official files in one of the places, or a user's own file.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gentron_suites::own::{self, Columns};
use gentron_suites::phrases::SpacyModel;
use gentron_suites::{SuitesError, shapes};

use super::{KNOWN, Known, Opened, PARTS, Place, Places};
use crate::failure::{Explain as _, refuse};
use crate::names;

/// A suite by name; for a user's own file, how its columns are called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The registry key, or the name of a user's own suite.
    pub id: String,
    /// The column of prompts; the usual names if left out.
    pub prompt_column: Option<String>,
    /// The column of categories; the usual names if left out.
    pub category_column: Option<String>,
}

impl Reference {
    /// A suite whose columns have the usual names.
    pub fn of(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }
}

/// Opens suites, each once.
#[derive(Default)]
pub struct Library {
    places: Places,
    /// For some suites the folder of their files, or the file: what a recipe or a run says.
    located: BTreeMap<String, PathBuf>,
    opened: Mutex<HashMap<Reference, Arc<Opened>>>,
}

impl Library {
    /// `located` has what a recipe or a run says of some suites.
    pub fn new(places: Places, located: BTreeMap<String, PathBuf>) -> Self {
        Self { places, located, opened: Mutex::default() }
    }

    /// Opens a suite, or remembers that it did.
    ///
    /// # Errors
    /// There is no such suite, its files are not here, or they are not what they should be.
    pub fn open(&self, reference: &Reference) -> anyhow::Result<Arc<Opened>> {
        let lock = || self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = lock().get(reference) {
            return Ok(Arc::clone(opened));
        }
        let opened = Arc::new(match Known::find(&reference.id) {
            Some(known) if known.key == shapes::motion::ID => Opened::built_in(shapes::motion::suite()),
            Some(known) if known.is_built_in() => Opened::built_in(shapes::suite()),
            Some(known) => self.official(known)?,
            None => self.own(reference)?,
        });
        lock().insert(reference.clone(), Arc::clone(&opened));
        Ok(opened)
    }

    /// Every folder that may hold the suite's files, and who named it.
    fn candidates(&self, known: &Known) -> Vec<(PathBuf, &'static str)> {
        let located = self.located.get(known.key).map(|folder| (folder.clone(), "named for this suite"));
        let place = |place: &'_ Place| (place.folder.clone(), place.by);
        let inner = |(folder, by): (PathBuf, &'static str)| {
            let inner = folder.join(known.folder());
            (if inner.is_dir() { inner } else { folder }, by)
        };
        let named = self.places.named.iter().map(place);
        named.chain(located).chain(self.places.common.iter().map(place)).map(inner).collect()
    }

    fn official(&self, known: &Known) -> anyhow::Result<Opened> {
        let mut looked = Vec::new();
        for (folder, by) in self.candidates(known) {
            match known.load(&folder) {
                Ok(suite) => return Ok(Opened::read(suite, folder)),
                Err(SuitesError::MissingFile { file, .. }) => {
                    looked.push(format!("{file} in {} ({by})", folder.display()));
                }
                Err(error) => return Err(error).explain(|| unreadable(known.key)),
            }
        }
        let what = format!("the suite {} is not here; looked for {}", known.key, looked.join(", for "));
        let get = known.how_to_get();
        let hint = if known.origin().is_some() { format!("`{get}` brings it; ") } else { format!("{get}; ") };
        Err(refuse(what, hint + "--suites DIR names a folder that has it"))
    }

    fn own(&self, reference: &Reference) -> anyhow::Result<Opened> {
        let Reference { id, prompt_column, category_column } = reference;
        let Some(located) = self.located.get(id) else {
            let hint = names::suggestion(id, KNOWN.iter().chain(&PARTS).map(|known| known.key));
            let stop = if hint.ends_with('?') { "" } else { "." };
            let hint = format!("{hint}{stop} A file of your own is named by its path, in a recipe by file = \"...\"");
            return Err(refuse(format!("unknown suite `{id}`"), hint));
        };
        let path = self.find_own(located)?;
        let columns = Columns { prompt: prompt_column.clone(), category: category_column.clone() };
        let suite = own::load(&path, id, &columns, SpacyModel::default()).explain(|| unreadable(id))?;
        Ok(Opened::read(suite, path))
    }

    /// The file itself, or one of its name in a place, where a run was moved.
    fn find_own(&self, located: &Path) -> anyhow::Result<PathBuf> {
        let name = located.file_name().unwrap_or_default();
        let others = self.places.named.iter().chain(&self.places.common).map(|place| place.folder.join(name));
        let candidates: Vec<PathBuf> = std::iter::once(located.to_owned()).chain(others).collect();
        candidates.iter().find(|path| path.is_file()).cloned().ok_or_else(|| {
            let looked: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
            let hint =
                "check the path, which in a recipe starts from the recipe's folder, or name its folder with --suites";
            refuse(format!("no file of prompts; looked for {}", looked.join(", ")), hint)
        })
    }
}

fn unreadable(id: &str) -> (String, &'static str) {
    (
        format!("cannot read the suite {id}"),
        "correct that place of the file; `gentron suites --help` says what can be read",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_file_is_found_where_it_was_or_in_a_place() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("p.csv"), "prompt,category\na red circle,one\n").unwrap();
        let places = Places::new(Some(folder.path())).unwrap();
        let moved = Library::new(places, [("mine".to_owned(), "/nowhere/p.csv".into())].into());
        let opened = moved.open(&Reference::of("mine")).unwrap();
        assert_eq!((opened.id(), opened.categories(), opened.files.len()), ("mine", vec!["one".to_owned()], 1));
        assert_eq!(opened.files[0].revision, "own file");
    }

    #[test]
    fn what_is_not_here_names_file_place_and_command() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::new(Places::new(Some(folder.path())).unwrap(), BTreeMap::new());
        for (id, file) in [("parti", "PartiPrompts.tsv"), ("t2i-compbench-train", "color_train.txt")] {
            let message = crate::failure::render(&library.open(&Reference::of(id)).err().unwrap());
            assert!(message.contains(file) && message.contains(&folder.path().display().to_string()), "{message}");
            assert!(message.contains("hint: `gentron suites fetch "), "{message}");
        }
    }
}
