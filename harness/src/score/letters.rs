//! A CLIP tokenizer for networks that mean nothing.

use serde_json::{Map, Value, json};

/// A CLIP tokenizer that has learnt no merges, as `tokenizer.json` has it: every letter is a token.
///
/// `ends` is added to a letter's number where it ends a word, and `start` begins a text; the next number ends it.
pub fn tokenizer(ends: usize, start: u32) -> Value {
    let printable = (' '..='~').filter(|c| !c.is_whitespace() && !c.is_ascii_uppercase());
    let mut vocabulary = Map::new();
    for (i, letter) in printable.enumerate() {
        vocabulary.insert(letter.to_string(), json!(i));
        vocabulary.insert(format!("{letter}</w>"), json!(ends + i));
    }
    let marks = [("<|startoftext|>", start), ("<|endoftext|>", start + 1)];
    for (token, id) in marks {
        vocabulary.insert(token.to_owned(), json!(id));
    }
    let added = marks.map(|(content, id)| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true})
    });
    let special = |token: &str| json!({"SpecialToken": {"id": token, "type_id": 0}});
    let named = marks.map(|(token, id)| (token.to_owned(), json!({"id": token, "ids": [id], "tokens": [token]})));
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [special(marks[0].0), {"Sequence": {"id": "A", "type_id": 0}}, special(marks[1].0)],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": named.into_iter().collect::<Map<_, _>>(),
        },
        "decoder": null,
        "model": {
            "type": "BPE",
            "dropout": null,
            "unk_token": "<|endoftext|>",
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "</w>",
            "fuse_unk": false,
            "vocab": vocabulary,
            "merges": [],
        },
    })
}
