//! Which image is of which prompt.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use gentron_metrics::official::{Sample, SampleFolder};
use gentron_suites::own::{self, Columns};
use gentron_suites::phrases::SpacyModel;
use gentron_suites::{Prompt, Suite as _};

use crate::failure::{Explain as _, refuse};

/// Where the images are, and what says whose they are.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// A table with the columns `image` and `prompt`, where the names do not say it.
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
    /// Which of the prompt's images.
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
    /// Position of the prompt and number of each image that is not there.
    pub missing: Vec<(usize, u32)>,
}

const LAYOUTS: &str = "there may be samples/{prompt}_{NNNNNN}.png, <prompt-id>/<k>.png, or <index>.png with one image a prompt, from 0; \
     --map FILE.csv with the columns image and prompt says it otherwise";

/// Finds the images of `prompts`.
///
/// # Errors
/// The folder or the map cannot be read, or no image is of any prompt.
pub fn find(source: Source<'_>, prompts: &[Prompt]) -> anyhow::Result<Pictures> {
    let folder = source.folder;
    let shown = folder.display();
    if !folder.is_dir() {
        return Err(refuse(format!("no folder {shown}"), "name a folder of images"));
    }
    let mut pictures = match source.map {
        Some(map) => by_map(folder, map, prompts)?,
        None => by_names(folder, prompts)?,
    };
    if pictures.known.is_empty() {
        let stranger = pictures.strangers.first().map_or_else(String::new, |name| format!(" (there is {name})"));
        return Err(refuse(format!("no image in {shown} is of a prompt of the suite{stranger}"), LAYOUTS));
    }
    pictures.missing = missing(&pictures.known, prompts.len(), source.images);
    Ok(pictures)
}

fn by_names(folder: &Path, prompts: &[Prompt]) -> anyhow::Result<Pictures> {
    let names = list(folder)?;
    let is_sample = |name: &String| Sample::parse(folder.join(name)).is_some();
    if folder.join("samples").is_dir() || names.iter().any(is_sample) {
        return by_samples(folder, prompts);
    }
    let ids: HashMap<&str, usize> = prompts.iter().enumerate().map(|(at, prompt)| (prompt.id.as_str(), at)).collect();
    let mut pictures = Pictures::default();
    for name in names {
        let path = folder.join(&name);
        if path.is_dir() {
            for (k, file) in list(&path)?.into_iter().filter_map(|file| Some((number(&file)?, file))) {
                let (path, name) = (path.join(&file), format!("{name}/{file}"));
                match ids.get(name.split('/').next().unwrap_or_default()) {
                    Some(&prompt) => pictures.known.push(Picture { path, name, prompt, k, sample: None }),
                    None => pictures.strangers.push(name),
                }
            }
        } else if let Some(index) = number(&name) {
            match prompts.get(index as usize) {
                Some(_) => pictures.known.push(Picture { path, name, prompt: index as usize, k: 0, sample: None }),
                None => pictures.strangers.push(name),
            }
        }
    }
    pictures.known.sort_by_key(|picture| (picture.prompt, picture.k));
    let twice = pictures.known.windows(2).find(|pair| (pair[0].prompt, pair[0].k) == (pair[1].prompt, pair[1].k));
    if let Some([one, other]) = twice {
        let what = format!("{} and {} are both image {} of one prompt", one.name, other.name, one.k);
        return Err(refuse(what, "keep one of them"));
    }
    Ok(pictures)
}

/// The number that is a file's whole name, if it is an image.
fn number(name: &str) -> Option<u32> {
    let (stem, ending) = name.rsplit_once('.')?;
    let image = ["png", "jpg", "jpeg", "webp"].contains(&ending.to_lowercase().as_str());
    (image && stem.bytes().all(|byte| byte.is_ascii_digit())).then(|| stem.parse().ok()).flatten()
}

