//! What spaCy found in the official prompts, by digest of the text. `scripts/spacy_facts.py` makes the table and
//! describes its bytes.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use super::{SpacyModel, Token, WordClass};
use crate::digest::text_key;

static TABLE: &[u8] = include_bytes!("facts.bin");
const MAGIC: &[u8; 4] = b"GSF1";

/// Tokens and chunks of an official prompt.
pub(super) fn find(text: &str, model: SpacyModel) -> Option<(Vec<Token>, Vec<Range<usize>>)> {
    let at = *index().get(&text_key(text))?;
    let mut bytes = &TABLE[at..];
    let (tokens, chunks, differs) = record(&mut bytes, text)?;
    match model {
        SpacyModel::Sm3_8_0 if differs => record(&mut bytes, text).map(|(tokens, chunks, _)| (tokens, chunks)),
        _ => Some((tokens, chunks)),
    }
}

/// How many official prompts are known.
#[cfg(test)]
pub(super) fn len() -> usize {
    index().len()
}

/// Where each text's record begins.
fn index() -> &'static HashMap<u64, usize> {
    static INDEX: OnceLock<HashMap<u64, usize>> = OnceLock::new();
    INDEX.get_or_init(|| read_index().unwrap_or_default())
}

fn read_index() -> Option<HashMap<u64, usize>> {
    let mut bytes = TABLE.strip_prefix(MAGIC)?;
    let count = u32::from_le_bytes(take(&mut bytes, 4)?.try_into().ok()?) as usize;
    let mut keys = take(&mut bytes, 8 * count)?.chunks_exact(8);
    let mut index = HashMap::with_capacity(count);
    for _ in 0..count {
        index.insert(u64::from_be_bytes(keys.next()?.try_into().ok()?), TABLE.len() - bytes.len());
        if skip(&mut bytes)? {
            skip(&mut bytes)?;
        }
    }
    Some(index)
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    take(bytes, 1).map(|taken| taken[0])
}

/// Passes a record; whether the other model's follows.
fn skip(bytes: &mut &[u8]) -> Option<bool> {
    let (tokens, head) = (byte(bytes)?, byte(bytes)?);
    for _ in 0..tokens {
        if byte(bytes)? >> 3 == 0 {
            byte(bytes)?;
        }
    }
    take(bytes, 2 * usize::from(head & 0x7f))?;
    Some(head & 0x80 != 0)
}

/// A record, its lengths counted out in the characters of `text`; and whether the other model's follows.
fn record(bytes: &mut &[u8], text: &str) -> Option<(Vec<Token>, Vec<Range<usize>>, bool)> {
    let (count, head) = (byte(bytes)?, byte(bytes)?);
    let mut tokens = Vec::with_capacity(count.into());
    let mut at = 0;
    for _ in 0..count {
        let packed = byte(bytes)?;
        let length = if packed >> 3 == 0 { byte(bytes)? } else { packed >> 3 };
        let rest = text.get(at..)?;
        let end = rest.char_indices().nth(length.into()).map_or(rest.len(), |(end, _)| end);
        tokens.push(Token { bytes: at..at + end, class: WordClass::of_bits(packed) });
        at += end + usize::from(packed >> 2 & 1);
    }
    let chunks = take(bytes, 2 * usize::from(head & 0x7f))?;
    let chunks = chunks.chunks_exact(2).map(|chunk| chunk[0].into()..chunk[1].into()).collect();
    Some((tokens, chunks, head & 0x80 != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_to_its_last_byte() {
        let last = *index().values().max().unwrap();
        let mut bytes = &TABLE[last..];
        if skip(&mut bytes).unwrap() {
            skip(&mut bytes).unwrap();
        }
        assert!(bytes.is_empty());
        assert!(len() > 9_000, "{}", len());
    }

    #[test]
    fn a_text_that_is_not_official_is_not_found() {
        assert_eq!(find("a purple gentron and a square", SpacyModel::default()), None);
    }
}
