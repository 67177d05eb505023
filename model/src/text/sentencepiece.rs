//! `spiece.model`, SentencePiece's own file, which T5's and PixArt-α's folders have; some of them have no `tokenizer.json` beside it.
//!
//! The file is a protocol buffer (`sentencepiece_model.proto`, Google, Apache-2.0); of its fields, these are read:
//!
//! ```text
//! ModelProto       1 pieces: SentencePiece      2 trainer_spec: TrainerSpec      3 normalizer_spec: NormalizerSpec
//! SentencePiece    1 piece: string      2 score: float      3 type: enum
//! TrainerSpec      3 model_type: enum
//! NormalizerSpec   2 precompiled_charsmap: bytes
//! ```

use std::path::Path;

use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::Precompiled;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, Tokenizer};

use super::TextError;

/// Kinds of pieces and of models.
const UNKNOWN: u64 = 2;
const CONTROL: u64 = 3;
const UNIGRAM: u64 = 1;

/// Tokens `<extra_id_99>` to `<extra_id_0>` follow the pieces in every T5.
const EXTRA: usize = 100;

/// Ends every text.
const END: &str = "</s>";

/// The tokenizer that transformers makes of the file for T5.
///
/// # Errors
/// [`TextError::Tokenizer`]: the file cannot be read, is damaged, or is of another kind of model.
pub fn read(path: &Path) -> Result<Tokenizer, TextError> {
    let failed = |source| TextError::Tokenizer { path: path.to_owned(), source };
    let bytes = std::fs::read(path).map_err(|error| failed(error.into()))?;
    tokenizer(&bytes).map_err(failed)
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn tokenizer(bytes: &[u8]) -> Result<Tokenizer, Failure> {
    let mut vocabulary: Vec<(String, f64)> = Vec::new();
    let (mut unknown, mut special, mut charsmap) = (None, Vec::new(), Vec::new());
    for field in Fields(bytes) {
        match field? {
            (1, Value::Bytes(piece)) => {
                let (text, score, kind) = sentence_piece(piece)?;
                if kind == UNKNOWN {
                    unknown = Some(vocabulary.len());
                }
                if matches!(kind, UNKNOWN | CONTROL) {
                    special.push(AddedToken::from(text.clone(), true));
                }
                vocabulary.push((text, score));
            }
            (2, Value::Bytes(spec)) => {
                let kind = number(spec, 3)?.unwrap_or(UNIGRAM);
                if kind != UNIGRAM {
                    return Err(format!("model type {kind} instead of unigram (1)").into());
                }
            }
            (3, Value::Bytes(spec)) => {
                for field in Fields(spec) {
                    if let (2, Value::Bytes(map)) = field? {
                        charsmap = map.to_vec();
                    }
                }
            }
            _ => {}
        }
    }
    let end = vocabulary.iter().position(|(text, _)| text == END).ok_or("no piece </s>")?;
    vocabulary.extend((0..EXTRA).rev().map(|number| (format!("<extra_id_{number}>"), 0.0)));
    special.extend((0..EXTRA).rev().map(|number| AddedToken::from(format!("<extra_id_{number}>"), true)));

    let mut tokenizer = Tokenizer::new(Unigram::from(vocabulary, unknown, false)?);
    if !charsmap.is_empty() {
        tokenizer.with_normalizer(Some(Precompiled::from(&charsmap)?))?;
    }
    let words = Metaspace::new('▁', PrependScheme::Always, true);
    tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![WhitespaceSplit.into(), words.into()])));
    let mut template = TemplateProcessing::builder();
    template.try_single(format!("$A {END}"))?.special_tokens(vec![(END, u32::try_from(end)?)]);
    tokenizer.with_post_processor(Some(template.build()?));
    tokenizer.add_special_tokens(special)?;
    Ok(tokenizer)
}

fn sentence_piece(bytes: &[u8]) -> Result<(String, f64, u64), Failure> {
    // An ordinary piece (1) does not say so.
    let (mut text, mut score, mut kind) = (String::new(), 0.0, 1);
    for field in Fields(bytes) {
        match field? {
            (1, Value::Bytes(bytes)) => text = std::str::from_utf8(bytes)?.to_owned(),
            (2, Value::Fixed32(bits)) => score = f64::from(f32::from_bits(bits)),
            (3, Value::Varint(number)) => kind = number,
            _ => {}
        }
    }
    Ok((text, score, kind))
}

fn number(bytes: &[u8], wanted: u64) -> Result<Option<u64>, Failure> {
    for field in Fields(bytes) {
        if let (field, Value::Varint(number)) = field?
            && field == wanted
        {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// A field's content, by the wire format of protocol buffers.
enum Value<'a> {
    Varint(u64),
    Fixed64,
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// Numbers and contents of a message's fields, in order.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed64)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().ok()?)),
            _ => return None,
        };
        Some((key >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            // Nothing after a damaged field means anything.
            self.0 = &[];
        }
        Some(field.ok_or_else(|| "not a SentencePiece model, or damaged".into()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn golden(file: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/goldens/components/sentencepiece").join(file)
    }

    #[test]
    fn sentencepiece_parity_with_its_own_library() {
        #[derive(serde::Deserialize)]
        struct Case {
            text: String,
            ids: Vec<u32>,
        }
        let tokenizer = read(&golden("spiece.model")).unwrap();
        let cases: Vec<Case> =
            serde_json::from_slice(&std::fs::read(golden("cases.json")).unwrap()).expect("a list of cases");
        assert!(cases.len() >= 10);
        for Case { text, ids } in cases {
            let encoding = tokenizer.encode(text.as_str(), true).unwrap();
            assert_eq!(encoding.get_ids(), ids, "{text:?}");
        }
        assert_eq!(tokenizer.token_to_id("<extra_id_0>"), Some(tokenizer.get_vocab_size(true) as u32 - 1));
    }

    #[test]
    fn damage_is_an_error() {
        let bytes = std::fs::read(golden("spiece.model")).unwrap();
        for length in [1, 2, 40, bytes.len() - 1] {
            assert!(tokenizer(&bytes[..length]).is_err(), "{length}");
        }
        assert!(tokenizer(b"{\"version\": \"1.0\"}").is_err());
    }
}
