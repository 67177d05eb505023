//! From the official files to suites.

use std::path::{Path, PathBuf};

use super::annotate::{Annotator, Kinds};
use super::{Category, List};
use crate::files::{Origin, Revision, Text};
use crate::listed::{Draft, ListedSuite, Listing};
use crate::official::Countables;
use crate::phrases::SpacyModel;
use crate::{ComplexKind, Split, SuitesError};

/// The file of things that numeracy prompts count.
pub const OBJECTS_FILE: &str = "new_objects.txt";

/// Prompts at the start of `color_val`, `shape_val` and `texture_val` that are made from a template and seen in
/// training.
const SEEN: usize = 200;

/// Every category of a list, phrases by the default spaCy model.
///
/// # Errors
/// As [`load_with`].
pub fn load(folder: &Path, list: List) -> Result<ListedSuite, SuitesError> {
    load_with(folder, list, &Category::ALL, SpacyModel::default())
}

/// Some categories of a list; the files of others need not be there. The suite's id is [`List::suite_of`] the model.
///
/// A file whose digest is not known is loaded all the same and marked [`Revision::Unknown`] in the suite's sources; its
/// prompts are then neither seen nor unseen.
///
/// # Errors
/// A file is missing or cannot be read; or `folder` holds neither the old `color_val.txt` nor the two parts
/// of it that were never changed, and the list asks for it.
pub fn load_with(
    folder: &Path,
    list: List,
    categories: &[Category],
    model: SpacyModel,
) -> Result<ListedSuite, SuitesError> {
    let mut listing = Listing::new(list.suite_of(model));
    let mut annotator = Annotator { model, countables: None, kinds: None };
    for &category in categories {
        match category {
            Category::Numeracy => {
                let countables = Countables::load(&existing(folder, OBJECTS_FILE)?)?;
                listing.source(countables.source().clone());
                annotator.countables = Some(countables);
            }
            Category::Complex => annotator.kinds = Some(kinds(folder, list, &mut listing)?),
            _ => {}
        }
        let old_color = category == Category::Color && list == List::ValBefore2025;
        let files = if old_color { old_color_val(folder)? } else { vec![text(folder, category, list.suffix())?] };
        let joined = files.len() > 1;
        for file in &files {
            let suffix = if joined { stem_of(&file.path).trim_start_matches("color") } else { list.suffix() };
            add(&mut listing, file, category, suffix, &annotator)?;
        }
    }
    Ok(listing.finish())
}

/// One official file, by its name: `color_val_seen.txt`, `complex_train_spatial.txt`. The suite's id is
/// `t2i-compbench-` and the name without its ending.
///
/// # Errors
/// The name is not that of a file of T2I-CompBench, or the file cannot be read.
pub fn load_file(path: &Path, model: SpacyModel) -> Result<ListedSuite, SuitesError> {
    let stem = stem_of(path);
    let Some((category, suffix)) = Category::of_file(stem) else {
        return Err(SuitesError::UnknownFile { path: path.to_owned(), known: "CATEGORY[_val|_train][_PART].txt" });
    };
    let mut listing = Listing::new(format!("t2i-compbench-{stem}"));
    let mut annotator = Annotator { model, countables: None, kinds: None };
    if category == Category::Numeracy {
        let folder = path.parent().unwrap_or(Path::new(""));
        let countables = Countables::load(&existing(folder, OBJECTS_FILE)?)?;
        listing.source(countables.source().clone());
        annotator.countables = Some(countables);
    }
    add(&mut listing, &Text::read(path)?, category, suffix, &annotator)?;
    Ok(listing.finish())
}

fn stem_of(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
}

