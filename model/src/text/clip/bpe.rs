//! CLIP's tokenizer from the two files that came before `tokenizer.json`, as diffusers' layouts still have them.

use std::path::Path;

use serde_json::{Value, json};
use tokenizers::Tokenizer;

use crate::text::TextError;

const BEGIN: &str = "<|startoftext|>";
const END: &str = "<|endoftext|>";

/// What a text is cut at before its pieces are merged (transformers: `CLIPConverter`).
const WORDS: &str = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// The tokenizer of a folder: `tokenizer.json`, or else `vocab.json` and `merges.txt`.
///
/// # Errors
/// [`TextError::Tokenizer`] where neither is there, or they are none.
pub(super) fn open(folder: &Path) -> Result<Tokenizer, TextError> {
    let whole = folder.join("tokenizer.json");
    let (vocabulary, merges) = (folder.join("vocab.json"), folder.join("merges.txt"));
    if whole.is_file() || !vocabulary.is_file() {
        return Tokenizer::from_file(&whole).map_err(|source| TextError::Tokenizer { path: whole, source });
    }
    let failed =
        |source: Box<dyn std::error::Error + Send + Sync>| TextError::Tokenizer { path: vocabulary.clone(), source };
    let words = std::fs::read(&vocabulary).map_err(|error| failed(error.into()))?;
    let words: serde_json::Map<String, Value> = serde_json::from_slice(&words).map_err(|error| failed(error.into()))?;
    let lines = std::fs::read_to_string(&merges)
        .map_err(|error| TextError::Tokenizer { path: merges.clone(), source: error.into() })?;
    // The first line is a version; pairs are parted by one blank.
    let merges: Vec<Vec<&str>> = lines
        .lines()
        .filter(|line| !line.starts_with("#version") && !line.is_empty())
        .map(|line| line.split(' ').collect())
        .collect();
    let id = |token: &str| {
        words.get(token).and_then(Value::as_u64).ok_or_else(|| failed(format!("it has no {token}").into()))
    };
    let (begin, end) = (id(BEGIN)?, id(END)?);
    let added = |id: u64, content: &str| json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true});
    let described = json!({
        "version": "1.0",
        "added_tokens": [added(begin, BEGIN), added(end, END)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"},
            {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
            {"type": "Lowercase"},
        ]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": WORDS}, "behavior": "Removed", "invert": true},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        ]},
        "post_processor": {
            "type": "RobertaProcessing", "sep": [END, end], "cls": [BEGIN, begin], "trim_offsets": false, "add_prefix_space": false,
        },
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {
            "type": "BPE", "unk_token": END, "continuing_subword_prefix": "", "end_of_word_suffix": "</w>", "fuse_unk": false,
            "byte_fallback": false, "vocab": words, "merges": merges,
        },
    });
    Tokenizer::from_bytes(described.to_string().as_bytes()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::open;

    #[derive(serde::Deserialize)]
    struct Case {
        text: String,
        ids: Vec<u32>,
    }

    #[test]
    fn vocabulary_and_merges_cut_texts_as_transformers_does() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/goldens/components/clip_bpe");
        let tokenizer = open(&folder).expect("a tokenizer");
        let cases = std::fs::read(folder.join("cases.json")).expect("a golden");
        let cases: Vec<Case> = serde_json::from_slice(&cases).expect("cases");
        assert!(cases.len() >= 8);
        for Case { text, ids } in cases {
            assert_eq!(tokenizer.encode(text.as_str(), true).expect("an encoding").get_ids(), ids, "{text:?}");
        }
    }

    #[test]
    fn a_folder_without_a_tokenizer_names_the_file() {
        let folder = std::env::temp_dir().join("gentron-no-tokenizer");
        assert!(open(&folder).expect_err("nothing").to_string().contains("tokenizer.json"));
    }
}
