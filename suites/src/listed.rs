//! A suite that was read from files.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};

use crate::digest::{hex, sha256};
use crate::files::SourceFile;
use crate::{Annotation, Prompt, Split, Suite};

/// A suite in memory, with the files it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedSuite {
    id: String,
    prompts: Vec<Prompt>,
    sources: Vec<SourceFile>,
}

impl ListedSuite {
    /// The files, as a protocol card names them: those of prompts, then those that annotate.
    pub fn sources(&self) -> &[SourceFile] {
        &self.sources
    }
}

impl Suite for ListedSuite {
    fn id(&self) -> &str {
        &self.id
    }

    fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for prompt in &self.prompts {
            hash.update(format!("{}\t{}\n", prompt.id, prompt.text));
        }
        hex(&hash.finalize())
    }

    fn prompts(&self) -> &[Prompt] {
        &self.prompts
    }
}

/// A prompt that has not got its place yet.
pub(crate) struct Draft {
    pub category: String,
    pub split: Split,
    pub text: String,
    pub annotation: Annotation,
}

/// Gathers prompts in the order of their files.
pub(crate) struct Listing {
    id: String,
    drafts: Vec<Draft>,
    sources: Vec<SourceFile>,
}

impl Listing {
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), drafts: Vec::new(), sources: Vec::new() }
    }

    pub fn push(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    pub fn source(&mut self, source: SourceFile) {
        self.sources.push(source);
    }

    /// Sorts by category, in the order in which categories first occur, and gives places and ids:
    /// suite, category, index within it, eight digits of the text's digest. Where that is not the files' order, each prompt keeps its
    /// place in them: images of other programs are numbered by it.
    pub fn finish(self) -> ListedSuite {
        let mut order: HashMap<String, usize> = HashMap::new();
        let mut by_category: BTreeMap<usize, Vec<(u32, Draft)>> = BTreeMap::new();
        for (place, draft) in (0..).zip(self.drafts) {
            let next = order.len();
            let category = *order.entry(draft.category.clone()).or_insert(next);
            by_category.entry(category).or_default().push((place, draft));
        }
        let places: Vec<u32> = by_category.values().flatten().map(|(place, _)| *place).collect();
        let mixed = places.windows(2).any(|pair| pair[0] > pair[1]);
        let stem = slug(&self.id);
        let prompt = |(index, (place, draft)): (usize, (u32, Draft))| Prompt {
            id: format!("{stem}-{}-{index:04}-{}", slug(&draft.category), &sha256(draft.text.as_bytes())[..8]),
            suite: self.id.clone(),
            category: draft.category,
            index: index as u32,
            split: draft.split,
            text: draft.text,
            annotation: Annotation { place: mixed.then_some(place), ..draft.annotation },
        };
        let prompts = by_category.into_values().flat_map(|drafts| drafts.into_iter().enumerate().map(prompt)).collect();
        ListedSuite { id: self.id, prompts, sources: self.sources }
    }
}

/// Lower-case letters and digits, all else one `_`: safe in a path, and what a user types.
pub(crate) fn slug(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("_");
    if slug.is_empty() { "other".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_keeps_its_place_in_a_file_that_mixes_its_categories() {
        let places = |categories: &[&str]| {
            let mut listing = Listing::new("mine");
            for (at, category) in categories.iter().enumerate() {
                listing.push(Draft {
                    category: (*category).to_owned(),
                    split: Split::Unsplit,
                    text: format!("prompt {at}"),
                    annotation: Annotation::default(),
                });
            }
            let suite = listing.finish();
            suite.prompts().iter().map(|prompt| prompt.annotation.place).collect::<Vec<_>>()
        };
        assert_eq!(places(&["a", "b", "a", "c", "b"]), [0, 2, 1, 4, 3].map(Some));
        assert_eq!(places(&["a", "a", "b"]), [None; 3]);
    }

    #[test]
    fn a_slug_is_safe_in_a_path() {
        assert_eq!(slug("Food & Beverage"), "food_beverage");
        assert_eq!(slug("Gary Marcus et al. "), "gary_marcus_et_al");
        assert_eq!(slug("../é/"), "other");
        assert_eq!(slug("t2i-compbench"), "t2i-compbench");
    }
}
