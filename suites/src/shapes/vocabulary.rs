//! All words of all texts, and how texts fall into tokens.

use super::words::NUMBERS;
use super::{Color, Shape, Texture};

/// The words of captions, documents and prompts that are neither shape, colour, texture nor number.
const FUNCTION_WORDS: [&str; 46] = [
    ",",
    ".",
    "a",
    "above",
    "an",
    "and",
    "are",
    "around",
    "behind",
    "below",
    "beside",
    "bottom",
    "by",
    "checks",
    "close",
    "connected",
    "connects",
    "drawing",
    "dots",
    "front",
    "here",
    "hidden",
    "image",
    "in",
    "inside",
    "is",
    "it",
    "left",
    "line",
    "near",
    "next",
    "of",
    "on",
    "one",
    "partly",
    "picture",
    "right",
    "stripes",
    "that",
    "the",
    "there",
    "to",
    "top",
    "touches",
    "touching",
    "with",
];

/// Every word and punctuation mark that a caption, a document or a prompt can contain, sorted, each once.
pub fn vocabulary() -> Vec<String> {
    let mut words: Vec<&str> = FUNCTION_WORDS.to_vec();
    words.extend(NUMBERS);
    words.extend(Shape::ALL.iter().flat_map(|shape| [shape.word(), shape.plural()]));
    words.extend(Color::ALL.iter().map(|color| color.word()));
    words.extend(Texture::NAMED.iter().map(|texture| texture.word()));
    words.sort_unstable();
    words.dedup();
    words.into_iter().map(str::to_owned).collect()
}

/// The tokens of a text: its blank-separated words, with `,` and `.` split from the word before.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').flat_map(|word| {
        let stem = word.trim_end_matches([',', '.']);
        [stem, &word[stem.len()..]].into_iter().filter(|token| !token.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_is_a_token_of_its_own() {
        assert_eq!(tokens("a star, and a heart.").collect::<Vec<_>>(), ["a", "star", ",", "and", "a", "heart", "."]);
    }

    #[test]
    fn the_vocabulary_is_sorted_and_never_changes() {
        let words = vocabulary();
        assert!(words.is_sorted());
        assert_eq!(words.len(), 73);
    }
}
