//! Interned strings: half a million rows name the same few arms, prompts and metrics.

use std::collections::HashMap;

/// A string of a [`Names`] table. Names order as their texts do, so a `BTreeMap` over them is alphabetical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(u32);

/// A sorted table of distinct strings.
#[derive(Clone, Debug, Default)]
pub struct Names {
    texts: Vec<String>,
}

impl Names {
    /// The text of a name of this table.
    pub fn text(&self, name: Name) -> &str {
        &self.texts[name.0 as usize]
    }

    /// The name of a text, if it occurs.
    pub fn find(&self, text: &str) -> Option<Name> {
        self.texts.binary_search_by(|t| t.as_str().cmp(text)).ok().map(|i| Name(i as u32))
    }
}

/// Collects strings in order of appearance; [`Collector::finish`] sorts them.
#[derive(Default)]
pub(super) struct Collector {
    texts: Vec<String>,
    index: HashMap<String, u32>,
}

impl Collector {
    /// A provisional number for a text.
    pub fn add(&mut self, text: &str) -> u32 {
        if let Some(index) = self.index.get(text) {
            return *index;
        }
        let index = self.texts.len() as u32;
        self.texts.push(text.to_owned());
        self.index.insert(text.to_owned(), index);
        index
    }

    /// The sorted table, and the final name of each provisional number.
    pub fn finish(self) -> (Names, Vec<Name>) {
        let mut order: Vec<u32> = (0..self.texts.len() as u32).collect();
        order.sort_by(|a, b| self.texts[*a as usize].cmp(&self.texts[*b as usize]));
        let mut names = vec![Name(0); order.len()];
        for (rank, provisional) in order.iter().enumerate() {
            names[*provisional as usize] = Name(rank as u32);
        }
        let mut texts = self.texts;
        texts.sort();
        (Names { texts }, names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_order_as_their_texts() {
        let mut collector = Collector::default();
        let provisional = ["shape", "color", "texture", "color"].map(|t| collector.add(t));
        let (names, map) = collector.finish();
        let [shape, color, texture, again] = provisional.map(|p| map[p as usize]);
        assert!(color < shape && shape < texture && color == again);
        assert_eq!(names.text(shape), "shape");
        assert_eq!(names.find("texture"), Some(texture));
        assert_eq!(names.find("absent"), None);
    }
}
