//! From the suites that a recipe names to what is drawn of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::resolve::{Narrowing, Wrong};
use super::schema::{Recipe, SuiteChoice, World};
use crate::names;
use crate::registry::{Known, Library, Reference, SuiteKey};

/// A suite, or a part of one. What `shapes` has no use for is left out where it is written, so that its runs are what they were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResolvedSuite {
    /// Registry key, or the name of the user's own suite.
    pub id: String,
    /// Digest of the whole suite; of these categories alone, where no files of others were there.
    pub digest: String,
    /// Categories that are drawn, in the suite's order.
    pub categories: Vec<String>,
    /// At most so many prompts a category.
    pub prompts_per_category: Option<u32>,
    /// So many prompts of these categories together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subset: Option<u32>,
    /// Which subset.
    pub subset_seed: u64,
    /// What a user's own file calls the prompts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_column: Option<String>,
    /// What a user's own file calls the categories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_column: Option<String>,
    /// What its images show, where the recipe says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<World>,
}

impl ResolvedSuite {
    /// What the library is asked for.
    pub fn reference(&self) -> Reference {
        Reference {
            id: self.id.clone(),
            prompt_column: self.prompt_column.clone(),
            category_column: self.category_column.clone(),
            categories: self.categories.clone(),
            digest: Some(self.digest.clone()),
        }
    }

    /// What its images show.
    pub fn world(&self) -> World {
        self.world.unwrap_or_else(|| World::of(&self.id))
    }
}

/// Where the recipe's suites are, by id, as far as it says. Its relative paths start from `folder`.
pub fn located(recipe: &Recipe, folder: Option<&Path>) -> BTreeMap<String, PathBuf> {
    let start = folder.unwrap_or(Path::new("."));
    let place = |choice: &SuiteChoice| {
        let path = start.join(choice.file.as_ref().or(choice.folder.as_ref())?);
        Some((SuiteKey::parse(&choice.name()).ok()?.suite, path))
    };
    recipe.suites.iter().filter_map(place).collect()
}

/// Checks every name and opens every suite.
pub(super) fn resolve(
    choices: &[SuiteChoice],
    narrowing: &Narrowing,
    library: &Library,
    wrong: &dyn Fn(String, String) -> anyhow::Error,
) -> anyhow::Result<Vec<ResolvedSuite>> {
    let mut opened = Vec::new();
    for choice in choices {
        let mut part = part(choice).map_err(|(what, hint)| wrong(what, hint))?;
        part.reference.categories = asked(choice, &part, narrowing);
        let suite = library.open(&part.reference).map_err(|error| named(error, wrong))?;
        opened.push((choice, part, suite));
    }
    let known: BTreeSet<String> = opened.iter().flat_map(|(.., suite)| suite.categories()).collect();
    if let Some(name) = narrowing.categories.iter().find(|name| !known.contains(*name)) {
        return Err(wrong(
            format!("unknown category `{name}`"),
            names::suggestion(name, known.iter().map(String::as_str)),
        ));
    }
    let (mut resolved, mut taken) = (Vec::new(), BTreeSet::new());
    for (choice, part, suite) in &opened {
        let elsewhere = |name: &String| !suite.categories().contains(name);
        if opened.len() > 1 && !narrowing.categories.is_empty() && narrowing.categories.iter().all(elsewhere) {
            continue;
        }
        if suite.id() != part.reference.id {
            let what = format!("`{}` cannot be the name of a suite", part.reference.id);
            return Err(wrong(what, format!("call it `{}`", suite.id())));
        }
        let suite = narrow(choice, part, suite, narrowing).map_err(|(what, hint)| wrong(what, hint))?;
        if let Some(twice) = suite.categories.iter().find(|name| !taken.insert((suite.id.clone(), (*name).clone()))) {
            let what = format!("the category `{twice}` of the suite {} is there twice", suite.id);
            return Err(wrong(what, "name each category in one of the [[suites]]".into()));
        }
        resolved.push(suite);
    }
    Ok(resolved)
}

/// An error of the library that has a way out keeps it, with the recipe's name before it.
fn named(error: anyhow::Error, wrong: &dyn Fn(String, String) -> anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<crate::failure::Explained>() {
        Some(explained) if error.chain().count() == 1 => wrong(explained.what.clone(), explained.hint.clone()),
        _ => error,
    }
}

/// What the words of a choice mean.
struct Part {
    reference: Reference,
    category: Option<String>,
    subset: Option<(u32, u64)>,
}

