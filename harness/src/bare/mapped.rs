//! Images whose prompts a [`map`] names.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use gentron_suites::Prompt;

use super::layout::{Found, Picture, by_text, in_file_order, nfc, twice};
use super::map::{self, Row, Whose};
use super::problem::Problem;

/// The first row of each file that a map has named, by its [`place`].
type Named = HashMap<PathBuf, Row>;

/// The images of `folder` that `map` names, with all that is wrong in it.
///
/// # Errors
/// The map cannot be read.
pub(super) fn by_map(folder: &Path, map: &Path, prompts: &[Prompt]) -> anyhow::Result<Found> {
    let (rows, problems) = map::read(map)?;
    let mut found = Found { problems, ..Found::default() };
    let mut meanings = Meanings::new(prompts);
    let (mut entries, mut named, mut strangers) = (Vec::new(), Named::new(), Vec::new());
    let mut counts: HashMap<usize, u32> = HashMap::new();
    for row in rows {
        if let Some(problem) = of_row(&row, folder, map, &named) {
            found.problems.push(problem);
            named.entry(place(&row.image)).or_insert(row);
            continue;
        }
        named.insert(place(&row.image), row.clone());
        let Row { image: name, whose, k, .. } = row;
        let path = folder.join(&name);
        match meanings.of(whose, k) {
            Meaning::Prompt(prompt) => {
                let next = counts.entry(prompt).or_default();
                if k.is_none() {
                    *found.pictures.ranked.entry(prompt).or_default() += 1;
                }
                let k = k.unwrap_or(*next);
                *next += 1;
                found.pictures.known.push(Picture { path, name, prompt, k, sample: None });
            }
            Meaning::Shared(text) => entries.push((text, path, name, None)),
            Meaning::Nobody => strangers.push(name),
        }
    }
    let shared = by_text(entries, prompts, nfc);
    found.pictures.known.extend(shared.known);
    found.pictures.ranked.extend(shared.ranked);
    let surplus = |image: String| {
        let Row { line, whose, .. } = named.get(&place(&image))?;
        Some((image.clone(), Problem::Stranger { line: *line, whose: whose.to_string(), image }))
    };
    found.surplus.extend(strangers.into_iter().filter_map(surplus));
    found.problems.extend(twice(&found.pictures.known, prompts));
    Ok(found)
}

/// A path within the folder however it is spelled: `a.png` for `./a.png`, too, so that one file is not two prompts' images.
fn place(image: &str) -> PathBuf {
    Path::new(image).components().filter(|part| *part != Component::CurDir).collect()
}

/// What is wrong with a row of the map, whatever the suite.
fn of_row(row: &Row, folder: &Path, map: &Path, named: &Named) -> Option<Problem> {
    let (image, line, map) = (row.image.clone(), row.line, map.display().to_string());
    let is_within = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if !Path::new(&image).components().all(is_within) {
        return Some(Problem::Outside { map, line, image });
    }
    if let Some(first) = named.get(&place(&image)) {
        let (other, of) = (format!("{} on line {}", first.image, first.line), "one file".to_owned());
        return Some(Problem::Twice { image: format!("{image} on line {line}"), other, of });
    }
    (!folder.join(&image).is_file()).then_some(Problem::Absent { map, image })
}

/// The prompt that a row means.
enum Meaning {
    /// This one, by position.
    Prompt(usize),
    /// One of several of this text, as [`nfc`], which share their images in order.
    Shared(String),
    /// None.
    Nobody,
}

/// What ids and texts mean.
struct Meanings<'a> {
    ids: HashMap<&'a str, usize>,
    /// Prompts of a text as [`nfc`], in the order of the suite's file.
    texts: HashMap<Cow<'a, str>, Vec<usize>>,
    /// Rows so far of one text that several prompts have, and one number.
    rows: HashMap<(String, u32), usize>,
}

impl<'a> Meanings<'a> {
    fn new(prompts: &'a [Prompt]) -> Self {
        let ids = prompts.iter().enumerate().map(|(at, prompt)| (prompt.id.as_str(), at)).collect();
        let mut texts: HashMap<Cow<'_, str>, Vec<usize>> = HashMap::new();
        for at in in_file_order(prompts) {
            texts.entry(nfc(&prompts[at].text)).or_default().push(at);
        }
        Self { ids, texts, rows: HashMap::new() }
    }

