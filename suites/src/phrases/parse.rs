//! A parsed text and what the official scorers ask of it.

use std::ops::Range;

use super::{PhraseSource, SpacyModel, WordClass, facts, tagger};

/// Phrases that BLIP-VQA is never asked about, exactly as written here.
pub const NOT_ASKED: [&str; 4] = ["top", "the side", "the left", "the right"];

/// A token of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Bytes of the text.
    pub bytes: Range<usize>,
    /// Its part of speech.
    pub class: WordClass,
}

/// A text cut into tokens and noun chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parse<'a> {
    /// What was parsed.
    pub text: &'a str,
    /// Who parsed it.
    pub source: PhraseSource,
    /// In order; between them there are blanks at most.
    pub tokens: Vec<Token>,
    /// Noun chunks as ranges of tokens, in order, none within another.
    pub chunks: Vec<Range<usize>>,
}

impl<'a> Parse<'a> {
    /// What spaCy's `model` found in an official prompt, our own parse of any other text.
    pub fn of(text: &'a str, model: SpacyModel) -> Self {
        Self::official(text, model).unwrap_or_else(|| Self::own(text))
    }

    /// What spaCy's `model` found, if this is an official prompt, to the letter.
    pub fn official(text: &'a str, model: SpacyModel) -> Option<Self> {
        let (tokens, chunks) = facts::find(text, model)?;
        Some(Self { text, source: PhraseSource::Spacy(model), tokens, chunks })
    }

    /// Our own parse, even of an official prompt.
    pub fn own(text: &'a str) -> Self {
        let (tokens, chunks) = tagger::parse(text);
        Self { text, source: PhraseSource::OwnChunker, tokens, chunks }
    }

    /// The text of some neighbouring tokens; empty beyond the last.
    pub fn span(&self, tokens: Range<usize>) -> &'a str {
        let tokens = &self.tokens[tokens.start.min(self.tokens.len())..tokens.end.min(self.tokens.len())];
        match tokens {
            [] => "",
            [first, .., last] => &self.text[first.bytes.start..last.bytes.end],
            [only] => &self.text[only.bytes.clone()],
        }
    }

    /// The noun phrases that BLIP-VQA is asked about, in order, but for [`NOT_ASKED`]. The question is the phrase and a
    /// question mark.
    pub fn phrases(&self) -> Vec<&'a str> {
        let phrases = self.chunks.iter().map(|chunk| self.span(chunk.clone()));
        phrases.filter(|phrase| !NOT_ASKED.contains(phrase)).collect()
    }

    /// Positions of the tokens of a class.
    pub fn positions(&self, class: WordClass) -> impl DoubleEndedIterator<Item = usize> {
        self.tokens.iter().enumerate().filter(move |(_, token)| token.class == class).map(|(at, _)| at)
    }

    /// The first and the last noun, which the official spatial scores take for subject and object. They are the same
    /// token where there is one noun, and absent where there is none: there the official script ends in an error.
    pub fn outer_nouns(&self) -> Option<(&'a str, &'a str)> {
        let mut nouns = self.positions(WordClass::Noun).map(|at| self.span(at..at + 1));
        let first = nouns.next()?;
        Some((first, nouns.next_back().unwrap_or(first)))
    }

    /// The text that CLIPScore compares a complex prompt's image with: tokens that are no adjectives, joined by single
    /// blanks.
    pub fn clip_text(&self) -> String {
        let kept = self.tokens.iter().filter(|token| token.class != WordClass::Adjective);
        kept.map(|token| &self.text[token.bytes.clone()]).collect::<Vec<_>>().join(" ")
    }
}
