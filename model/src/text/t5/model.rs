//! The encoder alone, and with the decoder that span corruption trains it through.
//! transformers: `T5EncoderModel`, `T5ForConditionalGeneration`.

use candle_core::{D, Result, Tensor};
use candle_nn::VarBuilder;

use super::T5Config;
use super::position::Direction;
use super::stack::Stack;
use crate::checkpoint::Naming;
use crate::parameter_types;
use crate::text::parameter::{Linear, normal};

/// T5's encoder.
#[derive(Clone, Debug)]
pub struct T5Encoder {
    shared: Tensor, // (V,D)
    encoder: Stack,
    config: T5Config,
}

impl T5Encoder {
    /// How checkpoints name what belongs to the encoder: the embedding has several names, the decoder is left out.
    pub const NAMING: Naming<'static> = Naming {
        prefix: "",
        ignore: &["decoder.", "lm_head."],
        aliases: &[("shared.weight", "encoder.embed_tokens.weight")],
    };

    /// Reads (or creates) `shared` and `encoder` below `vb`.
    ///
    /// # Errors
    /// Where the configuration is contradictory, or a tensor is missing or of another shape.
    pub fn new(vb: VarBuilder, config: &T5Config) -> Result<Self> {
        if let Some(problem) = config.problem() {
            candle_core::bail!("T5 configuration: {problem}");
        }
        // 1 in transformers. With tied output weights, whose input is scaled by d_model^-0.5, it gives logits of variance one.
        let shared =
            parameter_types::other(&vb.pp("shared"), (config.vocab_size, config.d_model), "weight", normal(1.0))?;
        let encoder = Stack::new(vb.pp("encoder"), config, config.num_layers, Direction::Both)?;
        Ok(Self { shared, encoder, config: config.clone() })
    }

    /// The sizes that it was built with.
    pub fn config(&self) -> &T5Config {
        &self.config
    }

    /// Token ids (B,L), u32 → (B,L,D). `mask` (B,L) is 0 where a token is padding, which no other token then sees.
    pub fn forward(&self, ids: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        self.encoder.encode(self.embed(ids)?, mask)
    }

    fn embed(&self, ids: &Tensor) -> Result<Tensor> {
        let (b, l) = ids.dims2()?;
        self.shared.index_select(&ids.flatten_all()?, 0)?.reshape((b, l, self.config.d_model))
    }
}

/// T5, encoder and decoder.
#[derive(Clone, Debug)]
pub struct T5Model {
    encoder: T5Encoder,
    decoder: Stack,
    lm_head: Option<Linear>, // None: the embedding
}

impl T5Model {
    /// How checkpoints name what belongs to the whole: the embedding has several names.
    pub fn naming(config: &T5Config) -> Naming<'static> {
        const TIED: [(&str, &str); 3] = [
            ("shared.weight", "encoder.embed_tokens.weight"),
            ("shared.weight", "decoder.embed_tokens.weight"),
            ("shared.weight", "lm_head.weight"),
        ];
        let aliases = if config.tie_word_embeddings { &TIED } else { &TIED[..2] };
        Naming { aliases, ..Naming::default() }
    }

    /// Reads (or creates) `shared`, `encoder`, `decoder` and, unless it is tied, `lm_head` below `vb`.
    ///
    /// # Errors
    /// Where the configuration is contradictory, or a tensor is missing or of another shape.
    pub fn new(vb: VarBuilder, config: &T5Config) -> Result<Self> {
        let (d, vocabulary) = (config.d_model, config.vocab_size);
        let encoder = T5Encoder::new(vb.clone(), config)?;
        let decoder = Stack::new(vb.pp("decoder"), config, config.decoder_layers(), Direction::Back)?;
        // Logits of variance one at the start (ours: transformers begins with a deviation of one, and thus of sqrt(d_model)).
        let untied = || Linear::without_bias(vb.pp("lm_head"), d, vocabulary, (d as f64).sqrt().recip());
        Ok(Self { encoder, decoder, lm_head: (!config.tie_word_embeddings).then(untied).transpose()? })
    }

    /// The encoder.
    pub fn encoder(&self) -> &T5Encoder {
        &self.encoder
    }

    /// What the decoder says next after each of `ids` (B,T), u32, given the encoder's states `memory` (B,L,D) with their
    /// `mask` (B,L): logits (B,T,V).
    pub fn decode(&self, ids: &Tensor, memory: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let states = self.decoder.decode(self.encoder.embed(ids)?, memory, mask)?;
        match &self.lm_head {
            Some(head) => head.forward(&states),
            None => {
                let scale = (self.encoder.config.d_model as f64).sqrt().recip();
                crate::ops::linear(&(states * scale)?, &self.encoder.shared, None)
            }
        }
    }

    /// Mean cross entropy in nats of `labels` (B,T), u32, whose paddings do not count, given `ids` (B,L) with `mask` (B,L).
    ///
    /// # Errors
    /// Where shapes do not fit, or there is no label.
    pub fn loss(&self, ids: &Tensor, mask: Option<&Tensor>, labels: &Tensor) -> Result<Tensor> {
        let memory = self.encoder.forward(ids, mask)?;
        let logits = self.decode(&self.shift_right(labels)?, &memory, mask)?; // (B,T,V)
        let log_p =
            candle_nn::ops::log_softmax(&logits, D::Minus1)?.gather(&labels.unsqueeze(D::Minus1)?, D::Minus1)?;
        let counts = labels.ne(self.encoder.config.pad_token_id)?.to_dtype(logits.dtype())?; // (B,T)
        let sum = (log_p.squeeze(D::Minus1)? * &counts)?.sum_all()?;
        sum.div(&counts.sum_all()?)?.neg()
    }

    /// What the decoder reads to say `labels` (B,T): a padding, then all but the last.
    pub fn shift_right(&self, labels: &Tensor) -> Result<Tensor> {
        let (b, t) = labels.dims2()?;
        let start = Tensor::full(self.encoder.config.pad_token_id, (b, 1), labels.device())?;
        Tensor::cat(&[&start, &labels.narrow(1, 0, t - 1)?], 1)
    }
}
