//! From names to prompts: what a file's number or text means among the prompts that were asked for. Nothing here touches a disk.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use gentron_metrics::official::Sample;
use gentron_suites::Prompt;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use super::pictures::{Picture, Pictures};
use crate::bare::problem::Problem;

/// Positions of the prompts in the order of the suite's file, by which other programs number their images; [`Prompt`]s are by category.
pub(crate) fn in_file_order(prompts: &[Prompt]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..prompts.len()).collect();
    order.sort_by_key(|&at| prompts[at].annotation.place);
    order
}

/// Neighbours of one place.
pub(crate) fn twice(known: &[Picture], prompts: &[Prompt]) -> Vec<Problem> {
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
pub(super) fn number(name: &str) -> Option<u32> {
    let (stem, _) = name.rsplit_once('.')?;
    (is_image(name) && stem.bytes().all(|byte| byte.is_ascii_digit())).then(|| stem.parse().ok()).flatten()
}

/// Whether a file is an image by its ending.
pub(crate) fn is_image(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or_else(String::new, |(_, ending)| ending.to_lowercase());
    ["png", "jpg", "jpeg", "webp"].contains(&ending.as_str())
}

/// Whether a file is an image that a user sees: others, such as macOS' `._0.png`, are no pictures whatever their ending.
pub(super) fn is_shown(name: &str) -> bool {
    is_image(name) && !name.starts_with('.')
}

/// A text in Unicode's normalization form C. The same letters may come composed or decomposed, as macOS has them in file names: names and
/// texts are compared in this form alone.
pub(crate) fn nfc(text: &str) -> Cow<'_, str> {
    if is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// What of a prompt's text an official name has, as [`nfc`].
pub(crate) fn part(text: &str) -> Cow<'_, str> {
    nfc(text.split('_').next().unwrap_or(text))
}

/// Prompt of each sample, and which of its images it is, by the numbers: image k of the prompt at place j has the number N·j + k, where each
/// prompt has N images. None for samples of no prompt; nothing at all where a sample of a prompt is numbered otherwise.
///
/// Other than the order, this tells which image of a prompt is not there, and so which images of several folders are of one seed.
pub(super) fn by_number(
    samples: &[Sample],
    prompts: &[Prompt],
    images: Option<u32>,
) -> Option<Vec<Option<(usize, u32)>>> {
    let mut counts: HashMap<Cow<'_, str>, [usize; 2]> = HashMap::new();
    for prompt in prompts {
        counts.entry(part(&prompt.text)).or_default()[0] += 1;
    }
    for sample in samples {
        if let Some([_, images]) = counts.get_mut(&*nfc(&sample.prompt)) {
            *images += 1;
        }
    }
    let most = counts.values().map(|[prompts, images]| images.div_ceil(*prompts) as u64).max().unwrap_or(0);
    let wanted = images.map_or(most, u64::from).max(1);
    let order = in_file_order(prompts);
    let place = |sample: &Sample| {
        let text = nfc(&sample.prompt);
        if !counts.contains_key(&*text) {
            return Some(None);
        }
        let prompt = *order.get(usize::try_from(sample.number / wanted).ok()?)?;
        (part(&prompts[prompt].text) == text).then_some(Some((prompt, (sample.number % wanted) as u32)))
    };
    samples.iter().map(place).collect()
}

/// Images at the places that their numbers name.
pub(super) fn at_places(entries: Vec<Entry>, places: &[Option<(usize, u32)>]) -> Pictures {
    let mut pictures = Pictures::default();
    for ((_, path, name, sample), place) in entries.into_iter().zip(places) {
        match *place {
            Some((prompt, k)) => pictures.known.push(Picture { path, name, prompt, k, sample }),
            None => pictures.strangers.push(name),
        }
    }
    pictures
}

/// Text of its name or row as [`nfc`], place, name, and what an official name says.
pub(super) type Entry = (String, PathBuf, String, Option<Sample>);

/// Images by their prompt's text, of which names may have a `part` only, as [`nfc`]. Several prompts of one text share their images in
/// order, in equal parts, as the official numbering has them.
pub(crate) fn by_text(entries: Vec<Entry>, prompts: &[Prompt], part: impl Fn(&str) -> Cow<'_, str>) -> Pictures {
    let mut of_text: HashMap<Cow<'_, str>, Vec<usize>> = HashMap::new();
    for at in in_file_order(prompts) {
        of_text.entry(part(&prompts[at].text)).or_default().push(at);
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (text, ..) in &entries {
        *counts.entry(text).or_default() += 1;
    }
    let share = |(text, prompts): (&Cow<'_, str>, &Vec<usize>)| {
        let images = counts.get(&**text).copied().unwrap_or(0);
        (text.to_string(), images.div_ceil(prompts.len()).max(1))
    };
    let shares: HashMap<String, usize> = of_text.iter().map(share).collect();
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

/// Positions of prompts that have fewer images than `wanted`, with the number of each that is not there.
pub(super) fn missing(known: &[Picture], prompts: usize, wanted: u32) -> Vec<(usize, u32)> {
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::samples::{Places, found};
    use super::super::{Source, find};
    use super::*;
    use crate::bare::samples::{folder_of, prompts};

    #[test]
    fn official_numbers_say_which_image_is_missing_and_others_only_how_many() {
        let files = ["a_000001.png", "a_000002.png", "b_000003.png", "b_000004.png", "b_000005.png"];
        let folder = folder_of(&files);
        let look = |images: Option<u32>| {
            let pictures = find(Source { folder: folder.path(), map: None, images }, &prompts(&["a", "b"])).unwrap();
            let known: Places = pictures.known.iter().map(|picture| (picture.prompt, picture.k)).collect();
            let why = pictures.missing.iter().map(|(at, _)| pictures.why_missing(*at)).collect::<Vec<_>>();
            (known, pictures.missing, why)
        };
        let known = vec![(0, 1), (0, 2), (1, 0), (1, 1), (1, 2)];
        assert_eq!(look(None), (known, vec![(0, 0)], vec!["the image is missing".to_owned()]));
        // Of four images a prompt these would be other numbers: nobody can say which images they are.
        let known = vec![(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)];
        let missing = vec![(0, 2), (0, 3), (1, 3)];
        let why = [2, 2, 3].map(|there| format!("the prompt has {there} of 4 images")).to_vec();
        assert_eq!(look(Some(4)), (known, missing, why));
    }

    #[test]
    fn numbers_count_in_the_order_of_a_file_that_mixes_its_categories() {
        let folder = folder_of(&["0.png", "1.png", "2.png"]);
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

    #[test]
    fn a_name_in_decomposed_letters_has_the_prompts_text() {
        // What a Mac calls the files of the prompts in composed letters, and a prompt that is itself decomposed.
        let (composed, decomposed) = ("a pi\u{f1}ata", "a pin\u{303}ata");
        let (first, second) = (format!("{decomposed}_000000.png"), format!("{decomposed}_000001.png"));
        let both = vec![(0, 0), (0, 1)];
        assert_eq!(found(&[&first, &second], &[composed]), (both.clone(), 0, vec![]));
        assert_eq!(found(&[&first, &second], &[decomposed]), (both.clone(), 0, vec![]));
        assert_eq!(found(&[&format!("{composed}_000000.png"), &second], &[decomposed]), (both, 0, vec![]));
        // By their texts alone, where the numbers are none of the prompts'.
        let far = format!("{decomposed}_000017.png");
        assert_eq!(found(&[&first, &far, "b_000002.png"], &[composed, "b"]).0, [(0, 0), (1, 0), (0, 1)]);
    }
}