fn add(
    listing: &mut Listing,
    file: &Text,
    category: Category,
    suffix: &str,
    annotator: &Annotator,
) -> Result<(), SuitesError> {
    let prompts = file.prompts()?;
    let source = file.source(Some(Origin::Compbench), prompts.len());
    let known = source.revision != Revision::Unknown;
    for (index, (_, text)) in prompts.into_iter().enumerate() {
        let mut annotation = annotator.annotate(category, text);
        annotation.complex = annotation.complex.or(kind_of(category, suffix));
        listing.push(Draft {
            category: category.name().to_owned(),
            split: split(category, suffix, index, known),
            text: text.to_owned(),
            annotation,
        });
    }
    listing.source(source);
    Ok(())
}

/// Which part of its list a file says it is.
fn kind_of(category: Category, suffix: &str) -> Option<ComplexKind> {
    match (category, suffix.rsplit('_').next()?) {
        (Category::Complex, "spatial") => Some(ComplexKind::Spatial),
        (Category::Complex, "action") => Some(ComplexKind::Action),
        (Category::Complex, "spatialaction") => Some(ComplexKind::SpatialAction),
        _ => None,
    }
}

fn split(category: Category, suffix: &str, index: usize, known: bool) -> Split {
    match (category, suffix) {
        (_, "_val_seen") => Split::Seen,
        (_, "_val_unseen") => Split::Unseen,
        (Category::Color | Category::Shape | Category::Texture, "_val") if known => {
            if index < SEEN {
                Split::Seen
            } else {
                Split::Unseen
            }
        }
        _ => Split::Unsplit,
    }
}

/// The partition of the complex prompts. The files without a suffix have none of their own: theirs is that of the two
/// others.
fn kinds(folder: &Path, list: List, listing: &mut Listing) -> Result<Kinds, SuitesError> {
    let lists: &[&str] = if list == List::All { &["_val", "_train"] } else { &[list.suffix()] };
    let mut parts = Vec::new();
    for part in ["spatial", "action", "spatialaction"] {
        for list in lists {
            let suffix = format!("{list}_{part}");
            let file = text(folder, Category::Complex, &suffix)?;
            listing.source(file.source(Some(Origin::Compbench), file.prompts()?.len()));
            parts.push((file, kind_of(Category::Complex, &suffix)));
        }
    }
    let prompts = parts
        .iter()
        .flat_map(|(file, kind)| file.lines().filter_map(|(_, line)| Some((line.split('\t').next()?, (*kind)?))));
    Ok(Kinds::new(prompts))
}

/// `color_val.txt` of before 2025-09: itself, if that is what the folder holds, else its two parts, which still have
/// every line of it.
fn old_color_val(folder: &Path) -> Result<Vec<Text>, SuitesError> {
    let whole = text(folder, Category::Color, "_val")?;
    if matches!(whole.source(Some(Origin::Compbench), 0).revision, Revision::Earlier(_)) {
        return Ok(vec![whole]);
    }
    let part = |suffix| text(folder, Category::Color, suffix).ok();
    let parts: Vec<Text> = ["_val_seen", "_val_unseen"].into_iter().filter_map(part).collect();
    let known = |part: &Text| part.source(Some(Origin::Compbench), 0).revision == Revision::Current;
    if parts.len() == 2 && parts.iter().all(known) {
        return Ok(parts);
    }
    Err(SuitesError::OtherRevision { path: whole.path, wanted: "before 2025-09", got: whole.sha256 })
}

/// Until 2023-12 the files of the category `non_spatial` were called `action`.
fn text(folder: &Path, category: Category, suffix: &str) -> Result<Text, SuitesError> {
    let path = existing(folder, &format!("{}{suffix}.txt", category.name()));
    if category == Category::NonSpatial
        && path.is_err()
        && let Ok(old) = existing(folder, &format!("action{suffix}.txt"))
    {
        return Text::read(&old);
    }
    Text::read(&path?)
}

fn existing(folder: &Path, file: &str) -> Result<PathBuf, SuitesError> {
    let path = folder.join(file);
    if path.is_file() {
        return Ok(path);
    }
    Err(SuitesError::MissingFile { folder: folder.to_owned(), file: file.to_owned() })
}
