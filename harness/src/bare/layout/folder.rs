//! Walks a folder: lists it, tells the layouts apart, and gathers images and what is wrong with them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use gentron_metrics::official::Sample;
use gentron_suites::Prompt;

use super::matching::{
    Entry, at_places, by_number, by_text, in_file_order, is_image, is_shown, missing, nfc, number, part, twice,
};
use super::pictures::{Found, Picture, Pictures, Source};
use crate::bare::mapped::by_map;
use crate::bare::problem::Problem;
use crate::failure::{Explain as _, refuse};

/// How names say whose an image is.
pub(crate) const LAYOUTS: &str = "there may be samples/{prompt}_{NNNNNN}.png, <prompt-id>/<k>.png, or <index>.png with one image for each prompt that is \
     asked for, from 0 in the order of the suite's file; a folder for each category may hold these; --map FILE with the columns image and prompt or prompt_id says it otherwise";

/// Finds the images of `prompts`.
///
/// # Errors
/// The folder or the map cannot be read, something in them cannot be meant, a prompt has more images than [`Source::images`], or no image
/// is of any prompt. An `<index>.png` beyond the last prompt is an error, too: the images were numbered for other prompts than these, and
/// those that are within would be taken for wrong ones.
pub fn find(source: Source<'_>, prompts: &[Prompt]) -> anyhow::Result<Pictures> {
    let Found { mut pictures, problems, surplus } = look(source, prompts)?;
    let of_surplus = surplus.iter().map(|(_, problem)| problem);
    let beyond = of_surplus.filter(|problem| matches!(problem, Problem::Beyond { .. }));
    let one_too_many = one_too_many(&pictures, prompts);
    if let Some(problem) = problems.iter().chain(beyond).chain(&one_too_many).next() {
        return Err(refuse(problem.what(), problem.way_out()));
    }
    pictures.strangers.extend(surplus.into_iter().map(|(name, _)| name));
    if pictures.known.is_empty() {
        return Err(nothing(source.folder, &pictures));
    }
    Ok(pictures)
}

/// What is wrong with the first image that is one more than its prompt should have: its number, or, where images are numbered by their
/// order, how many there are.
fn one_too_many(pictures: &Pictures, prompts: &[Prompt]) -> Option<Problem> {
    let wanted = pictures.wanted;
    let Picture { name, prompt, k, .. } = pictures.known.iter().find(|picture| picture.k >= wanted)?;
    if !pictures.ranked.contains_key(prompt) {
        return Some(Problem::Number { image: name.clone(), k: *k, wanted });
    }
    let Prompt { id, text, .. } = &prompts[*prompt];
    let found = pictures.known.iter().filter(|picture| picture.prompt == *prompt).count();
    Some(Problem::Count { prompt_id: id.clone(), prompt: text.clone(), found, wanted: wanted as usize })
}

fn nothing(folder: &Path, pictures: &Pictures) -> anyhow::Error {
    let stranger = pictures.strangers.first().or(pictures.unread.first());
    let stranger = stranger.map_or_else(String::new, |name| format!(" (there is {name})"));
    let hint = pictures.besides().map_or_else(|| LAYOUTS.to_owned(), |besides| format!("{besides}; {LAYOUTS}"));
    refuse(format!("no image in {} is of a prompt of the suite{stranger}", folder.display()), hint)
}

/// As [`find`], with all problems instead of the first.
///
/// # Errors
/// The folder or the map cannot be read, or no image says of which prompt it is.
pub fn look(source: Source<'_>, prompts: &[Prompt]) -> anyhow::Result<Found> {
    let folder = source.folder;
    if !folder.is_dir() {
        return Err(refuse(format!("no folder {}", folder.display()), "name a folder of images"));
    }
    let mut found = match source.map {
        Some(map) => by_map(folder, map, prompts)?,
        None => by_category(source, prompts)?,
    };
    if found.is_empty() {
        found.pictures.strangers.extend(found.surplus.into_iter().map(|(name, _)| name));
        return Err(nothing(folder, &found.pictures));
    }
    let pictures = &mut found.pictures;
    let most = pictures.known.iter().map(|picture| picture.k + 1).max().unwrap_or(1);
    pictures.wanted = source.images.unwrap_or(most);
    pictures.missing = missing(&pictures.known, prompts.len(), pictures.wanted);
    Ok(found)
}

