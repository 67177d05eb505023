//! `gentron suites`: what can be drawn.

use std::collections::BTreeMap;
use std::path::Path;

use gentron_suites::{Prompt, Split, phrases_by};
use serde_json::{Value, json};

use super::fetch;
use crate::cli::{SuitesAction, SuitesArgs};
use crate::failure::{Explained, Outcome, refuse};
use crate::plan::select;
use crate::recipe::ResolvedSuite;
use crate::registry::{KNOWN, Known, Library, Opened, Places, Reference, SuiteKey};
use crate::table::{self, Lean};
use crate::{names, progress};

/// Lists the suites, or one suite's prompts; or fetches.
///
/// # Errors
/// The suite or the category is unknown, or its files are not here.
pub fn run(args: &SuitesArgs) -> anyhow::Result<Outcome> {
    match (&args.action, &args.name) {
        (Some(SuitesAction::Fetch(args)), _) => return fetch::run(args),
        (None, Some(word)) => {
            let (prompts, suite) = part(word, args.category.as_slice(), args.suites.as_deref())?;
            show(&prompts, &suite, args.json)?;
        }
        (None, None) => {
            let library = Library::new(Places::new(args.suites.as_deref())?, BTreeMap::new());
            list(&library, args.json)?;
        }
    }
    Ok(Outcome::Done)
}

/// The prompts that a word of the command line stands for, and their suite; of some `categories` alone, or of all that the word names
/// where there are none. A path is always the user's own file.
///
/// # Errors
/// The suite or a category is unknown, the word names a category besides `categories`, its files are not here, or a file would be called
/// like a published suite.
pub fn part(
    word: &str,
    categories: &[String],
    suites: Option<&Path>,
) -> anyhow::Result<(Vec<Prompt>, std::sync::Arc<Opened>)> {
    let key = SuiteKey::parse(word)?;
    let places = Places::new(suites)?;
    let is_there = key.file.as_ref().is_some_and(|file| file.is_file());
    let located = key.file.iter().map(|file| (key.suite.clone(), file.clone())).collect();
    // A file that is there is read itself, not one of its name in the places.
    let library = Library::new(if is_there { Places::default() } else { places }, located);
    if let Some(file) = &key.file {
        check_own(file, &key.suite)?;
    }
    if let (Some(one), [other, ..]) = (&key.category, categories) {
        let hint = format!("name the suite as {}, and each category with --category", key.suite);
        return Err(refuse(format!("`{word}` names the category {one}, and --category {other}"), hint));
    }
    let wanted: Vec<String> = key.category.iter().chain(categories).cloned().collect();
    let reference = Reference { categories: wanted.clone(), ..Reference::of(&key.suite) };
    let suite = library.open(&reference)?;
    if let Some(file) = &key.file {
        say_if_official(file, &suite);
    }
    let all = suite.categories();
    if let Some(name) = wanted.iter().find(|name| !all.contains(name)) {
        let hint = names::suggestion(name, all.iter().map(String::as_str));
        return Err(refuse(format!("unknown category `{name}` of the suite {}", suite.id()), hint));
    }
    let chosen = ResolvedSuite {
        id: reference.id,
        digest: suite.digest(),
        // In the suite's own order, whatever that of the command line.
        categories: all.into_iter().filter(|name| wanted.is_empty() || wanted.contains(name)).collect(),
        prompts_per_category: None,
        subset: key.subset.map(|(count, _)| count),
        subset_seed: key.subset.map_or(0, |(_, seed)| seed),
        prompt_column: None,
        category_column: None,
        world: None,
    };
    Ok((select(&[chosen], &library)?, suite))
}

/// A user's file is never read as a published suite, and its suite is never called like one: scores go by the name.
fn check_own(file: &Path, id: &str) -> anyhow::Result<()> {
    if !Known::claims(id) || Known::is_export(file) {
        return Ok(());
    }
    let what = format!("{} would be called {id}, like a published suite", file.display());
    Err(refuse(what, "give the file another name; published suites are named without an ending, as parti:100"))
}

/// A published file that is named by its path has the scores of any file: whoever wants the official ones is told how.
fn say_if_official(file: &Path, suite: &Opened) {
    if let Some(word) = suite.files.iter().find_map(|source| Known::word_of(&source.sha256)) {
        let shown = file.display();
        progress::say(&format!(
            "note: {shown} is a published file, and read as prompts of your own, because it is named by its path; `{word}` is scored as \
             published (--suites names the folder of its files)"
        ));
    }
}

