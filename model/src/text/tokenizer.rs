//! Texts to token ids of a fixed number, with `tokenizer.json` as Hugging Face writes it.

use std::ops::Range;
use std::path::Path;

use candle_core::{Device, Result as Computed, Tensor};
use tokenizers::{Encoding, Tokenizer, TruncationParams};

use super::{TextError, sentencepiece};

/// What becomes of a text with more tokens than fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlong {
    /// It loses its end, as with the original tokenizers; [`Tokens::truncated`] says so.
    #[default]
    Truncate,
    /// It is an error.
    Refuse,
}

/// A batch of token ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// One row per text, each padded to the tokenizer's limit L.
    pub rows: Vec<Vec<u32>>,
    /// Tokens of each row that are not padding.
    pub lengths: Vec<usize>,
    /// Which texts were cut.
    pub truncated: Vec<bool>,
}

impl Tokens {
    /// The ids, u32: (B,L).
    pub fn ids(&self, device: &Device) -> Computed<Tensor> {
        let length = self.rows.first().map_or(0, Vec::len);
        Tensor::from_vec(self.rows.concat(), (self.rows.len(), length), device)
    }

    /// 1 where a token is not padding, u8: (B,L).
    pub fn mask(&self, device: &Device) -> Computed<Tensor> {
        let length = self.rows.first().map_or(0, Vec::len);
        let mask = self.lengths.iter().flat_map(|&real| (0..length).map(move |i| u8::from(i < real)));
        Tensor::from_vec(mask.collect::<Vec<u8>>(), (self.rows.len(), length), device)
    }
}

/// A token of a text, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its place among the tokens, begin and end included.
    pub position: usize,
    /// Bytes of the text.
    pub bytes: Range<usize>,
    /// Whether the vocabulary has it: else every unknown word is the same to the network.
    pub known: bool,
}

/// A tokenizer with the number of tokens that every text is brought to.
#[derive(Clone, Debug)]
pub struct TextTokenizer {
    tokenizer: Tokenizer,
    pad_id: u32,
    limit: usize,
    overlong: Overlong,
}

impl TextTokenizer {
    /// Texts of at most `limit` tokens, begin and end included; shorter ones are filled with `pad_id` on the right.
    ///
    /// # Errors
    /// [`TextError::Limit`] where the special tokens alone fill the limit.
    pub fn new(mut tokenizer: Tokenizer, pad_id: u32, limit: usize) -> Result<Self, TextError> {
        tokenizer.with_padding(None);
        let empty = tokenizer.encode("", true).map_err(|source| TextError::Text { text: String::new(), source })?;
        if empty.len() >= limit {
            return Err(TextError::Limit { limit });
        }
        let truncation = TruncationParams { max_length: limit, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(|_| TextError::Limit { limit })?;
        Ok(Self { tokenizer, pad_id, limit, overlong: Overlong::Truncate })
    }

    /// Reads `tokenizer.json`; its own padding gives the padding id, or else `pad_id` does.
    ///
    /// # Errors
    /// [`TextError::Tokenizer`] or [`TextError::Limit`].
    pub fn read(path: &Path, pad_id: u32, limit: usize) -> Result<Self, TextError> {
        let failed = |source| TextError::Tokenizer { path: path.to_owned(), source };
        let tokenizer = Tokenizer::from_file(path).map_err(failed)?;
        let pad_id = tokenizer.get_padding().map_or(pad_id, |padding| padding.pad_id);
        Self::new(tokenizer, pad_id, limit)
    }

    /// The same of such a file's text.
    ///
    /// # Errors
    /// [`TextError::Tokenizer`] or [`TextError::Limit`].
    pub fn of_json(text: &str, pad_id: u32, limit: usize) -> Result<Self, TextError> {
        let failed = |source| TextError::Tokenizer { path: "tokenizer.json".into(), source };
        Self::new(Tokenizer::from_bytes(text).map_err(failed)?, pad_id, limit)
    }

    /// Reads what a T5's folder has: `tokenizer.json`, else `spiece.model`.
    ///
    /// # Errors
    /// [`TextError::Tokenizer`] or [`TextError::Limit`].
    pub fn read_t5(folder: &Path, pad_id: u32, limit: usize) -> Result<Self, TextError> {
        let (file, model) = (folder.join("tokenizer.json"), folder.join("spiece.model"));
        if file.is_file() || !model.is_file() {
            return Self::read(&file, pad_id, limit);
        }
        Self::new(sentencepiece::read(&model)?, pad_id, limit)
    }

    /// What to do with texts that do not fit.
    pub fn overlong(self, overlong: Overlong) -> Self {
        Self { overlong, ..self }
    }

    /// L: tokens of every row.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// What rows are filled with.
    pub fn pad_id(&self) -> u32 {
        self.pad_id
    }

    /// The id of one token, such as `<extra_id_0>`.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.tokenizer.token_to_id(token)
    }

