//! What the backbone asks of a text encoder.

use std::error::Error;
use std::path::PathBuf;

use candle_core::{DType, Result as Computed, Tensor};

use super::Piece;
#[cfg(doc)]
use super::TextTokenizer;
use crate::checkpoint::CheckpointError;

/// A batch of texts as the backbone takes it.
#[derive(Clone, Debug)]
pub struct Encoding {
    /// (B,L,W): one state per token, padding included.
    pub tokens: Tensor,
    /// (B,L), u8: 1 where the backbone attends.
    pub mask: Tensor,
    /// (B,P): one vector per text.
    pub pooled: Tensor,
    /// Which texts were too long and lost their end.
    pub truncated: Vec<bool>,
}

/// A frozen text encoder with its tokenizer.
pub trait TextEncoder: Send + Sync {
    /// As in recipes and tables: `clip`, `t5`.
    fn name(&self) -> &str;

    /// W, the width of a token.
    fn width(&self) -> usize;

    /// P, the width of the pooled vector.
    fn pooled_width(&self) -> usize;

    /// L, the number of tokens that every text is padded to.
    fn length(&self) -> usize;

    /// The tokens that a text is cut into: see [`TextTokenizer::pieces`].
    ///
    /// # Errors
    /// Where a text cannot be tokenized.
    fn pieces(&self, text: &str) -> Result<Vec<Piece>, TextError>;

    /// Encodes texts; the empty text is the null text of classifier-free guidance.
    ///
    /// # Errors
    /// Where a text cannot be tokenized, or is too long and truncation was ruled out.
    fn encode(&self, texts: &[&str]) -> Result<Encoding, TextError>;
}

/// Why a text could not be encoded, or its encoder not be made.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// `tokenizer.json` is missing or is none.
    #[error("cannot read the tokenizer {}", path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What the tokenizers library said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// `tokenizer.json` cannot be written.
    #[error("cannot write the tokenizer {}", path.display())]
    Save {
        /// The file.
        path: PathBuf,
        /// What the tokenizers library said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The tokenizer knows more tokens than the network has embeddings.
    #[error("the tokenizer of {} has {got} tokens, its network only {expected}", path.display())]
    Vocabulary {
        /// The weights' folder.
        path: PathBuf,
        /// Embeddings of the network.
        expected: usize,
        /// Tokens of the tokenizer.
        got: usize,
    },
    /// A limit so low that no text fits.
    #[error("a limit of {limit} tokens leaves no room for text")]
    Limit {
        /// The limit that was asked for.
        limit: usize,
    },
    /// A vocabulary from which no tokenizer can be made.
    #[error("cannot make a tokenizer of this vocabulary")]
    WordList {
        /// What the tokenizers library said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The tokenizer failed on a text.
    #[error("cannot tokenize {text:?}")]
    Text {
        /// The text.
        text: String,
        /// What the tokenizers library said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A text does not fit and may not be truncated.
    #[error("{text:?} has {tokens} tokens, the limit is {limit}")]
    TooLong {
        /// The text.
        text: String,
        /// Its tokens, begin and end included.
        tokens: usize,
        /// Tokens that fit, begin and end included.
        limit: usize,
    },
    /// The weights could not be loaded.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The network failed.
    #[error("the text encoder failed")]
    Network(#[from] candle_core::Error),
}

/// Mean of tokens (B,L,W) over those whose mask (B,L) is 1: (B,W).
pub(super) fn masked_mean(tokens: &Tensor, mask: &Tensor) -> Computed<Tensor> {
    let (b, l, w) = tokens.dims3()?;
    let weights = mask.to_dtype(tokens.dtype())?.reshape((b, 1, l))?;
    let sums = weights.matmul(&tokens.contiguous()?)?.reshape((b, w))?; // (B,W)
    let counts = mask.to_dtype(DType::F32)?.sum(1)?.maximum(1f64)?.to_dtype(tokens.dtype())?; // (B)
    sums.broadcast_div(&counts.reshape((b, 1))?)
}
