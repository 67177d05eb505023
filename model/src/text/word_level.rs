//! Tokenizers of the small world: a token per word of a closed vocabulary.
//!
//! Text is lower-cased, split at blanks, and each punctuation mark stands alone. Special tokens have the names and the places that
//! the original tokenizers of CLIP and T5 give them.

use serde_json::{Value, json};
use tokenizers::Tokenizer;

use super::{TextError, TextTokenizer};

/// Sentinels `<extra_id_0>` … of [`word_level_t5`].
pub const SENTINELS: usize = 32;

/// CLIP's: `<|unk|>`, the words, `<|startoftext|>`, `<|endoftext|>`, which is last, ends each text and pads it to `limit`.
///
/// # Errors
/// Where a word is given twice or is a special token, or [`TextError::Limit`].
pub fn word_level_clip(vocabulary: &[String], limit: usize) -> Result<TextTokenizer, TextError> {
    let special = ["<|unk|>", "<|startoftext|>", "<|endoftext|>"];
    let words = vocabulary.iter().map(String::as_str);
    let tokens: Vec<&str> = special[..1].iter().copied().chain(words).chain(special[1..].iter().copied()).collect();
    let template = json!([piece(special[1]), text(), piece(special[2])]);
    build(&tokens, &special, template, special[2], limit)
}

/// T5's: `<pad>` 0, `</s>` 1, which ends each text, `<unk>` 2, the words, and the sentinels downwards, so that `<extra_id_0>` is last.
///
/// # Errors
/// Where a word is given twice or is a special token, or [`TextError::Limit`].
pub fn word_level_t5(vocabulary: &[String], limit: usize) -> Result<TextTokenizer, TextError> {
    let sentinels: Vec<String> = (0..SENTINELS).rev().map(|i| format!("<extra_id_{i}>")).collect();
    let first = ["<pad>", "</s>", "<unk>"];
    let special: Vec<&str> = first.into_iter().chain(sentinels.iter().map(String::as_str)).collect();
    let words = vocabulary.iter().map(String::as_str);
    let tokens: Vec<&str> = first.into_iter().chain(words).chain(special[3..].iter().copied()).collect();
    let template = json!([text(), piece(first[1])]);
    build(&tokens, &special, template, first[0], limit)
}

fn piece(token: &str) -> Value {
    json!({"SpecialToken": {"id": token, "type_id": 0}})
}

fn text() -> Value {
    json!({"Sequence": {"id": "A", "type_id": 0}})
}

/// `tokens` in the order of their ids; `special[0]` or `<unk>` stands for unknown words.
fn build(
    tokens: &[&str],
    special: &[&str],
    template: Value,
    pad: &str,
    limit: usize,
) -> Result<TextTokenizer, TextError> {
    let ids: serde_json::Map<String, Value> =
        tokens.iter().enumerate().map(|(id, token)| ((*token).to_owned(), json!(id))).collect();
    if ids.len() != tokens.len() {
        let mut sorted = tokens.to_vec();
        sorted.sort_unstable();
        let twice = sorted.windows(2).find(|pair| pair[0] == pair[1]).map_or("", |pair| pair[0]);
        return Err(TextError::WordList { source: format!("{twice:?} is there twice").into() });
    }
    let added = |token: &&str| {
        json!({"id": ids[*token], "content": token, "special": true,
            "single_word": false, "lstrip": false, "rstrip": false, "normalized": false})
    };
    let processed = |token: &&str| ((*token).to_owned(), json!({"id": token, "ids": [ids[*token]], "tokens": [token]}));
    let unknown = special.iter().find(|token| token.contains("unk"));
    let description = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": special.iter().map(added).collect::<Vec<_>>(),
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "WhitespaceSplit"},
            {"type": "Punctuation", "behavior": "Isolated"},
        ]},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": template,
            "pair": template,
            "special_tokens": special.iter().map(processed).collect::<serde_json::Map<_, _>>(),
        },
        "decoder": null,
        "model": {"type": "WordLevel", "vocab": ids, "unk_token": unknown},
    });
    let tokenizer = Tokenizer::from_bytes(description.to_string()).map_err(|source| TextError::WordList { source })?;
    let pad_id = tokens.iter().position(|token| *token == pad).unwrap_or(0) as u32;
    TextTokenizer::new(tokenizer, pad_id, limit)
}
