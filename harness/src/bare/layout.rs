//! Which image is of which prompt.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use gentron_metrics::official::Sample;
use gentron_suites::Prompt;

use super::mapped::by_map;
use super::problem::Problem;
use crate::exchange::few;
use crate::failure::{Explain as _, refuse};

/// Where the images are, and what says whose they are.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// A table of images and their prompts, where the names do not say it; see [`super::map`].
    pub map: Option<&'a Path>,
    /// Images that each prompt should have; as many as the prompt with most of them if left out.
    pub images: Option<u32>,
}

/// An image and its prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Where it is.
    pub path: PathBuf,
    /// Its path within the folder, with `/`.
    pub name: String,
    /// Position of its prompt.
    pub prompt: usize,
    /// Which of the prompt's images: as its name says, or, where that does not tell ([`Pictures::ranked`]), by their order.
    pub k: u32,
    /// What its name says, where it is named as the official scripts name theirs.
    pub sample: Option<Sample>,
}

/// A folder's images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pictures {
    /// Those of the prompts; in the official order where they are named officially.
    pub known: Vec<Picture>,
    /// Names of those of no prompt.
    pub strangers: Vec<String>,
    /// Position of the prompt and number of each image that is not there; of a prompt that is [`Self::ranked`], as many numbers as images
    /// are not there.
    pub missing: Vec<(usize, u32)>,
    /// Prompts whose images are numbered by their order, by position, with how many are there: one that is not there leaves no gap.
    pub ranked: BTreeMap<usize, u32>,
    /// Images that each prompt should have.
    pub wanted: u32,
    /// Names of files where images are looked for that are none by their ending: a `0.bmp` is why there is no image of a prompt.
    pub unread: Vec<String>,
}

impl Pictures {
    /// Why there is no picture at one of the [`Self::missing`] places of this prompt.
    pub fn why_missing(&self, prompt: usize) -> String {
        match self.ranked.get(&prompt) {
            Some(there) => format!("the prompt has {there} of {} images", self.wanted),
            None => "the image is missing".to_owned(),
        }
    }

    /// What there is besides pictures, in a sentence without a full stop, for whoever misses some; none where there is nothing.
    pub fn besides(&self) -> Option<String> {
        let named = (!self.unread.is_empty()).then(|| few(&self.unread))?;
        Some(format!("PNG, JPEG and WebP are read, by their endings, and not {named}"))
    }
}

/// How names say whose an image is.
pub(super) const LAYOUTS: &str = "there may be samples/{prompt}_{NNNNNN}.png, <prompt-id>/<k>.png, or <index>.png with one image a prompt, from 0 \
     in the order of the suite's file; a folder for each category may hold these; --map FILE with the columns image and prompt or prompt_id says it otherwise";

/// Finds the images of `prompts`.
///
/// # Errors
/// The folder or the map cannot be read, something in them cannot be meant, or no image is of any prompt.
pub fn find(source: Source<'_>, prompts: &[Prompt]) -> anyhow::Result<Pictures> {
    let Found { mut pictures, problems, surplus } = look(source, prompts)?;
    if let Some(problem) = problems.first() {
        return Err(refuse(problem.what(), problem.way_out()));
    }
    pictures.strangers.extend(surplus.into_iter().map(|(name, _)| name));
    if pictures.known.is_empty() {
        return Err(nothing(source.folder, &pictures));
    }
    Ok(pictures)
}

fn nothing(folder: &Path, pictures: &Pictures) -> anyhow::Error {
    let stranger = pictures.strangers.first().or(pictures.unread.first());
    let stranger = stranger.map_or_else(String::new, |name| format!(" (there is {name})"));
    let hint = pictures.besides().map_or_else(|| LAYOUTS.to_owned(), |besides| format!("{besides}; {LAYOUTS}"));
    refuse(format!("no image in {} is of a prompt of the suite{stranger}", folder.display()), hint)
}

