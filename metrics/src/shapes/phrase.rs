//! The phrases of the small world, read word by word.

use std::str::FromStr;

use gentron_suites::ActionKind;
use gentron_suites::shapes::{Color, MAX_OBJECTS, Shape, Texture, article, number_word};

use crate::error::MetricError;

/// `a striped red circle`, `three circles`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NounPhrase {
    /// The noun.
    pub shape: Shape,
    /// The colour, where it is said.
    pub color: Option<Color>,
    /// The texture, where it is said.
    pub texture: Option<Texture>,
    /// The number, where one is said; `a` says none.
    pub count: Option<u32>,
}

/// What a question asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phrase {
    /// Whether there is such a thing.
    Thing(NounPhrase),
    /// Whether the first does it to the second.
    Doing(NounPhrase, ActionKind, NounPhrase),
}

/// Whether a word is one of the world's colours or textures.
#[must_use]
pub fn is_adjective(word: &str) -> bool {
    Color::from_str(word).is_ok() || Texture::from_str(word).is_ok()
}

/// What one word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Article,
    Number(u32),
    Color(Color),
    Texture(Texture),
    Noun(Shape),
    Inside,
    Touching,
    Connected,
    To,
    By,
    Line,
}

impl Word {
    fn of(text: &str) -> Option<Self> {
        let number = (1..=MAX_OBJECTS as u32).find(|&n| number_word(n) == text);
        match text {
            "a" | "an" | "the" => Some(Self::Article),
            "inside" => Some(Self::Inside),
            "touching" => Some(Self::Touching),
            "connected" => Some(Self::Connected),
            "to" => Some(Self::To),
            "by" => Some(Self::By),
            "line" => Some(Self::Line),
            _ => number
                .map(Self::Number)
                .or_else(|| Color::from_str(text).ok().map(Self::Color))
                .or_else(|| Texture::from_str(text).ok().map(Self::Texture))
                .or_else(|| Shape::from_str(text).ok().map(Self::Noun)),
        }
    }
}

/// Reads a phrase. Case does not matter; a question mark or full stop at the end is ignored.
///
/// # Errors
/// [`MetricError::UnknownWords`] naming every word outside the grammar, [`MetricError::NotAPhrase`] where known words
/// make no phrase.
pub fn parse(phrase: &str, backend: &str) -> Result<Phrase, MetricError> {
    let lower = phrase.to_lowercase();
    let texts: Vec<&str> = lower
        .split_whitespace()
        .map(|word| word.trim_end_matches(['?', '.', ',']))
        .filter(|word| !word.is_empty())
        .collect();
    let unknown: Vec<String> =
        texts.iter().filter(|text| Word::of(text).is_none()).map(|text| (*text).to_owned()).collect();
    if !unknown.is_empty() {
        return Err(MetricError::UnknownWords {
            backend: backend.to_owned(),
            phrase: phrase.to_owned(),
            words: unknown,
        });
    }
    let words: Vec<Word> = texts.iter().filter_map(|text| Word::of(text)).collect();
    clause(&words).map_err(|why| MetricError::NotAPhrase {
        backend: backend.to_owned(),
        phrase: phrase.to_owned(),
        why: why.to_owned(),
    })
}

fn clause(words: &[Word]) -> Result<Phrase, &'static str> {
    let verb = words.iter().position(|word| matches!(word, Word::Inside | Word::Touching | Word::Connected));
    let Some(at) = verb else { return noun_phrase(words).map(Phrase::Thing) };
    let (subject, rest) = words.split_at(at);
    let (kind, object) = match rest {
        [Word::Inside, object @ ..] => (ActionKind::Inside, object),
        [Word::Touching, object @ ..] => (ActionKind::Touching, object),
        [Word::Connected, Word::To, object @ .., Word::By, Word::Article, Word::Line]
        | [Word::Connected, Word::To, object @ ..] => (ActionKind::ConnectedTo, object),
        _ => return Err("\"connected\" needs \"to\""),
    };
    Ok(Phrase::Doing(noun_phrase(subject)?, kind, noun_phrase(object)?))
}

fn noun_phrase(words: &[Word]) -> Result<NounPhrase, &'static str> {
    let Some((Word::Noun(shape), mut before)) = words.split_last() else { return Err("it does not end in a shape") };
    let mut phrase = NounPhrase { shape: *shape, color: None, texture: None, count: None };
    match before.split_first() {
        Some((Word::Article, rest)) => before = rest,
        Some((Word::Number(count), rest)) => (phrase.count, before) = (Some(*count), rest),
        _ => {}
    }
    for word in before {
        match word {
            Word::Color(color) if phrase.color.is_none() => phrase.color = Some(*color),
            Word::Texture(texture) if phrase.texture.is_none() => phrase.texture = Some(*texture),
            Word::Color(_) => return Err("it names two colours"),
            Word::Texture(_) => return Err("it names two textures"),
            _ => return Err("before the shape only a number, a colour and a texture can stand"),
        }
    }
    Ok(phrase)
}

/// `a striped red circle`; plain is not said.
pub fn describe(shape: Shape, color: Option<Color>, texture: Option<Texture>) -> String {
    let texture = texture.filter(|&texture| texture != Texture::Plain).map(Texture::word);
    let words: Vec<&str> = texture.into_iter().chain(color.map(Color::word)).chain([shape.word()]).collect();
    format!("{} {}", article(words[0]), words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(shape: Shape, color: Option<Color>, texture: Option<Texture>, count: Option<u32>) -> Phrase {
        Phrase::Thing(NounPhrase { shape, color, texture, count })
    }

    fn read(phrase: &str) -> Phrase {
        parse(phrase, "test").unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn adjectives_come_in_any_order() {
        let red_striped = thing(Shape::Circle, Some(Color::Red), Some(Texture::Striped), None);
        assert_eq!(read("a red striped circle"), red_striped);
        assert_eq!(read("A striped red circle?"), red_striped);
        assert_eq!(read("an orange star"), thing(Shape::Star, Some(Color::Orange), None, None));
        assert_eq!(read("three crosses"), thing(Shape::Cross, None, None, Some(3)));
        assert_eq!(read("hearts"), thing(Shape::Heart, None, None, None));
    }

    #[test]
    fn actions_join_two_phrases() {
        let plain = |shape| NounPhrase { shape, color: None, texture: None, count: None };
        let doing = |kind| Phrase::Doing(plain(Shape::Circle), kind, plain(Shape::Square));
        assert_eq!(read("a circle inside a square"), doing(ActionKind::Inside));
        assert_eq!(read("a circle touching a square"), doing(ActionKind::Touching));
        assert_eq!(read("a circle connected to a square by a line"), doing(ActionKind::ConnectedTo));
        assert_eq!(read("a circle connected to a square"), doing(ActionKind::ConnectedTo));
    }

    #[test]
    fn unknown_words_are_named() {
        let error = parse("a pink striped zebra", "shapes-exact").map_err(|e| e.to_string());
        assert_eq!(
            error,
            Err("shapes-exact does not know the words \"pink\", \"zebra\" in \"a pink striped zebra\"".to_owned())
        );
    }

    #[test]
    fn known_words_in_no_order_are_refused() {
        for phrase in ["", "red", "a circle red", "a red blue circle", "circle connected square", "a circle inside"] {
            assert!(matches!(parse(phrase, "test"), Err(MetricError::NotAPhrase { .. })), "{phrase}");
        }
    }
}
