//! CLIP's text tower as the backbone uses it: all positions attended, the end token's state as the pooled vector.

use std::path::Path;

use candle_core::{DType, Device};
use serde_json::Value;

use super::bpe::open;
use super::{ClipTextConfig, ClipTextModel};
use crate::checkpoint::{Naming, check, load, read_json};
use crate::text::{Encoding, Overlong, Piece, TextEncoder, TextError, TextTokenizer};

/// A frozen text tower with its tokenizer.
#[derive(Clone, Debug)]
pub struct ClipTextEncoder {
    name: String,
    model: ClipTextModel,
    tokenizer: TextTokenizer,
    device: Device,
}

impl ClipTextEncoder {
    /// `name` is what [`TextEncoder::name`] says. The tokenizer's limit is the tower's `max_position_embeddings`.
    pub fn new(name: &str, model: ClipTextModel, tokenizer: TextTokenizer, device: &Device) -> Self {
        Self { name: name.to_owned(), model, tokenizer, device: device.clone() }
    }

    /// Loads `config.json`, `tokenizer.json` and the weights of a folder, which may hold the image tower as well.
    ///
    /// # Errors
    /// See [`TextError`].
    pub fn load(folder: &Path, name: &str, (dtype, device): (DType, &Device)) -> Result<Self, TextError> {
        let (config, tokenizer) = described(folder)?;
        let naming = Naming { ignore: &BESIDE_THE_TOWER, ..Naming::default() };
        let model = load(folder, naming, (dtype, device), |vb| ClipTextModel::new(vb.pp("text_model"), &config))?;
        Ok(Self::new(name, model, tokenizer, device))
    }

    /// Holds the headers of a folder's files against its configuration, and reads its tokenizer.
    ///
    /// # Errors
    /// As [`Self::load`], but for what is wrong with the tensors' contents.
    pub fn check(folder: &Path) -> Result<(), TextError> {
        let (config, _) = described(folder)?;
        let naming = Naming { ignore: &BESIDE_THE_TOWER, ..Naming::default() };
        Ok(check(folder, naming, |vb| ClipTextModel::new(vb.pp("text_model"), &config))?)
    }

    /// What to do with texts that do not fit.
    pub fn overlong(self, overlong: Overlong) -> Self {
        Self { tokenizer: self.tokenizer.overlong(overlong), ..self }
    }

    /// The tower.
    pub fn model(&self) -> &ClipTextModel {
        &self.model
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &TextTokenizer {
        &self.tokenizer
    }
}

/// What the folder of a whole CLIP has besides the text tower; the last is a buffer that older transformers wrote into checkpoints.
const BESIDE_THE_TOWER: [&str; 5] =
    ["vision_model.", "visual_projection.", "text_projection.", "logit_scale", "text_model.embeddings.position_ids"];

fn described(folder: &Path) -> Result<(ClipTextConfig, TextTokenizer), TextError> {
    let config = ClipTextConfig::read(&folder.join("config.json"))?;
    let tokenizer = read_tokenizer(folder, &config)?;
    Ok((config, tokenizer))
}

/// Reads the tokenizer of a CLIP's folder: `tokenizer.json`, or the older `vocab.json` and `merges.txt`. It pads as the tokenizer's own files say: `config.json` of OpenAI's checkpoints names a
/// padding id that was never used.
///
/// # Errors
/// Where it cannot be read, or knows more tokens than the network.
pub fn read_tokenizer(folder: &Path, config: &ClipTextConfig) -> Result<TextTokenizer, TextError> {
    let tokenizer = open(folder)?;
    let by_name = ["tokenizer_config.json", "special_tokens_map.json"].into_iter().find_map(|file| {
        let file: Value = read_json(&folder.join(file)).ok()?;
        let token = &file["pad_token"];
        tokenizer.token_to_id(token.as_str().or_else(|| token["content"].as_str())?)
    });
    let pad_id = tokenizer.get_padding().map(|padding| padding.pad_id).or(by_name);
    let pad_id = pad_id.or_else(|| tokenizer.token_to_id("<|endoftext|>")).unwrap_or(config.eos_token_id);
    let tokenizer = TextTokenizer::new(tokenizer, pad_id, config.max_position_embeddings)?;
    let (expected, got) = (config.vocab_size, tokenizer.vocabulary());
    if got > expected {
        return Err(TextError::Vocabulary { path: folder.to_owned(), expected, got });
    }
    Ok(tokenizer)
}

impl TextEncoder for ClipTextEncoder {
    fn name(&self) -> &str {
        &self.name
    }

    fn width(&self) -> usize {
        self.model.config().hidden_size
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
        let ids = tokens.ids(&self.device)?;
        let text = self.model.forward(&ids)?;
        let mask = ids.ones_like()?.to_dtype(DType::U8)?;
        Ok(Encoding { tokens: text.tokens, mask, pooled: text.pooled, truncated: tokens.truncated })
    }
}