    /// For each token, by id, its id in another `tokenizer.json`, where that knows it.
    ///
    /// # Errors
    /// [`TextError::Tokenizer`].
    pub fn rows_of(&self, path: &Path) -> Result<Vec<Option<usize>>, TextError> {
        let failed = |source| TextError::Tokenizer { path: path.to_owned(), source };
        let other = Tokenizer::from_file(path).map_err(failed)?;
        let row = |id| self.tokenizer.id_to_token(id).and_then(|token| other.token_to_id(&token));
        Ok((0..self.vocabulary() as u32).map(|id| row(id).map(|row| row as usize)).collect())
    }

    /// Tokens known, special ones included.
    pub fn vocabulary(&self) -> usize {
        self.tokenizer.get_vocab_size(true)
    }

    /// Token ids of texts.
    ///
    /// # Errors
    /// [`TextError::TooLong`] under [`Overlong::Refuse`]; [`TextError::Text`] where the tokenizer fails.
    pub fn encode(&self, texts: &[&str]) -> Result<Tokens, TextError> {
        let mut tokens = Tokens { rows: Vec::new(), lengths: Vec::new(), truncated: Vec::new() };
        for &text in texts {
            let encoding = self.encode_one(&self.tokenizer, text)?;
            let truncated = !encoding.get_overflowing().is_empty();
            if truncated && self.overlong == Overlong::Refuse {
                let (text, limit) = (text.to_owned(), self.limit);
                return Err(TextError::TooLong { tokens: self.count(&text)?, text, limit });
            }
            let mut row = encoding.get_ids().to_vec();
            tokens.lengths.push(row.len());
            tokens.truncated.push(truncated);
            row.resize(self.limit, self.pad_id);
            tokens.rows.push(row);
        }
        Ok(tokens)
    }

    /// The tokens that a text is cut into, without those that every text has; what is cut off at the end is not among them.
    ///
    /// # Errors
    /// [`TextError::Text`] where the tokenizer fails.
    pub fn pieces(&self, text: &str) -> Result<Vec<Piece>, TextError> {
        let encoding = self.encode_one(&self.tokenizer, text)?;
        let (tokens, bytes) = (encoding.get_tokens(), encoding.get_offsets());
        let every = encoding.get_special_tokens_mask().iter().enumerate().filter(|(_, special)| **special == 0);
        let piece = |(position, _)| Piece {
            position,
            bytes: bytes[position].0..bytes[position].1,
            known: !["<unk>", "<|unk|>", "[UNK]"].contains(&tokens[position].as_str()),
        };
        Ok(every.map(piece).collect())
    }

    /// Tokens of a text, begin and end included, however long it is.
    ///
    /// # Errors
    /// [`TextError::Text`] where the tokenizer fails.
    pub fn count(&self, text: &str) -> Result<usize, TextError> {
        let mut unlimited = self.tokenizer.clone();
        // Ruling truncation out cannot fail.
        let _ = unlimited.with_truncation(None);
        Ok(self.encode_one(&unlimited, text)?.len())
    }

    fn encode_one(&self, tokenizer: &Tokenizer, text: &str) -> Result<Encoding, TextError> {
        tokenizer.encode(text, true).map_err(|source| TextError::Text { text: text.to_owned(), source })
    }

    /// Writes `tokenizer.json`, padding included, so that [`TextTokenizer::read`] gives the same ids for the same limit.
    ///
    /// # Errors
    /// [`TextError::Save`].
    pub fn save(&self, path: &Path) -> Result<(), TextError> {
        let mut tokenizer = self.tokenizer.clone();
        let pad_token = tokenizer.id_to_token(self.pad_id).unwrap_or_default();
        tokenizer.with_padding(Some(tokenizers::PaddingParams {
            strategy: tokenizers::PaddingStrategy::Fixed(self.limit),
            pad_id: self.pad_id,
            pad_token,
            ..Default::default()
        }));
        tokenizer.save(path, true).map_err(|source| TextError::Save { path: path.to_owned(), source })
    }
}