/// A folder's images, and what of them cannot be meant.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The images.
    pub pictures: Pictures,
    /// Two images of one place, names in the map that lead nowhere.
    pub problems: Vec<Problem>,
    /// Names of images that say of which prompt they are, where there is none such, or that say nothing, and what is wrong with each. To
    /// [`find`] they are strangers; whoever wants all or nothing refuses them.
    pub surplus: Vec<(String, Problem)>,
}

impl Found {
    /// Whether nothing in the folder says of which prompt it is.
    fn is_empty(&self) -> bool {
        let says = |(_, problem): &(String, Problem)| !matches!(problem, Problem::Unnamed { .. });
        self.pictures.known.is_empty() && self.problems.is_empty() && !self.surplus.iter().any(says)
    }
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

/// Positions of the prompts in the order of the suite's file, by which other programs number their images; [`Prompt`]s are by category.
pub(super) fn in_file_order(prompts: &[Prompt]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..prompts.len()).collect();
    order.sort_by_key(|&at| prompts[at].annotation.place);
    order
}

/// Neighbours of one place.
pub(super) fn twice(known: &[Picture], prompts: &[Prompt]) -> Vec<Problem> {
    let mut sorted: Vec<&Picture> = known.iter().collect();
    sorted.sort_by_key(|picture| (picture.prompt, picture.k));
    let pairs = sorted.windows(2).filter(|pair| (pair[0].prompt, pair[0].k) == (pair[1].prompt, pair[1].k));
    let problem = |pair: &[&Picture]| Problem::Twice {
        image: pair[1].name.clone(),
        other: pair[0].name.clone(),
        of: format!("image {} of {}", pair[0].k, prompts[pair[0].prompt].id),
    };
    pairs.map(problem).collect()
}

/// The number that is a file's whole name, if it is an image.
fn number(name: &str) -> Option<u32> {
    let (stem, _) = name.rsplit_once('.')?;
    (is_image(name) && stem.bytes().all(|byte| byte.is_ascii_digit())).then(|| stem.parse().ok()).flatten()
}

/// Whether a file is an image by its ending.
pub(crate) fn is_image(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or_else(String::new, |(_, ending)| ending.to_lowercase());
    ["png", "jpg", "jpeg", "webp"].contains(&ending.as_str())
}

/// Whether a file is an image that a user sees: others, such as macOS' `._0.png`, are no pictures whatever their ending.
fn is_shown(name: &str) -> bool {
    is_image(name) && !name.starts_with('.')
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
        (sample.prompt.clone(), path, name, Some(sample))
    };
    let entries: Vec<Entry> = samples.into_iter().map(entry).collect();
    let pictures = match places {
        Some(places) => at_places(entries, &places),
        None => by_text(entries, prompts, part),
    };
    Ok(Found { pictures: Pictures { unread, ..pictures }, problems, surplus })
}

/// What of a prompt's text an official name has.
pub(crate) fn part(text: &str) -> &str {
    text.split('_').next().unwrap_or(text)
}

/// Prompt of each sample, and which of its images it is, by the numbers: image k of the prompt at place j has the number N·j + k, where each
/// prompt has N images. None for samples of no prompt; nothing at all where a sample of a prompt is numbered otherwise.
///
/// Other than the order, this tells which image of a prompt is not there, and so which images of several folders are of one seed.
fn by_number(samples: &[Sample], prompts: &[Prompt], images: Option<u32>) -> Option<Vec<Option<(usize, u32)>>> {
    let mut counts: HashMap<&str, [usize; 2]> = HashMap::new();
    for prompt in prompts {
        counts.entry(part(&prompt.text)).or_default()[0] += 1;
    }
    for sample in samples {
        if let Some([_, images]) = counts.get_mut(sample.prompt.as_str()) {
            *images += 1;
        }
    }
    let most = counts.values().map(|[prompts, images]| images.div_ceil(*prompts) as u64).max().unwrap_or(0);
    let wanted = images.map_or(most, u64::from).max(1);
    let order = in_file_order(prompts);
    let place = |sample: &Sample| {
        if !counts.contains_key(sample.prompt.as_str()) {
            return Some(None);
        }
        let prompt = *order.get(usize::try_from(sample.number / wanted).ok()?)?;
        (part(&prompts[prompt].text) == sample.prompt).then_some(Some((prompt, (sample.number % wanted) as u32)))
    };
    samples.iter().map(place).collect()
}

