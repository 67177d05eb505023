//! A prompt as OpenAI's CLIP reads it, before it is cut into pieces.
//!
//! `clip/simple_tokenizer.py` passes every text through `ftfy.fix_text` and twice through `html.unescape`, then collapses blanks and
//! lowers the case. Tokenizers of the other libraries do the last two alone. Of the first two, one step changes an official prompt:
//! ftfy straightens curly quotes, which 12 of the 1,632 PartiPrompts have and no prompt of T2I-CompBench; "it’s" and "it's" are cut into
//! other pieces. What else ftfy repairs (text read in a wrong encoding, ligatures, full-width letters, control characters) and
//! references of HTML occur in no official prompt, and are left as they are.

use std::borrow::Cow;

/// The text with straight quotes, as ftfy's `uncurl_quotes` writes them; the text itself where there are no others.
#[must_use]
pub fn straight_quotes(text: &str) -> Cow<'_, str> {
    let straight = |c: char| match c {
        '\u{2bc}' | '\u{2018}'..='\u{201b}' => '\'',
        '\u{201c}'..='\u{201f}' => '"',
        other => other,
    };
    if text.chars().all(|c| straight(c) == c) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(straight).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curly_quotes_become_straight_and_nothing_else_changes() {
        for (text, read) in [
            ("a robot\u{2019}s hat", "a robot's hat"),
            (
                "\u{2018}hello\u{2019} \u{201c}world\u{201d} \u{201a}\u{201e}\u{201b}\u{201f}",
                "'hello' \"world\" '\"'\"",
            ),
            ("the letter\u{2bc}s tail", "the letter's tail"),
            ("a caf\u{e9} \u{2032} \u{2014} R&amp;D", "a caf\u{e9} \u{2032} \u{2014} R&amp;D"),
        ] {
            assert_eq!(straight_quotes(text), read);
        }
    }

    #[test]
    fn a_text_without_curly_quotes_is_not_copied() {
        assert!(matches!(straight_quotes("  it's \"plain\"  "), Cow::Borrowed("  it's \"plain\"  ")));
    }
}