/// A folder for each category, as the official scripts want it, or one for all.
fn by_category(source: Source<'_>, prompts: &[Prompt]) -> anyhow::Result<Found> {
    let folder = source.folder;
    let mut parts: Vec<(&str, Vec<usize>)> = Vec::new();
    for (at, prompt) in prompts.iter().enumerate() {
        match parts.iter_mut().find(|(category, _)| *category == prompt.category) {
            Some((_, places)) => places.push(at),
            None => parts.push((&prompt.category, vec![at])),
        }
    }
    parts.retain(|(category, _)| folder.join(category).is_dir());
    if parts.is_empty() {
        return by_names(source, prompts);
    }
    let mut all = Found::default();
    for (category, places) in parts {
        let own: Vec<Prompt> = places.iter().map(|at| prompts[*at].clone()).collect();
        let inner = |name: String| format!("{category}/{name}");
        let folder = folder.join(category);
        let Found { pictures, problems, surplus } = by_names(Source { folder: &folder, ..source }, &own)?;
        let moved = |picture: Picture| Picture { name: inner(picture.name), prompt: places[picture.prompt], ..picture };
        all.pictures.known.extend(pictures.known.into_iter().map(moved));
        all.pictures.ranked.extend(pictures.ranked.into_iter().map(|(at, there)| (places[at], there)));
        all.pictures.strangers.extend(pictures.strangers.into_iter().map(inner));
        all.pictures.unread.extend(pictures.unread.into_iter().map(inner));
        all.problems.extend(problems.into_iter().map(|problem| problem.within(category)));
        all.surplus.extend(surplus.into_iter().map(|(name, problem)| (inner(name), problem.within(category))));
    }
    Ok(all)
}

fn by_names(source: Source<'_>, prompts: &[Prompt]) -> anyhow::Result<Found> {
    let folder = source.folder;
    let names = list(folder)?;
    let is_sample = |name: &String| Sample::parse(folder.join(name)).is_some();
    if folder.join("samples").is_dir() || names.iter().any(is_sample) {
        return by_samples(source, prompts);
    }
    let ids: HashMap<&str, usize> = prompts.iter().enumerate().map(|(at, prompt)| (prompt.id.as_str(), at)).collect();
    let order = in_file_order(prompts);
    let (mut pictures, mut surplus) = (Pictures::default(), Vec::new());
    for name in names {
        let path = folder.join(&name);
        if path.is_dir() {
            let whose = ids.get(name.as_str()).copied();
            for file in list(&path)? {
                let (path, image) = (path.join(&file), format!("{name}/{file}"));
                if !is_shown(&file) {
                    if whose.is_some() && is_besides(&path, &file) {
                        pictures.unread.push(image);
                    }
                    continue;
                }
                match (whose, number(&file)) {
                    (Some(prompt), Some(k)) => {
                        pictures.known.push(Picture { path, name: image, prompt, k, sample: None });
                    }
                    (Some(_), None) => surplus.push((image.clone(), Problem::Unnamed { image })),
                    (None, _) => {
                        surplus.push((image.clone(), Problem::UnknownId { image, prompt_id: name.clone() }));
                    }
                }
            }
        } else if let Some(index) = number(&name) {
            match order.get(index as usize) {
                Some(&prompt) => pictures.known.push(Picture { path, name, prompt, k: 0, sample: None }),
                None => {
                    let image = name.clone();
                    surplus.push((name, Problem::Beyond { image, index, prompts: prompts.len() }));
                }
            }
        } else if is_shown(&name) {
            surplus.push((name.clone(), Problem::Unnamed { image: name }));
        } else if is_besides(&path, &name) {
            pictures.unread.push(name);
        }
    }
    pictures.known.sort_by_key(|picture| (picture.prompt, picture.k));
    Ok(Found { problems: twice(&pictures.known, prompts), pictures, surplus })
}