fn part(choice: &SuiteChoice) -> Result<Part, Wrong> {
    let id = choice.name();
    if id.is_empty() {
        let hint =
            "write id = \"parti:100\" (`gentron suites` lists them), or file = \"mine.csv\" for your own prompts";
        return Err(("one of the [[suites]] has neither `id` nor `file`".into(), hint.into()));
    }
    let key = SuiteKey::parse(&id).map_err(|error| (error.to_string(), "as in parti:100".to_owned()))?;
    if let Some(path) = &key.file {
        let hint = format!("write file = \"{}\" for prompts of your own", path.display());
        return Err((format!("the id {id} is the name of a file"), hint));
    }
    let known = Known::find(&key.suite);
    if let (true, Some(known), Some(file)) = (choice.id.is_empty(), known, &choice.file) {
        return Err((format!("{file} would be called {}, like a published suite", known.key), "add an `id`".into()));
    }
    if let (None, Some(file), true) = (known, &choice.file, Known::claims(&key.suite)) {
        let hint = "give it an `id` that does not begin so";
        return Err((format!("{file} would be called {}, like a published suite", key.suite), hint.into()));
    }
    match (known, &choice.file, &choice.folder) {
        (_, Some(_), Some(_)) => {
            return Err((format!("the suite {id} has both `file` and `folder`"), "leave one out".into()));
        }
        (Some(known), ..) if known.is_built_in() && (choice.file.is_some() || choice.folder.is_some()) => {
            return Err((format!("the suite {} has no files", key.suite), "leave out `file` and `folder`".into()));
        }
        (Some(known), Some(_), _) if !known.is_one_file() => {
            let hint = "name their folder with `folder`, or give prompts of your own another `id`";
            return Err((format!("the suite {} is of many files, not of one `file`", key.suite), hint.into()));
        }
        (None, None, Some(_)) => {
            return Err((format!("the suite {id} has a `folder`, but no `file`"), "name the file".into()));
        }
        (None, Some(_), None) => super::resolve::check_name(&key.suite, "the suite")?,
        _ => {}
    }
    if key.subset.is_some() && choice.subset.is_some() {
        return Err((format!("the suite {id} has two sizes of its subset"), "leave out `subset`".into()));
    }
    if key.category.is_some() && choice.categories.is_some() {
        return Err((format!("the suite {id} has two lists of categories"), "leave out `categories`".into()));
    }
    let (prompt_column, category_column) = (choice.prompt_column.clone(), choice.category_column.clone());
    Ok(Part {
        reference: Reference { id: key.suite, prompt_column, category_column, ..Reference::default() },
        category: key.category,
        subset: key.subset.or(choice.subset.map(|count| (count, choice.subset_seed))),
    })
}

/// The categories that will be drawn, all if empty: the files of others need not be here.
fn asked(choice: &SuiteChoice, part: &Part, narrowing: &Narrowing) -> Vec<String> {
    let one = part.category.clone().map(|category| vec![category]);
    let chosen = one.or_else(|| choice.categories.clone()).unwrap_or_default();
    if chosen.is_empty() {
        return narrowing.categories.clone();
    }
    let left: Vec<String> = chosen.iter().filter(|name| narrowing.categories.contains(name)).cloned().collect();
    if left.is_empty() { chosen } else { left }
}

