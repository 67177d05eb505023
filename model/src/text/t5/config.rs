//! T5's sizes, under the names of transformers' `config.json`; other fields of that file are ignored.

use serde::{Deserialize, Serialize};

/// The kind of feed-forward layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeedForward {
    /// `wo(gelu(wi_0 x) * wi_1 x)`: T5 1.1, Flan-T5.
    #[default]
    GatedGelu,
    /// `wo(relu(wi x))`: T5 1.0, which is not supported; what a configuration means that does not say.
    Relu,
}

/// Sizes of a T5; the default is Flan-T5-small's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct T5Config {
    /// Tokens known.
    pub vocab_size: usize,
    /// Width of a token.
    pub d_model: usize,
    /// Width of a head; heads times it need not be `d_model`.
    pub d_kv: usize,
    /// Width inside a feed-forward layer.
    pub d_ff: usize,
    /// Layers of the encoder.
    pub num_layers: usize,
    /// Layers of the decoder; `None` for as many.
    pub num_decoder_layers: Option<usize>,
    /// Heads of every attention.
    pub num_heads: usize,
    /// Classes of distance between two tokens.
    pub relative_attention_num_buckets: usize,
    /// Distance in tokens from which on all are in one class.
    pub relative_attention_max_distance: usize,
    /// Added to the mean square in every norm.
    pub layer_norm_epsilon: f64,
    /// The kind of feed-forward layer.
    #[serde(default = "when_not_said")]
    pub feed_forward_proj: FeedForward,
    /// Whether the decoder's output layer is the embedding.
    pub tie_word_embeddings: bool,
    /// Fills short texts, and begins what the decoder writes.
    pub pad_token_id: u32,
    /// Ends a text.
    pub eos_token_id: u32,
}

fn when_not_said() -> FeedForward {
    FeedForward::Relu
}

impl Default for T5Config {
    fn default() -> Self {
        Self {
            vocab_size: 32128,
            d_model: 512,
            d_kv: 64,
            d_ff: 1024,
            num_layers: 8,
            num_decoder_layers: None,
            num_heads: 6,
            relative_attention_num_buckets: 32,
            relative_attention_max_distance: 128,
            layer_norm_epsilon: 1e-6,
            feed_forward_proj: FeedForward::GatedGelu,
            tie_word_embeddings: false,
            pad_token_id: 0,
            eos_token_id: 1,
        }
    }
}

impl T5Config {
    /// Heads times their width: what queries, keys and values are projected to.
    pub fn inner(&self) -> usize {
        self.num_heads * self.d_kv
    }

    /// Layers of the decoder.
    pub fn decoder_layers(&self) -> usize {
        self.num_decoder_layers.unwrap_or(self.num_layers)
    }

    /// Says what no network can be built from, if anything.
    pub fn problem(&self) -> Option<String> {
        let (buckets, distance) = (self.relative_attention_num_buckets, self.relative_attention_max_distance);
        if self.feed_forward_proj != FeedForward::GatedGelu {
            return Some(
                "feed_forward_proj is \"relu\" (or is not there), only \"gated-gelu\" is supported".to_owned(),
            );
        }
        if buckets < 4 || buckets % 4 != 0 || distance <= buckets / 2 {
            return Some(format!(
                "relative_attention_num_buckets = {buckets} must be a multiple of 4 and \
                 relative_attention_max_distance = {distance} larger than half of it"
            ));
        }
        None
    }
}