/// Whether something that is no image by its ending is a file that a user sees.
fn is_besides(path: &Path, name: &str) -> bool {
    !is_image(name) && !name.starts_with('.') && !path.is_dir()
}

fn by_samples(Source { folder, images, .. }: Source<'_>, prompts: &[Prompt]) -> anyhow::Result<Found> {
    let inner = if folder.join("samples").is_dir() { "samples/" } else { "" };
    let within = folder.join(inner);
    let (mut samples, mut surplus): (Vec<Sample>, Vec<(String, Problem)>) = (Vec::new(), Vec::new());
    let mut unread = Vec::new();
    for name in list(&within)? {
        let image = format!("{inner}{name}");
        if !is_shown(&name) {
            if is_besides(&within.join(&name), &name) {
                unread.push(image);
            }
            continue;
        }
        match Sample::parse(within.join(&name)) {
            Some(sample) => samples.push(sample),
            None => surplus.push((image.clone(), Problem::Unnamed { image })),
        }
    }
    // The order of the official scripts, which is chance where two images have one number.
    samples.sort_by(|a, b| (a.number, &a.name).cmp(&(b.number, &b.name)));
    let pairs = samples.windows(2).filter(|pair| pair[0].number == pair[1].number);
    let problem = |pair: &[Sample]| Problem::SameNumber {
        image: format!("{inner}{}", pair[1].name),
        other: format!("{inner}{}", pair[0].name),
        number: pair[0].number,
    };
    let problems = pairs.map(problem).collect();
    let places = by_number(&samples, prompts, images);
    let entry = |sample: Sample| {
        let (path, name) = (sample.path.clone(), format!("{inner}{}", sample.name));
        (nfc(&sample.prompt).into_owned(), path, name, Some(sample))
    };
    let entries: Vec<Entry> = samples.into_iter().map(entry).collect();
    let pictures = match places {
        Some(places) => at_places(entries, &places),
        None => by_text(entries, prompts, part),
    };
    Ok(Found { pictures: Pictures { unread, ..pictures }, problems, surplus })
}