fn by_samples(folder: &Path, prompts: &[Prompt]) -> anyhow::Result<Pictures> {
    let explain = || (format!("cannot read the images of {}", folder.display()), LAYOUTS);
    let found = SampleFolder::read(folder).explain(explain)?;
    let inner = if folder.join("samples").is_dir() { "samples/" } else { "" };
    let entry = |sample: Sample| {
        let (path, name) = (sample.path.clone(), format!("{inner}{}", sample.name));
        (sample.prompt.clone(), path, name, Some(sample))
    };
    Ok(by_text(found.samples.into_iter().map(entry).collect(), prompts, |text| text.split('_').next().unwrap_or(text)))
}

fn by_map(folder: &Path, map: &Path, prompts: &[Prompt]) -> anyhow::Result<Pictures> {
    let explain = || {
        let hint = "it begins with a header that has the columns image and prompt; image is a path in the folder";
        (format!("cannot read the map {}", map.display()), hint)
    };
    let columns = Columns { prompt: Some("prompt".to_owned()), category: Some("image".to_owned()) };
    let rows = own::load(map, "map", &columns, SpacyModel::default()).explain(explain)?;
    let mut entries = Vec::new();
    for row in rows.prompts() {
        let name = row.annotation.attributes.get("image").cloned().unwrap_or_default();
        let path = folder.join(&name);
        if !path.is_file() {
            return Err(refuse(
                format!("{} names {name}, which is not in {}", map.display(), folder.display()),
                explain().1,
            ));
        }
        entries.push((row.text.clone(), path, name, None));
    }
    Ok(by_text(entries, prompts, |text| text))
}

type Entry = (String, PathBuf, String, Option<Sample>);

/// Images by their prompt's text, of which names may have a part only. Several prompts of one text share their images in order, in
/// equal parts, as the official numbering has them.
fn by_text(entries: Vec<Entry>, prompts: &[Prompt], part: impl Fn(&str) -> &str) -> Pictures {
    let mut of_text: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, prompt) in prompts.iter().enumerate() {
        of_text.entry(part(&prompt.text)).or_default().push(at);
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
        pictures.known.push(Picture { path, name, prompt, k, sample });
    }
    pictures
}

fn missing(known: &[Picture], prompts: usize, images: Option<u32>) -> Vec<(usize, u32)> {
    let mut there: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for picture in known {
        there.entry(picture.prompt).or_default().push(picture.k);
    }
    let most = images.unwrap_or_else(|| known.iter().map(|picture| picture.k + 1).max().unwrap_or(1));
    let none = Vec::new();
    let lacks = |prompt: usize| {
        let there = there.get(&prompt).unwrap_or(&none);
        (0..most).filter(|k| !there.contains(k)).map(move |k| (prompt, k)).collect::<Vec<_>>()
    };
    (0..prompts).flat_map(lacks).collect()
}

fn list(folder: &Path) -> anyhow::Result<Vec<String>> {
    let explain = || (format!("cannot list {}", folder.display()), "check its permissions");
    let entries = fs::read_dir(folder).explain(explain)?;
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gentron_suites::{Annotation, Split};

    fn prompts(texts: &[&str]) -> Vec<Prompt> {
        let prompt = |(index, text): (usize, &&str)| Prompt {
            id: format!("p-{index}"),
            suite: "own".into(),
            category: "all".into(),
            index: index as u32,
            split: Split::Unsplit,
            text: (*text).to_owned(),
            annotation: Annotation::default(),
        };
        texts.iter().enumerate().map(prompt).collect()
    }

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
    }

    #[test]
    fn prompts_of_one_text_share_their_images_in_order() {
        let files = ["a_000000.png", "a_000001.png", "b_000002.png", "b_000003.png", "a_000004.png", "a_000005.png"];
        let (known, _, missing) = found(&files, &["a", "b", "a"]);
        assert_eq!(known, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
        assert!(missing.is_empty());
    }
}
