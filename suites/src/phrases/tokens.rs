//! Cutting a text into tokens much as spaCy's English tokenizer does: at blanks, then punctuation from both ends of
//! each word, then between letters at hyphens. Agreement on the official prompts is a test's business.

use std::ops::Range;

/// Cut from the front of a word, one at a time.
const PREFIXES: &[char] = &['"', '\'', '(', '[', '{', '“', '‘', '’', '$', '#', '<', '*', '&', '…'];
/// Cut from the end of a word, one at a time.
const SUFFIXES: &[char] = &['"', '\'', ')', ']', '}', '”', '’', '‘', ',', ';', ':', '!', '?', '*', '%', '…', '&'];
/// Endings that are tokens of their own.
const CLITICS: &[&str] =
    &["'s", "’s", "'S", "’S", "'re", "'ve", "'ll", "'d", "'m", "’re", "’ve", "’ll", "’d", "’m", "n't", "n’t"];
/// Words that keep their full stop.
const ABBREVIATIONS: &[&str] =
    &["st.", "mr.", "mrs.", "ms.", "dr.", "jr.", "sr.", "vs.", "etc.", "e.g.", "i.e.", "a.m.", "p.m.", "mt."];

/// Byte ranges of tokens. Blanks between tokens belong to none, but a second blank in a row, or one at the beginning,
/// is a token.
pub(super) fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let blank = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
        if blank > 0 {
            let after_token = tokens.last().is_some_and(|last: &Range<usize>| last.end == at) && rest.starts_with(' ');
            let kept = blank - usize::from(after_token);
            if kept > 0 {
                tokens.push(at + blank - kept..at + blank);
            }
            at += blank;
            continue;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        word(text, at..at + end, &mut tokens);
        at += end;
    }
    tokens
}

/// Cuts a word without blanks.
fn word(text: &str, mut range: Range<usize>, tokens: &mut Vec<Range<usize>>) {
    let mut endings = Vec::new();
    while let Some(first) = text[range.clone()].chars().next().filter(|c| PREFIXES.contains(c)) {
        if is_clitic(&text[range.clone()]) {
            break;
        }
        tokens.push(range.start..range.start + first.len_utf8());
        range.start += first.len_utf8();
    }
    while !range.is_empty() && !is_clitic(&text[range.clone()]) {
        let length = ending(&text[range.clone()]);
        if length == 0 {
            break;
        }
        endings.push(range.end - length..range.end);
        range.end -= length;
    }
    if !range.is_empty() {
        infixes(text, range, tokens);
    }
    tokens.extend(endings.into_iter().rev());
}

fn is_clitic(word: &str) -> bool {
    CLITICS.contains(&word)
}

/// Bytes at the end of the word that are a token of their own; 0 where the word stays whole.
fn ending(word: &str) -> usize {
    if let Some(clitic) = CLITICS.iter().find(|clitic| word.len() > clitic.len() && word.ends_with(**clitic)) {
        return clitic.len();
    }
    let Some(last) = word.chars().next_back() else { return 0 };
    if SUFFIXES.contains(&last) {
        return last.len_utf8();
    }
    if last != '.' || ABBREVIATIONS.contains(&word.to_lowercase().as_str()) {
        return 0;
    }
    let stops = word.len() - word.trim_end_matches('.').len();
    let before = word[..word.len() - stops].chars().next_back();
    match (stops, before) {
        (_, None) => 0,
        // `U.S.` and a single capital keep theirs.
        (1, Some(letter)) if letter.is_uppercase() && word.chars().filter(|c| c.is_alphabetic()).count() == 1 => 0,
        (1, Some(letter)) if letter.is_uppercase() && word[..word.len() - 1].contains('.') => 0,
        (1, _) => 1,
        _ => stops,
    }
}

/// Cuts between letters at hyphens and dashes, at slashes and commas.
fn infixes(text: &str, range: Range<usize>, tokens: &mut Vec<Range<usize>>) {
    let word = &text[range.clone()];
    let mut begin = 0;
    for (at, sign) in word.char_indices() {
        let next = at + sign.len_utf8();
        let before = word[..at].chars().next_back();
        let after = word[next..].chars().next();
        let (Some(before), Some(after)) = (before, after) else { continue };
        let cuts = match sign {
            '-' | '–' | '—' | '~' => before.is_alphabetic() && after.is_alphabetic(),
            ',' | ':' | '=' | '/' => before.is_alphabetic() && after.is_alphabetic(),
            '…' => true,
            _ => false,
        };
        if cuts && at > begin {
            tokens.push(range.start + begin..range.start + at);
            tokens.push(range.start + at..range.start + next);
            begin = next;
        }
    }
    tokens.push(range.start + begin..range.end);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        tokens(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn punctuation_and_hyphens_are_tokens_of_their_own() {
        assert_eq!(
            cut("The well-lit room's \"big\" lamp, (old)."),
            ["The", "well", "-", "lit", "room", "'s", "\"", "big", "\"", "lamp", ",", "(", "old", ")", "."]
        );
        assert_eq!(cut("don't stop..."), ["do", "n't", "stop", "..."]);
    }

    #[test]
    fn blanks_at_the_beginning_or_in_excess_are_tokens() {
        assert_eq!(cut(" a  cat "), [" ", "a", " ", "cat"]);
        assert_eq!(cut(""), [""; 0]);
    }
}