/// Names in a folder, sorted. One that is no UTF-8 comes with U+FFFD in it, as it can be shown: no prompt's image is called so, and it is
/// named as one that says nothing.
fn list(folder: &Path) -> anyhow::Result<Vec<String>> {
    let explain = || (format!("cannot list {}", folder.display()), "check its permissions");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).explain(explain)? {
        names.push(entry.explain(explain)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::super::samples::found;
    use super::*;
    use crate::bare::samples::{folder_of, prompts};

    #[test]
    fn each_layout_leads_to_the_prompts() {
        let official = ["samples/b_000002.png", "samples/a_000000.png", "samples/a_000001.png", "samples/c_000009.png"];
        assert_eq!(found(&official, &["a", "b"]), (vec![(0, 0), (0, 1), (1, 0)], 1, vec![(1, 1)]));
        assert_eq!(
            found(&["p-1/0.png", "p-0/1.png", "x/3.png"], &["a", "b"]),
            (vec![(0, 1), (1, 0)], 1, vec![(0, 0), (1, 1)])
        );
        assert_eq!(found(&["0.png", "1.jpg", "notes.txt"], &["a", "b"]), (vec![(0, 0), (1, 0)], 0, vec![]));
        // Pictures that say nothing are strangers, too, but for hidden files.
        assert_eq!(found(&["samples/a_000000.png", "samples/foo.png", "samples/._a_000001.png"], &["a"]).1, 1);
        assert_eq!(found(&["p-0/0.png", "p-0/foo.png", "grid.jpg", "p-0/._0.png"], &["a"]), (vec![(0, 0)], 2, vec![]));
    }

    #[test]
    fn files_that_are_not_read_are_named_where_images_are_looked_for() {
        let unread = |files: &[&str]| {
            let folder = folder_of(files);
            let source = Source { folder: folder.path(), map: None, images: None };
            look(source, &prompts(&["a", "b"])).map(|found| found.pictures.unread)
        };
        assert_eq!(unread(&["0.png", "1.bmp", ".hidden", "scores/scores.json"]).unwrap(), ["1.bmp"]);
        assert_eq!(unread(&["p-0/0.png", "p-1/0.gif", "x/0.tiff"]).unwrap(), ["p-1/0.gif"]);
        assert_eq!(
            unread(&["all/samples/a_000000.png", "all/samples/b_000001.gif"]).unwrap(),
            ["all/samples/b_000001.gif"]
        );
        let refused = unread(&["0.bmp", "1.BMP"]).unwrap_err();
        assert!(refused.to_string().ends_with("is of a prompt of the suite (there is 0.bmp)"), "{refused}");
        let hint = refused.downcast_ref::<crate::failure::Explained>().map(|explained| explained.hint.as_str());
        let said = "PNG, JPEG and WebP are read, by their endings, and not 0.bmp, 1.BMP; ";
        assert!(hint.is_some_and(|hint| hint.starts_with(said)), "{hint:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_no_text_is_named_as_far_as_it_can_be_shown() {
        use std::os::unix::ffi::OsStrExt as _;

        let folder = tempfile::tempdir().unwrap();
        for name in [&b"0.png"[..], b"caf\xe9.png", b"caf\xe9.bmp"] {
            fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), "").unwrap();
        }
        let found = look(Source { folder: folder.path(), map: None, images: None }, &prompts(&["a"])).unwrap();
        let image = "caf\u{fffd}.png".to_owned();
        assert_eq!(found.surplus, [(image.clone(), Problem::Unnamed { image })]);
        assert_eq!(found.pictures.unread, ["caf\u{fffd}.bmp"]);
    }

    /// What is said of a folder of these files, and what to do about it.
    fn refused(files: &[&str], texts: &[&str], images: Option<u32>) -> (String, String) {
        let folder = folder_of(files);
        let refused = find(Source { folder: folder.path(), map: None, images }, &prompts(texts)).unwrap_err();
        let hint = refused.downcast_ref::<crate::failure::Explained>().map(|explained| explained.hint.clone());
        (refused.to_string(), hint.unwrap())
    }

    #[test]
    fn a_number_beyond_the_prompts_says_that_the_others_are_of_other_prompts_too() {
        let (what, hint) = refused(&["0.png", "1.jpg", "2.png"], &["a", "b"], None);
        assert_eq!(what, "2.png is of prompt 2; there are 2, from 0");
        assert!(hint.starts_with("<index>.png counts the prompts that are asked for, from 0"), "{hint}");
        let (what, _) = refused(&["all/0.png", "all/3.png"], &["a", "b"], None);
        assert_eq!(what, "all/3.png is of prompt 3; there are 2, from 0");
    }

    #[test]
    fn more_images_than_each_prompt_should_have_are_not_averaged() {
        let (what, _) = refused(&["p-0/0.png", "p-0/1.png", "p-1/0.png"], &["a", "b"], Some(1));
        assert_eq!(what, "p-0/1.png is image 1; there are 1, from 0");
        let (what, hint) = refused(&["a red hat_000000.png", "a red hat_000001.png"], &["a red hat"], Some(1));
        assert_eq!(what, "p-0 has 2 images instead of 1 (a red hat)");
        assert!(hint.contains("--images"), "{hint}");
    }

    #[test]
    fn two_images_of_one_number_are_told_how_names_are_read() {
        let folder = folder_of(&["00000_0.png", "00001_0.png"]);
        let source = Source { folder: folder.path(), map: None, images: None };
        let refused = find(source, &prompts(&["a"])).unwrap_err();
        let hint = refused.downcast_ref::<crate::failure::Explained>().map(|explained| explained.hint.as_str());
        assert_eq!(refused.to_string(), "00000_0.png and 00001_0.png are both number 0");
        assert!(hint.is_some_and(|hint| hint.contains("{prompt}_{NNNNNN}.png") && hint.contains("--map")), "{hint:?}");
    }
}
