//! Reading a relation between two things out of any prompt.

use gentron_suites::phrases::{Parse, WordClass};

use super::words::first;
use super::{Space, Wanted};

/// The first relation of the prompt and the things on both sides of it. `None` where there is none, or nothing on one
/// side.
///
/// What the official reading gets wrong is right here:
///
/// - "on top of", "below", "beside" and others are relations; "nearby" is not.
/// - The nouns are those beside the relation's words, not the first and last words that a parser took for nouns: `a
///   sheep in front of a key` is about a key even where "key" was taken for an adjective.
/// - A noun of several words is looked for as a whole first: "coat rack", then "rack".
/// - A prompt with more than one relation is scored by its first, not given up.
#[must_use]
pub fn read_relation(parse: &Parse<'_>, space: Space) -> Option<Wanted> {
    let words: Vec<String> = (0..parse.tokens.len()).map(|at| parse.span(at..at + 1).to_lowercase()).collect();
    let (kind, phrase, range) = first(&words, space)?;
    let subject = before(parse, &words, range.start)?;
    let object = after(parse, &words, range.end)?;
    Some(Wanted { kind: Some(kind), words: phrase.to_owned(), subject, object })
}

fn is_noun(parse: &Parse<'_>, at: usize) -> bool {
    matches!(parse.tokens[at].class, WordClass::Noun | WordClass::ProperNoun)
}

/// The nearest noun before, but for one that says where something else is: "suspended in mid-air near".
fn before(parse: &Parse<'_>, words: &[String], end: usize) -> Option<Vec<String>> {
    let in_something = |at: usize| {
        let chunk = parse.chunks.iter().find(|chunk| chunk.contains(&at));
        chunk.is_some_and(|chunk| chunk.start > 0 && words[chunk.start - 1] == "in")
    };
    let head = (0..end).rev().find(|&at| is_noun(parse, at) && !in_something(at));
    let Some(head) = head else {
        // No noun was recognised: the last word must be it.
        return (0..end).rev().find(|&at| is_word(&words[at])).map(|at| vec![words[at].clone()]);
    };
    let start = (0..head).rev().take_while(|&at| is_noun(parse, at)).last().unwrap_or(head);
    Some(names(words, start, head))
}

/// The first noun after, as a whole.
fn after(parse: &Parse<'_>, words: &[String], start: usize) -> Option<Vec<String>> {
    let count = words.len();
    let Some(begin) = (start..count).find(|&at| is_noun(parse, at)) else {
        return (start..count).rev().find(|&at| is_word(&words[at])).map(|at| vec![words[at].clone()]);
    };
    let head = (begin..count).take_while(|&at| is_noun(parse, at)).last().unwrap_or(begin);
    Some(names(words, begin, head))
}

fn is_word(word: &str) -> bool {
    word.chars().all(char::is_alphabetic) && !["a", "an", "the", "is", "are", "was", "were"].contains(&word)
}

/// "coat rack", "rack".
fn names(words: &[String], start: usize, head: usize) -> Vec<String> {
    (start..=head).map(|from| words[from..=head].join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use gentron_suites::RelationKind::{self, BottomOf, InFrontOf, LeftOf, NextTo, TopOf};

    use super::*;

    /// A parse by hand: `noun`, `Adjective`, anything else by the mark behind the word.
    fn parse<'a>(text: &'a str, nouns: &[&str]) -> Parse<'a> {
        let mut parse = Parse::own(text);
        for token in &mut parse.tokens {
            let word = &text[token.bytes.clone()];
            token.class = if nouns.contains(&word) { WordClass::Noun } else { WordClass::Other };
        }
        parse.chunks.clear();
        parse
    }

    fn read(text: &str, nouns: &[&str], space: Space) -> Option<(RelationKind, String, String)> {
        let wanted = read_relation(&parse(text, nouns), space)?;
        Some((wanted.kind?, wanted.subject.join("/"), wanted.object.join("/")))
    }

    #[test]
    fn on_top_of_is_a_relation_and_compounds_are_whole_first() {
        let found = read("The red hat was on top of the brown coat rack.", &["hat", "coat", "rack"], Space::Plane);
        assert_eq!(found, Some((TopOf, "hat".into(), "coat rack/rack".into())));
    }

    #[test]
    fn nouns_beside_the_relation_are_found_where_the_parser_missed_them() {
        let found = read("a sheep in front of a key", &["sheep", "front"], Space::Depth);
        assert_eq!(found, Some((InFrontOf, "sheep".into(), "key".into())));
        let found = read("a key on the left of a dog", &["left", "dog"], Space::Plane);
        assert_eq!(found, Some((LeftOf, "key".into(), "dog".into())));
    }

    #[test]
    fn the_first_relation_counts_and_nearby_is_none() {
        let found = read("a cat next to a dog near a tree", &["cat", "dog", "tree"], Space::Plane);
        assert_eq!(found, Some((NextTo, "cat".into(), "dog".into())));
        assert_eq!(read("a cat with a dog nearby", &["cat", "dog"], Space::Plane), None);
        let found = read("the sun sank below the horizon", &["sun", "horizon"], Space::Plane);
        assert_eq!(found, Some((BottomOf, "sun".into(), "horizon".into())));
    }

    #[test]
    fn what_a_thing_is_suspended_in_is_not_the_subject() {
        let mut parse = parse("The cone hung in mid-air near the pyramid.", &["cone", "air", "pyramid"]);
        parse.chunks = vec![0..2, 4..7, 8..10];
        let wanted = read_relation(&parse, Space::Plane);
        assert_eq!(wanted.map(|w| w.subject), Some(vec!["cone".to_owned()]));
    }
}
