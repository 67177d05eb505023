//! T5's encoder as the backbone uses it: paddings masked, the mean over real tokens as the pooled vector.

use std::path::Path;

use candle_core::{DType, Device};

use super::{T5Config, T5Encoder};
use crate::checkpoint::{check, load, read_json};
use crate::text::encoder::masked_mean;
use crate::text::{Encoding, Overlong, Piece, TextEncoder, TextError, TextTokenizer};

/// A frozen T5 encoder with its tokenizer.
#[derive(Clone, Debug)]
pub struct T5TextEncoder {
    name: String,
    model: T5Encoder,
    tokenizer: TextTokenizer,
    device: Device,
}

impl T5TextEncoder {
    /// `name` is what [`TextEncoder::name`] says.
    pub fn new(name: &str, model: T5Encoder, tokenizer: TextTokenizer, device: &Device) -> Self {
        Self { name: name.to_owned(), model, tokenizer, device: device.clone() }
    }

    /// Loads `config.json`, `tokenizer.json` and the weights of a folder, which may hold the decoder as well. Every text is brought
    /// to `limit` tokens, which the recipe chooses: the network itself has no limit.
    ///
    /// # Errors
    /// See [`TextError`].
    pub fn load(folder: &Path, name: &str, limit: usize, kind: (DType, &Device)) -> Result<Self, TextError> {
        Self::load_beside((folder, folder), name, limit, kind)
    }

    /// As [`Self::load`], with the tokenizer in the second folder.
    ///
    /// # Errors
    /// See [`TextError`].
    pub fn load_beside(
        (folder, words): (&Path, &Path),
        name: &str,
        limit: usize,
        (dtype, device): (DType, &Device),
    ) -> Result<Self, TextError> {
        let (config, tokenizer) = described(folder, words, limit)?;
        let model = load(folder, T5Encoder::NAMING, (dtype, device), |vb| T5Encoder::new(vb, &config))?;
        Ok(Self::new(name, model, tokenizer, device))
    }

    /// Holds the headers of a folder's files against its configuration, and reads the tokenizer in the second folder.
    ///
    /// # Errors
    /// As [`Self::load`], but for what is wrong with the tensors' contents.
    pub fn check((folder, words): (&Path, &Path), limit: usize) -> Result<(), TextError> {
        let (config, _) = described(folder, words, limit)?;
        Ok(check(folder, T5Encoder::NAMING, |vb| T5Encoder::new(vb, &config))?)
    }

    /// What to do with texts that do not fit.
    pub fn overlong(self, overlong: Overlong) -> Self {
        Self { tokenizer: self.tokenizer.overlong(overlong), ..self }
    }

    /// The network.
    pub fn model(&self) -> &T5Encoder {
        &self.model
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &TextTokenizer {
        &self.tokenizer
    }
}

fn described(folder: &Path, words: &Path, limit: usize) -> Result<(T5Config, TextTokenizer), TextError> {
    let config: T5Config = read_json(&folder.join("config.json"))?;
    let tokenizer = TextTokenizer::read_t5(words, config.pad_token_id, limit)?;
    let (expected, got) = (config.vocab_size, tokenizer.vocabulary());
    if got > expected {
        return Err(TextError::Vocabulary { path: words.to_owned(), expected, got });
    }
    Ok((config, tokenizer))
}

impl TextEncoder for T5TextEncoder {
    fn name(&self) -> &str {
        &self.name
    }

    fn width(&self) -> usize {
        self.model.config().d_model
    }

    fn pooled_width(&self) -> usize {
        self.width()
    }

    fn length(&self) -> usize {
        self.tokenizer.limit()
    }

    fn pieces(&self, text: &str) -> Result<Vec<Piece>, TextError> {
        self.tokenizer.pieces(text)
    }

    fn encode(&self, texts: &[&str]) -> Result<Encoding, TextError> {
        let tokens = self.tokenizer.encode(texts)?;
        let (ids, mask) = (tokens.ids(&self.device)?, tokens.mask(&self.device)?);
        // What all texts are padded with is not computed: nobody attends to it.
        let longest = tokens.lengths.iter().copied().max().unwrap_or(0);
        let states = self.model.forward(&ids.narrow(1, 0, longest)?, Some(&mask.narrow(1, 0, longest)?))?;
        let states = states.pad_with_zeros(1, 0, self.length() - longest)?;
        let pooled = masked_mean(&states, &mask)?;
        Ok(Encoding { tokens: states, mask, pooled, truncated: tokens.truncated })
    }
}