/// Images at the places that their numbers name.
fn at_places(entries: Vec<Entry>, places: &[Option<(usize, u32)>]) -> Pictures {
    let mut pictures = Pictures::default();
    for ((_, path, name, sample), place) in entries.into_iter().zip(places) {
        match *place {
            Some((prompt, k)) => pictures.known.push(Picture { path, name, prompt, k, sample }),
            None => pictures.strangers.push(name),
        }
    }
    pictures
}

/// Text of its name or row, place, name, and what an official name says.
pub(super) type Entry = (String, PathBuf, String, Option<Sample>);

/// Images by their prompt's text, of which names may have a part only. Several prompts of one text share their images in order, in
/// equal parts, as the official numbering has them.
pub(super) fn by_text(entries: Vec<Entry>, prompts: &[Prompt], part: impl Fn(&str) -> &str) -> Pictures {
    let mut of_text: HashMap<&str, Vec<usize>> = HashMap::new();
    for at in in_file_order(prompts) {
        of_text.entry(part(&prompts[at].text)).or_default().push(at);
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (text, ..) in &entries {
        *counts.entry(text).or_default() += 1;
    }
    let shares: HashMap<String, usize> = of_text
        .iter()
        .map(|(text, prompts)| {
            ((*text).to_owned(), counts.get(text).copied().unwrap_or(0).div_ceil(prompts.len()).max(1))
        })
        .collect();
    let mut pictures = Pictures::default();
    let mut taken: HashMap<String, usize> = HashMap::new();
    for (text, path, name, sample) in entries {
        let Some(prompts) = of_text.get(text.as_str()) else {
            pictures.strangers.push(name);
            continue;
        };
        let share = shares[&text];
        let at = taken.entry(text).or_default();
        let (prompt, k) = (prompts[*at / share], (*at % share) as u32);
        *at += 1;
        *pictures.ranked.entry(prompt).or_default() += 1;
        pictures.known.push(Picture { path, name, prompt, k, sample });
    }
    pictures
}

fn missing(known: &[Picture], prompts: usize, wanted: u32) -> Vec<(usize, u32)> {
    let mut there: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for picture in known {
        there.entry(picture.prompt).or_default().push(picture.k);
    }
    let none = Vec::new();
    let lacks = |prompt: usize| {
        let there = there.get(&prompt).unwrap_or(&none);
        (0..wanted).filter(|k| !there.contains(k)).map(move |k| (prompt, k)).collect::<Vec<_>>()
    };
    (0..prompts).flat_map(lacks).collect()
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
    use super::super::samples::prompts;
    use super::*;

    /// Positions of prompts, and which of their images.
    type Places = Vec<(usize, u32)>;

    fn found(files: &[&str], texts: &[&str]) -> (Places, usize, Places) {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let source = Source { folder: folder.path(), map: None, images: None };
        let pictures = find(source, &prompts(texts)).unwrap();
        let known = pictures.known.iter().map(|picture| (picture.prompt, picture.k)).collect();
        (known, pictures.strangers.len(), pictures.missing)
    }

    #[test]
    fn each_layout_leads_to_the_prompts() {
        let official = ["samples/b_000002.png", "samples/a_000000.png", "samples/a_000001.png", "samples/c_000009.png"];
        assert_eq!(found(&official, &["a", "b"]), (vec![(0, 0), (0, 1), (1, 0)], 1, vec![(1, 1)]));
        assert_eq!(
            found(&["p-1/0.png", "p-0/1.png", "x/3.png"], &["a", "b"]),
            (vec![(0, 1), (1, 0)], 1, vec![(0, 0), (1, 1)])
        );
        assert_eq!(found(&["0.png", "1.jpg", "notes.txt"], &["a", "b"]), (vec![(0, 0), (1, 0)], 0, vec![]));
        assert_eq!(found(&["0.png", "1.jpg", "2.png"], &["a", "b"]), (vec![(0, 0), (1, 0)], 1, vec![]));
        // Pictures that say nothing are strangers, too, but for hidden files.
        assert_eq!(found(&["samples/a_000000.png", "samples/foo.png", "samples/._a_000001.png"], &["a"]).1, 1);
        assert_eq!(found(&["p-0/0.png", "p-0/foo.png", "grid.jpg", "p-0/._0.png"], &["a"]), (vec![(0, 0)], 2, vec![]));
    }

    #[test]
    fn files_that_are_not_read_are_named_where_images_are_looked_for() {
        let unread = |files: &[&str]| {
            let folder = tempfile::tempdir().unwrap();
            for file in files {
                let path = folder.path().join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
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

    #[test]
    fn official_numbers_say_which_image_is_missing_and_others_only_how_many() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| fs::write(folder.path().join(name), "").unwrap();
        let look = |images: Option<u32>| {
            let pictures = find(Source { folder: folder.path(), map: None, images }, &prompts(&["a", "b"])).unwrap();
            let known: Places = pictures.known.iter().map(|picture| (picture.prompt, picture.k)).collect();
            let why = pictures.missing.iter().map(|(at, _)| pictures.why_missing(*at)).collect::<Vec<_>>();
            (known, pictures.missing, why)
        };
        for name in ["a_000001.png", "a_000002.png", "b_000003.png", "b_000004.png", "b_000005.png"] {
            write(name);
        }
        let known = vec![(0, 1), (0, 2), (1, 0), (1, 1), (1, 2)];
        assert_eq!(look(None), (known, vec![(0, 0)], vec!["the image is missing".to_owned()]));
        // Of four images a prompt these would be other numbers: nobody can say which images they are.
        let known = vec![(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)];
        let missing = vec![(0, 2), (0, 3), (1, 3)];
        let why = [2, 2, 3].map(|there| format!("the prompt has {there} of 4 images")).to_vec();
        assert_eq!(look(Some(4)), (known, missing, why));
    }

    #[test]
    fn two_images_of_one_number_are_told_how_names_are_read() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["00000_0.png", "00001_0.png"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let source = Source { folder: folder.path(), map: None, images: None };
        let refused = find(source, &prompts(&["a"])).unwrap_err();
        let hint = refused.downcast_ref::<crate::failure::Explained>().map(|explained| explained.hint.as_str());
        assert_eq!(refused.to_string(), "00000_0.png and 00001_0.png are both number 0");
        assert!(hint.is_some_and(|hint| hint.contains("{prompt}_{NNNNNN}.png") && hint.contains("--map")), "{hint:?}");
    }

    #[test]
    fn numbers_count_in_the_order_of_a_file_that_mixes_its_categories() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["0.png", "1.png", "2.png"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        // The file has a, b, c, of which a and c are of one category.
        let mut prompts = prompts(&["a", "c", "b"]);
        for (prompt, (place, category)) in prompts.iter_mut().zip([(0, "one"), (2, "one"), (1, "two")]) {
            prompt.annotation.place = Some(place);
            prompt.category = category.to_owned();
        }
        let source = Source { folder: folder.path(), map: None, images: None };
        let named = |prompts: &[Prompt]| {
            let known = find(source, prompts).unwrap().known;
            known.into_iter().map(|picture| (prompts[picture.prompt].text.clone(), picture.name)).collect::<Vec<_>>()
        };
        let pair = |text: &str, name: &str| (text.to_owned(), name.to_owned());
        assert_eq!(named(&prompts), [pair("a", "0.png"), pair("c", "2.png"), pair("b", "1.png")]);
        // Of one category alone, its own prompts are counted.
        fs::remove_file(folder.path().join("2.png")).unwrap();
        assert_eq!(named(&prompts[..2]), [pair("a", "0.png"), pair("c", "1.png")]);
    }

    #[test]
    fn prompts_of_one_text_share_their_images_in_order() {
        let files = ["a_000000.png", "a_000001.png", "b_000002.png", "b_000003.png", "a_000004.png", "a_000005.png"];
        let (known, _, missing) = found(&files, &["a", "b", "a"]);
        assert_eq!(known, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
        assert!(missing.is_empty());
    }
}