fn narrow(
    choice: &SuiteChoice,
    part: &Part,
    suite: &crate::registry::Opened,
    narrowing: &Narrowing,
) -> Result<ResolvedSuite, Wrong> {
    let id = &part.reference.id;
    let all = suite.categories();
    let one = part.category.clone().map(|category| vec![category]);
    let wanted = one.as_ref().or(choice.categories.as_ref()).unwrap_or(&all);
    for name in wanted {
        if !all.contains(name) {
            let hint = names::suggestion(name, all.iter().map(String::as_str));
            return Err((format!("unknown category `{name}` of the suite {id}"), hint));
        }
    }
    let kept = |name: &String| {
        wanted.contains(name) && (narrowing.categories.is_empty() || narrowing.categories.contains(name))
    };
    let categories: Vec<String> = all.iter().filter(|name| kept(name)).cloned().collect();
    let prompts_per_category = narrowing.prompts.or(choice.prompts_per_category);
    let subset = part.subset.map(|(count, _)| count);
    if categories.is_empty() || prompts_per_category == Some(0) || subset == Some(0) {
        let hint = format!("leave out what narrows it; its categories: {}", all.join(", "));
        return Err((format!("no prompt of the suite {id} is left"), hint));
    }
    let there = suite.prompts().iter().filter(|prompt| categories.contains(&prompt.category)).count();
    if let Some(count) = subset.filter(|count| *count as usize > there && narrowing.categories.is_empty()) {
        return Err((format!("{count} prompts are asked for of {id}, there are {there}"), "ask for fewer".into()));
    }
    Ok(ResolvedSuite {
        id: id.clone(),
        digest: suite.digest(),
        categories,
        prompts_per_category,
        subset: subset.map(|count| count.min(there as u32)),
        subset_seed: part.subset.map_or(choice.subset_seed, |(_, seed)| seed),
        prompt_column: part.reference.prompt_column.clone(),
        category_column: part.reference.category_column.clone(),
        world: choice.world,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::refuse;
    use crate::registry::Places;

    /// The id of the suite that some lines of a recipe stand for, or what is wrong with them.
    fn id(folder: &Path, choice: &str) -> Result<String, String> {
        let choice: SuiteChoice = toml::from_str(choice).unwrap();
        let head = "name = \"r\"\nseed = 1\nimages_per_prompt = 1\nsuites = []";
        let recipe = Recipe { suites: vec![choice], ..toml::from_str(head).unwrap() };
        let library = Library::new(Places::default(), located(&recipe, Some(folder)));
        let wrong = |what: String, hint: String| refuse(format!("r.toml: {what}"), hint);
        let resolved = resolve(&recipe.suites, &Narrowing::default(), &library, &wrong);
        resolved.map(|suites| suites[0].id.clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn only_the_files_of_the_categories_that_are_drawn_are_needed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("color_val.txt"), "a teal lamp and a red hat").unwrap();
        let of = |choice: &str| id(folder.path(), &format!("folder = \".\"\n{choice}"));
        assert_eq!(of("id = \"t2i-compbench/color\"").unwrap(), "t2i-compbench");
        assert_eq!(of("id = \"t2i-compbench\"\ncategories = [\"color\"]").unwrap(), "t2i-compbench");
        let missing = of("id = \"t2i-compbench\"").unwrap_err();
        assert!(missing.contains("looked for shape_val.txt in "), "{missing}");
    }

    #[test]
    fn what_is_asked_of_a_suite_is_what_the_command_line_leaves_of_it() {
        let asked_of = |choice: &str, narrowed: &[&str]| {
            let choice: SuiteChoice = toml::from_str(choice).unwrap();
            let categories = narrowed.iter().map(|name| (*name).to_owned()).collect();
            asked(&choice, &part(&choice).unwrap(), &Narrowing { categories, ..Narrowing::default() })
        };
        assert!(asked_of("id = \"t2i-compbench\"", &[]).is_empty());
        assert_eq!(asked_of("id = \"t2i-compbench\"", &["color"]), ["color"]);
        assert_eq!(asked_of("id = \"t2i-compbench/color\"", &[]), ["color"]);
        let two = "id = \"t2i-compbench\"\ncategories = [\"color\", \"shape\"]";
        assert_eq!(asked_of(two, &["shape", "complex"]), ["shape"]);
        assert_eq!(asked_of(two, &["complex"]), ["color", "shape"]);
    }

    #[test]
    fn a_file_without_an_id_is_called_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("My Prompts.csv"), "prompt\na red circle\n").unwrap();
        let id = |choice| id(folder.path(), choice);
        assert_eq!(id("file = \"My Prompts.csv\"").unwrap(), "my_prompts");
        assert_eq!(id("file = \"My Prompts.csv\"\nid = \"mine\"").unwrap(), "mine");
        assert_eq!(id("subset = 3").unwrap_err(), "r.toml: one of the [[suites]] has neither `id` nor `file`");
        let taken = "r.toml: own/parti.csv would be called parti, like a published suite";
        assert_eq!(id("file = \"own/parti.csv\"").unwrap_err(), taken);
        let begun = "r.toml: My Prompts.csv would be called t2i-compbench-2, like a published suite";
        assert_eq!(id("file = \"My Prompts.csv\"\nid = \"t2i-compbench-2\"").unwrap_err(), begun);
        let many = "r.toml: the suite t2i-compbench is of many files, not of one `file`";
        assert_eq!(id("file = \"My Prompts.csv\"\nid = \"t2i-compbench\"").unwrap_err(), many);
        let mistaken = "r.toml: the id shapes.txt is the name of a file";
        assert_eq!(id("id = \"shapes.txt\"").unwrap_err(), mistaken);
    }
}
