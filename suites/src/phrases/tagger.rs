//! Our own parse of a text that spaCy never saw: two linear models in a row, one for parts of speech, one for noun
//! chunks.
//!
//! Each goes from left to right and takes the label with the largest sum of weights, one weight for every feature of
//! the token that the training kept (averaged perceptron: Collins, "Discriminative training methods for hidden Markov
//! models", EMNLP 2002). The example `learn_chunker` learns the weights from spaCy's parses of the training lists and
//! of prompts of our own, never of the evaluation lists. Features are known by their hash alone.

use std::ops::Range;
use std::sync::OnceLock;

use super::features::{Window, chunk_features, class_features};
use super::linear::Linear;
use super::{Token, WordClass, tokens};

static TABLE: &[u8] = include_bytes!("tagger.bin");
const MAGIC: &[u8; 4] = b"GTG1";

/// Labels of the second model: at the beginning of, inside and outside a chunk.
pub(super) const LABELS: [&str; 3] = ["B", "I", "O"];
const BEGIN: usize = 0;
const INSIDE: usize = 1;
const OUTSIDE: usize = 2;

/// The two models.
pub(super) struct Tagger {
    pub classes: Linear,
    pub chunks: Linear,
}

/// Tokens and noun chunks.
pub(super) fn parse(text: &str) -> (Vec<Token>, Vec<Range<usize>>) {
    let tagger = shipped();
    let ranges = tokens::tokens(text);
    let words: Vec<&str> = ranges.iter().map(|range| &text[range.clone()]).collect();
    let window = Window::new(&words);
    let tags = tagger.classes(&window);
    let chunks = tagger.chunks(&window, &tags);
    let token = |(range, tag): (Range<usize>, &str)| {
        let class = match tag {
            "NOUN" => WordClass::Noun,
            "PROPN" => WordClass::ProperNoun,
            "ADJ" => WordClass::Adjective,
            _ => WordClass::Other,
        };
        Token { bytes: range, class }
    };
    (ranges.into_iter().zip(tags).map(token).collect(), chunks)
}

impl Tagger {
    /// The part of speech of every word.
    pub fn classes(&self, window: &Window<'_>) -> Vec<&str> {
        let mut tags = Vec::with_capacity(window.len());
        for at in 0..window.len() {
            tags.push(self.classes.label(self.classes.best(&class_features(window, &tags, at))));
        }
        tags
    }

    /// Noun chunks, as ranges of words.
    pub fn chunks(&self, window: &Window<'_>, tags: &[&str]) -> Vec<Range<usize>> {
        let mut labels: Vec<usize> = Vec::with_capacity(tags.len());
        for at in 0..tags.len() {
            labels.push(self.chunks.best(&chunk_features(window, tags, last_two(&labels), at)));
        }
        spans(&labels)
    }

    /// The bytes that [`Self::read`] reads: `GTG1`, then the two models.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        self.classes.write(&mut bytes);
        self.chunks.write(&mut bytes);
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut bytes = bytes.strip_prefix(MAGIC)?;
        let tagger = Self { classes: Linear::read(&mut bytes)?, chunks: Linear::read(&mut bytes)? };
        bytes.is_empty().then_some(tagger)
    }
}

/// The last two decisions, the last first.
pub(super) fn last_two(labels: &[usize]) -> [&'static str; 2] {
    [1, 2].map(|back| LABELS[labels.len().checked_sub(back).map_or(OUTSIDE, |at| labels[at].min(OUTSIDE))])
}

/// The tagger that is compiled in. A test reads it: it cannot be damaged on its way.
fn shipped() -> &'static Tagger {
    static TAGGER: OnceLock<Tagger> = OnceLock::new();
    TAGGER.get_or_init(|| {
        Tagger::read(TABLE).unwrap_or_else(|| Tagger { classes: Linear::default(), chunks: Linear::default() })
    })
}

/// Runs of a beginning and insides; an inside without a beginning begins one.
fn spans(labels: &[usize]) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for (at, &label) in labels.iter().enumerate() {
        match (label, spans.last_mut()) {
            (INSIDE, Some(last)) if last.end == at => last.end += 1,
            (INSIDE | BEGIN, _) => spans.push(at..at + 1),
            _ => {}
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_to_its_last_byte() {
        let tagger = Tagger::read(TABLE).unwrap();
        assert!((0..20).any(|at| tagger.classes.label(at) == "NOUN"));
        assert_eq!([0, 1, 2, 3].map(|at| tagger.chunks.label(at)), ["B", "I", "O", ""]);
        assert_eq!(tagger.write(), TABLE);
    }

    #[test]
    fn an_inside_without_a_beginning_begins_a_chunk() {
        assert_eq!(spans(&[OUTSIDE, INSIDE, INSIDE, BEGIN, BEGIN, OUTSIDE]), [1..3, 3..4, 4..5]);
    }

    #[test]
    fn any_text_can_be_parsed() {
        for text in ["", " ", "é", "\n\t", "''''", "a\u{200d}b \u{1F600}", "....", "- - -"] {
            let (tokens, chunks) = parse(text);
            assert!(chunks.iter().all(|chunk| chunk.end <= tokens.len()), "{text:?}");
        }
    }
}