    /// Of several prompts of one text each takes one of the rows with a number, in order; a row too many is the last one's, which then
    /// has that image twice.
    fn of(&mut self, whose: Whose, k: Option<u32>) -> Meaning {
        let text = match whose {
            Whose::Id(id) => {
                return self.ids.get(id.as_str()).map_or(Meaning::Nobody, |&prompt| Meaning::Prompt(prompt));
            }
            Whose::Text(text) => nfc(&text).into_owned(),
        };
        match (self.texts.get(text.as_str()).map(Vec::as_slice), k) {
            (None | Some([]), _) => Meaning::Nobody,
            (Some([prompt]), _) => Meaning::Prompt(*prompt),
            (Some(several), Some(k)) => {
                let rows = self.rows.entry((text, k)).or_default();
                let prompt = several[(*rows).min(several.len() - 1)];
                *rows += 1;
                Meaning::Prompt(prompt)
            }
            (Some(_), None) => Meaning::Shared(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::prompts;
    use super::*;

    /// Name, prompt and number of each image, and how many problems there are, for a map of `a.png`, `b.png` and so on.
    fn found(rows: &[&str], texts: &[&str]) -> (Vec<(String, usize, u32)>, usize) {
        let folder = tempfile::tempdir().unwrap();
        let mut csv = "image,prompt,k\n".to_owned();
        for (letter, row) in ('a'..).zip(rows) {
            std::fs::write(folder.path().join(format!("{letter}.png")), "").unwrap();
            csv += &format!("{letter}.png,{row}\n");
        }
        let map = folder.path().join("map.csv");
        std::fs::write(&map, csv).unwrap();
        let found = by_map(folder.path(), &map, &prompts(texts)).unwrap();
        let known = found.pictures.known.into_iter().map(|picture| (picture.name, picture.prompt, picture.k)).collect();
        (known, found.problems.len())
    }

    fn at(name: &str, prompt: usize, k: u32) -> (String, usize, u32) {
        (format!("{name}.png"), prompt, k)
    }

    #[test]
    fn a_number_beside_a_text_is_used_and_one_that_is_there_twice_is_a_problem() {
        assert_eq!(found(&["red,1", "red,0"], &["red"]), (vec![at("a", 0, 1), at("b", 0, 0)], 0));
        assert_eq!(found(&["red,", "red,"], &["red"]), (vec![at("a", 0, 0), at("b", 0, 1)], 0));
        assert_eq!(found(&["red,0", "red,0"], &["red"]).1, 1);
    }

    #[test]
    fn a_text_is_the_prompts_whether_its_letters_are_composed_or_not() {
        let (composed, decomposed) = ("a pi\u{f1}ata", "a pin\u{303}ata");
        let row = format!("{decomposed},");
        assert_eq!(found(&[&row], &["red", composed]), (vec![at("a", 1, 0)], 0));
        // Of several prompts, too, which share.
        let shared = vec![at("a", 0, 0), at("b", 1, 0)];
        assert_eq!(found(&[&row, &format!("{composed},")], &[composed, decomposed]), (shared, 0));
    }

    #[test]
    fn one_file_is_one_image_however_the_map_spells_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("in")).unwrap();
        for name in ["a.png", "in/b.png"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let map = folder.path().join("map.csv");
        let rows = ["../a.png,red", "a.png,red", "./a.png,blue", "in/b.png,green", "in//./b.png,red"];
        std::fs::write(&map, format!("image,prompt\n{}\n", rows.join("\n"))).unwrap();
        let found = by_map(folder.path(), &map, &prompts(&["red", "blue", "green"])).unwrap();
        let whats: Vec<String> = found.problems.iter().map(Problem::what).collect();
        assert_eq!(whats.len(), 3, "{whats:?}");
        // A file outside is another one, though it is called alike.
        assert!(whats[0].ends_with("line 2: ../a.png is not within the folder"), "{whats:?}");
        assert_eq!(whats[1], "a.png on line 3 and ./a.png on line 4 are both one file");
        assert_eq!(whats[2], "in/b.png on line 5 and in//./b.png on line 6 are both one file");
        let names: Vec<&str> = found.pictures.known.iter().map(|picture| picture.name.as_str()).collect();
        assert_eq!(names, ["a.png", "in/b.png"]);
    }

    #[test]
    fn prompts_of_one_text_take_the_rows_of_a_number_in_order() {
        let rows = ["red,1", "red,0", "red,0", "red,1"];
        let known = vec![at("a", 0, 1), at("b", 0, 0), at("c", 2, 0), at("d", 2, 1)];
        assert_eq!(found(&rows, &["red", "blue", "red"]), (known, 0));
        assert_eq!(found(&["red,0", "red,0", "red,0"], &["red", "blue", "red"]).1, 1);
        let unnumbered = found(&["red,", "red,", "red,", "red,"], &["red", "blue", "red"]);
        assert_eq!(unnumbered, (vec![at("a", 0, 0), at("b", 0, 1), at("c", 2, 0), at("d", 2, 1)], 0));
    }
}
