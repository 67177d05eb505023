//! The autoencoder from a folder.

use std::path::Path;

use candle_core::{DType, Device};

use super::{AutoencoderKl, AutoencoderKlConfig};
use crate::checkpoint::{CheckpointError, Naming, check, load, read_json};

/// What diffusers called the layers of the middle attention before version 0.18, as Stable Diffusion 1.x's files still do.
const OLD_NAMES: [(&str, &str); 16] = [
    ("encoder.mid_block.attentions.0.to_q.weight", "encoder.mid_block.attentions.0.query.weight"),
    ("encoder.mid_block.attentions.0.to_q.bias", "encoder.mid_block.attentions.0.query.bias"),
    ("encoder.mid_block.attentions.0.to_k.weight", "encoder.mid_block.attentions.0.key.weight"),
    ("encoder.mid_block.attentions.0.to_k.bias", "encoder.mid_block.attentions.0.key.bias"),
    ("encoder.mid_block.attentions.0.to_v.weight", "encoder.mid_block.attentions.0.value.weight"),
    ("encoder.mid_block.attentions.0.to_v.bias", "encoder.mid_block.attentions.0.value.bias"),
    ("encoder.mid_block.attentions.0.to_out.0.weight", "encoder.mid_block.attentions.0.proj_attn.weight"),
    ("encoder.mid_block.attentions.0.to_out.0.bias", "encoder.mid_block.attentions.0.proj_attn.bias"),
    ("decoder.mid_block.attentions.0.to_q.weight", "decoder.mid_block.attentions.0.query.weight"),
    ("decoder.mid_block.attentions.0.to_q.bias", "decoder.mid_block.attentions.0.query.bias"),
    ("decoder.mid_block.attentions.0.to_k.weight", "decoder.mid_block.attentions.0.key.weight"),
    ("decoder.mid_block.attentions.0.to_k.bias", "decoder.mid_block.attentions.0.key.bias"),
    ("decoder.mid_block.attentions.0.to_v.weight", "decoder.mid_block.attentions.0.value.weight"),
    ("decoder.mid_block.attentions.0.to_v.bias", "decoder.mid_block.attentions.0.value.bias"),
    ("decoder.mid_block.attentions.0.to_out.0.weight", "decoder.mid_block.attentions.0.proj_attn.weight"),
    ("decoder.mid_block.attentions.0.to_out.0.bias", "decoder.mid_block.attentions.0.proj_attn.bias"),
];

impl AutoencoderKl {
    /// Loads `config.json` and the weights of a folder.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub fn load(folder: &Path, kind: (DType, &Device)) -> Result<Self, CheckpointError> {
        let config: AutoencoderKlConfig = read_json(&folder.join("config.json"))?;
        let naming = Naming { aliases: &OLD_NAMES, ..Naming::default() };
        load(folder, naming, kind, |vb| Self::new(vb, &config))
    }

    /// Holds the headers of a folder's files against its configuration.
    ///
    /// # Errors
    /// As [`Self::load`], but for what is wrong with the tensors' contents.
    pub fn check(folder: &Path) -> Result<(), CheckpointError> {
        let config: AutoencoderKlConfig = read_json(&folder.join("config.json"))?;
        let naming = Naming { aliases: &OLD_NAMES, ..Naming::default() };
        check(folder, naming, |vb| Self::new(vb, &config))
    }
}