fn list(library: &Library, json: bool) -> anyhow::Result<()> {
    // A suite whose files are not here is listed all the same; one whose files are damaged says so.
    let opened: Vec<_> = KNOWN.iter().map(|known| (known, library.open(&Reference::of(known.key)))).collect();
    if json {
        let entry = |(known, opened): &(&Known, anyhow::Result<std::sync::Arc<Opened>>)| match opened {
            Ok(suite) => described(suite),
            Err(error) => json!({
                "id": known.key, "here": false, "prompts": known.published(), "why": error.to_string(), "get": known.how_to_get(),
            }),
        };
        return table::print_json(&opened.iter().map(entry).collect::<Vec<_>>());
    }
    let row = |(known, opened): &(&Known, anyhow::Result<std::sync::Arc<Opened>>)| {
        let (prompts, found) = match opened {
            Ok(suite) => (suite.prompts().len(), found(suite)),
            Err(error) if is_missing(error) => (known.published(), format!("not here: {}", known.how_to_get())),
            Err(error) => (known.published(), format!("cannot be read: {}", error.root_cause())),
        };
        vec![known.key.to_owned(), prompts.to_string(), known.about.to_owned(), found]
    };
    let rows: Vec<_> = opened.iter().map(row).collect();
    let headings = [("suite", Lean::Left), ("prompts", Lean::Right), ("what", Lean::Left), ("files", Lean::Left)];
    table::print(&table::render(&headings, &rows))
}

fn is_missing(error: &anyhow::Error) -> bool {
    error.is::<Explained>() && error.chain().count() == 1
}

fn found(suite: &Opened) -> String {
    let Some(at) = &suite.at else { return "part of the program".to_owned() };
    let mut revisions: Vec<&str> = suite.files.iter().map(|file| file.revision.as_str()).collect();
    revisions.sort_unstable();
    revisions.dedup();
    format!("{} ({})", at.display(), revisions.join(", "))
}

fn count(suite: &Opened, category: &str, split: Split) -> usize {
    suite.prompts().iter().filter(|prompt| prompt.category == category && prompt.split == split).count()
}

fn described(suite: &Opened) -> Value {
    let category = |id: &String| {
        let [seen, unseen] = [Split::Seen, Split::Unseen].map(|split| count(suite, id, split));
        let prompts = suite.prompts().iter().filter(|prompt| prompt.category == *id).count();
        json!({"id": id, "prompts": prompts, "seen": seen, "unseen": unseen})
    };
    json!({
        "id": suite.id(),
        "here": true,
        "digest": suite.digest(),
        "prompts": suite.prompts().len(),
        "categories": suite.categories().iter().map(category).collect::<Vec<_>>(),
        "files": suite.files,
    })
}

fn show(prompts: &[Prompt], suite: &Opened, json: bool) -> anyhow::Result<()> {
    if json {
        return table::print_json(&prompts);
    }
    let split = |split| match split {
        Split::Seen => "seen",
        Split::Unseen => "unseen",
        Split::Unsplit => "",
    };
    let row = |prompt: &Prompt| {
        let phrases = prompt.annotation.phrases.join(" | ");
        vec![prompt.id.clone(), split(prompt.split).into(), prompt.text.clone(), phrases]
    };
    let rows: Vec<_> = prompts.iter().map(row).collect();
    let headings = [("id", Lean::Left), ("split", Lean::Left), ("prompt", Lean::Left), ("phrases", Lean::Left)];
    let mut text = table::render(&headings, &rows);
    let line =
        |file: &gentron_reports::SuiteFile| format!("{}  {}  sha256 {}\n", file.name, file.revision, file.sha256);
    if let Some(at) = &suite.at {
        text += &format!("\nfrom {}\n{}", at.display(), suite.files.iter().map(line).collect::<String>());
        let by = |(source, count): (String, usize)| format!("{source} ({count})");
        let cut: Vec<String> = phrases_by(prompts).into_iter().map(by).collect();
        text += &format!("phrases by {}\n", cut.join(", "));
    }
    table::print(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_categories_of_a_suite_come_in_its_order_and_need_no_files_but_their_own() {
        let folder = tempfile::tempdir().unwrap();
        for category in ["color", "shape", "texture", "spatial", "non_spatial"] {
            let file = folder.path().join(format!("{category}_val.txt"));
            std::fs::write(file, "a lamp on the left of a hat\n").unwrap();
        }
        let of = |word: &str, categories: &[&str]| {
            let categories: Vec<String> = categories.iter().map(|name| (*name).to_owned()).collect();
            let (prompts, _) = part(word, &categories, Some(folder.path()))?;
            anyhow::Ok(prompts.into_iter().map(|prompt| prompt.category).collect::<Vec<_>>())
        };
        assert_eq!(of("t2i-compbench", &["texture", "color"]).unwrap(), ["color", "texture"]);
        assert_eq!(of("t2i-compbench:1", &["texture", "color"]).unwrap().len(), 1);
        assert_eq!(of("t2i-compbench/shape", &[]).unwrap(), ["shape"]);
        let unknown = of("t2i-compbench", &["color", "colour"]).unwrap_err().to_string();
        assert_eq!(unknown, "unknown category `colour` of the suite t2i-compbench");
        let twice = of("t2i-compbench/shape", &["color"]).unwrap_err().to_string();
        assert_eq!(twice, "`t2i-compbench/shape` names the category shape, and --category color");
    }
}
