//! What was typed, as the page shows it: its words, and what the world makes of them.

use gentron_model::text::TextEncoder;
use gentron_suites::Prompt;
use gentron_suites::shapes::{Description, vocabulary};
use serde::Serialize;

use crate::names;

/// A text, read.
#[derive(Debug, Serialize)]
pub struct Question {
    /// Its words in order.
    pub words: Vec<Word>,
    /// What is asked for, as the scorers will ask.
    pub phrases: Vec<String>,
    /// What the page should say beside it, a sentence each.
    pub remarks: Vec<String>,
    /// Whether the world can draw it without any network.
    pub drawable: bool,
}

/// A word of a text.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Word {
    /// As typed.
    pub text: String,
    /// Bytes of the text.
    #[serde(skip)]
    pub bytes: std::ops::Range<usize>,
    /// Whether every encoder has it in its vocabulary.
    pub known: bool,
    /// Known words that look like an unknown one.
    pub near: Vec<String>,
}

/// Cuts a text into words: letters and digits that stand together.
pub fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for (at, character) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
        let end = at + character.len_utf8();
        match words.last_mut().filter(|word| word.bytes.end == at) {
            Some(word) => word.bytes.end = end,
            None => words.push(Word { text: String::new(), bytes: at..end, known: true, near: Vec::new() }),
        }
    }
    for word in &mut words {
        text[word.bytes.clone()].clone_into(&mut word.text);
    }
    words
}

/// Reads a prompt; `small` says that the encoders know the words of the small world and no others.
///
/// # Errors
/// A tokenizer fails.
pub fn read(prompt: &Prompt, encoders: &[&dyn TextEncoder], small: bool) -> anyhow::Result<Question> {
    let mut words = words(&prompt.text);
    let mut remarks = Vec::new();
    for encoder in encoders {
        let encoding = encoder.pieces(&prompt.text)?;
        for piece in encoding.iter().filter(|piece| !piece.known) {
            let within = |word: &&mut Word| word.bytes.start < piece.bytes.end && piece.bytes.start < word.bytes.end;
            words.iter_mut().filter(within).for_each(|word| word.known = false);
        }
        let read = encoding.last().map_or(0, |piece| piece.bytes.end);
        if read < prompt.text.trim_end().len() {
            remarks.push(format!(
                "{} reads {} tokens and no more: the end of this text is lost on it.",
                encoder.name(),
                encoder.length()
            ));
        }
    }
    if small {
        let known = vocabulary();
        for word in words.iter_mut().filter(|word| !word.known) {
            let like = |known: &&str| known.len() > 2 && known.len().abs_diff(word.text.len()) <= 2;
            let near = names::nearest(&word.text, known.iter().map(String::as_str).filter(like));
            word.near = near.into_iter().map(str::to_owned).collect();
        }
        remarks.extend(of_the_world(prompt));
    }
    Ok(Question {
        words,
        phrases: prompt.annotation.phrases.clone(),
        remarks,
        drawable: small && Description::of(prompt).is_ok(),
    })
}

fn of_the_world(prompt: &Prompt) -> Vec<String> {
    let mut remarks = Vec::new();
    if prompt.category != "typed" {
        remarks.push(format!("This is a prompt of the suite: {}, {}.", prompt.category, prompt.id));
    }
    match Description::of(prompt) {
        Ok(description) => {
            let held = description.held_out();
            let kinds = [
                (held.color, "a colour on a shape"),
                (held.texture, "a texture on a shape"),
                (held.pair, "two shapes together"),
                (held.count, "a number of a shape"),
            ];
            let kinds: Vec<&str> = kinds.into_iter().filter_map(|(held, what)| held.then_some(what)).collect();
            if !kinds.is_empty() {
                remarks.push(format!("Training never showed this: {} was held out.", kinds.join(", ")));
            }
            if description.objects() > 5 {
                remarks.push("Training showed five things at most.".into());
            }
        }
        Err(_) if prompt.annotation.phrases.is_empty() => {
            remarks.push(
                "Nothing in this text is a thing of the small world, so only the text as a whole can be scored.".into(),
            );
        }
        Err(error) => remarks.push(format!("The small world cannot draw this exactly: {error}.")),
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_stands_together() {
        let found = words("A red-ish circle, עיגול 2!");
        let texts: Vec<&str> = found.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["A", "red", "ish", "circle", "עיגול", "2"]);
        assert!(words(" ,. ").is_empty());
    }
}
