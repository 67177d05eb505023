//! From a suite's name to the suite: built in, official files in one of the places, or a user's own file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gentron_suites::own::{self, Columns};
use gentron_suites::phrases::SpacyModel;
use gentron_suites::{ListedSuite, Suite as _, SuitesError, shapes};

use super::{KNOWN, Known, Opened, PARTS, Place, Places};
use crate::failure::{Explain as _, refuse};
use crate::names;

/// A suite by name, and what is asked of it; for a user's own file, how its columns are called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// The registry key, or the name of a user's own suite.
    pub id: String,
    /// The column of prompts; the usual names if left out.
    pub prompt_column: Option<String>,
    /// The column of categories; the usual names if left out.
    pub category_column: Option<String>,
    /// The categories that are asked for, all if empty: where the files of the others are not here, it is opened without them.
    pub categories: Vec<String>,
    /// The digest that it had when it was opened before. Then it may have been a suite of these categories alone.
    pub digest: Option<String>,
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
    opened: Mutex<Vec<(Reference, Arc<Opened>)>>,
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
        if let Some(opened) = self.before(reference) {
            return Ok(opened);
        }
        let opened = Arc::new(match Known::find(&reference.id) {
            Some(known) if known.key == shapes::motion::ID => Opened::built_in(shapes::motion::suite()),
            Some(known) if known.is_built_in() => Opened::built_in(shapes::suite()),
            Some(known) => self.official(known, reference)?,
            None => self.own(reference)?,
        });
        self.known().push((reference.clone(), Arc::clone(&opened)));
        Ok(opened)
    }

    fn known(&self) -> MutexGuard<'_, Vec<(Reference, Arc<Opened>)>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was opened for the same words; where a digest is wanted, for any categories, if it has that digest.
    fn before(&self, wanted: &Reference) -> Option<Arc<Opened>> {
        let words = |of: &Reference| (of.id.clone(), of.prompt_column.clone(), of.category_column.clone());
        let fits = |(of, opened): &&(Reference, Arc<Opened>)| {
            words(of) == words(wanted)
                && match &wanted.digest {
                    Some(digest) => opened.digest() == *digest,
                    None => of.categories == wanted.categories,
                }
        };
        self.known().iter().find(fits).map(|(_, opened)| Arc::clone(opened))
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

    fn official(&self, known: &Known, reference: &Reference) -> anyhow::Result<Opened> {
        let mut looked = Vec::new();
        for (folder, by) in self.candidates(known) {
            match load(known, reference, &folder) {
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
        let Reference { id, prompt_column, category_column, .. } = reference;
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

/// The suite in a folder: whole where all its files are there and right, else the categories that are asked for. Where it was opened
/// before, whichever of the two has the digest of then: files may have come since.
fn load(known: &Known, reference: &Reference, folder: &Path) -> Result<ListedSuite, SuitesError> {
    let whole = known.load(folder);
    let is_wanted = |suite: &ListedSuite| reference.digest.as_ref().is_none_or(|digest| suite.digest() == *digest);
    if whole.as_ref().is_ok_and(is_wanted) {
        return whole;
    }
    match (known.load_part(folder, &reference.categories), whole) {
        (Some(Ok(part)), Ok(whole)) => Ok(if is_wanted(&part) { part } else { whole }),
        // What is said to be missing or wrong is then a file of these categories.
        (Some(part), Err(_)) => part,
        (_, whole) => whole,
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

    fn compbench(categories: &[&str], digest: Option<&str>) -> Reference {
        let categories = categories.iter().map(|name| (*name).to_owned()).collect();
        Reference { categories, digest: digest.map(str::to_owned), ..Reference::of("t2i-compbench") }
    }

    #[test]
    fn categories_need_no_files_but_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let named = Place { folder: folder.path().to_owned(), by: "--suites" };
        let places = Places { named: Some(named), common: Vec::new() };
        let library = || Library::new(places.clone(), BTreeMap::new());
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let lacks = |categories: &[&str]| library().open(&compbench(categories, None)).err().unwrap().to_string();
        write("color_val.txt", "a teal lamp and a red hat");
        let color = library().open(&compbench(&["color"], None)).unwrap();
        assert_eq!((color.categories(), color.files.len()), (vec!["color".to_owned()], 1));
        assert!(lacks(&[]).contains("looked for shape_val.txt in "), "{}", lacks(&[]));
        assert!(lacks(&["color", "texture"]).contains("looked for texture_val.txt in "), "{}", lacks(&["texture"]));
        assert!(lacks(&["numeracy"]).contains("looked for new_objects.txt in "), "{}", lacks(&["numeracy"]));

        // The other files come: the whole suite has another digest, and what was opened before is found again.
        for category in ["shape", "texture", "spatial", "3d_spatial", "numeracy", "non_spatial", "complex"] {
            write(&format!("{category}_val.txt"), "a lamp on the left of a hat");
        }
        for part in ["spatial", "action", "spatialaction"] {
            write(&format!("complex_val_{part}.txt"), "a lamp on the left of a hat");
        }
        write("new_objects.txt", "lamp - lamps");
        let whole = library().open(&compbench(&["color"], None)).unwrap();
        assert_eq!(whole.categories().len(), 8);
        let [part, all] = [&color, &whole].map(|suite| suite.digest());
        assert_ne!(part, all);
        for digest in [&part, &all] {
            assert_eq!(library().open(&compbench(&["color"], Some(digest))).unwrap().digest(), *digest);
        }
        assert_eq!(library().open(&compbench(&["color"], Some("of no one"))).unwrap().digest(), all);
    }

    #[test]
    fn a_suite_is_opened_once_for_a_digest() {
        let library = Library::default();
        let shapes = library.open(&Reference::of(shapes::ID)).unwrap();
        let again = Reference {
            categories: vec!["color".to_owned()],
            digest: Some(shapes.digest()),
            ..Reference::of(shapes::ID)
        };
        assert!(Arc::ptr_eq(&shapes, &library.open(&again).unwrap()));
        let other = Reference { digest: Some("of no one".to_owned()), ..again };
        assert!(!Arc::ptr_eq(&shapes, &library.open(&other).unwrap()));
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
