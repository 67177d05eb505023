//! The two published layouts of one network.

use std::path::Path;

use candle_core::Device;

use super::config::{BlipConfig, VitConfig};
use super::network::BlipNetwork;
use crate::error::MetricError;
use crate::weights::{Renamed, WeightsFile};

/// Who wrote the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// `model_base_vqa_capfilt_large.pth` of salesforce/BLIP, or a safetensors file of the same names: what
    /// T2I-CompBench scores with.
    Original,
    /// `Salesforce/blip-vqa-capfilt-large` as transformers writes it, `model.safetensors` or `pytorch_model.bin`.
    ///
    /// Not the same numbers: it was converted at 384 pixels, and its ViT normalises with ε = 1e-5. We put `[ENC]` before
    /// the question, as in training; transformers' own pipeline leaves `[CLS]` there.
    HuggingFace,
}

impl Layout {
    /// How a statement names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::HuggingFace => "hugging-face",
        }
    }

    /// Sizes of the published network in this layout.
    #[must_use]
    pub fn config(self) -> BlipConfig {
        match self {
            Self::Original => BlipConfig::default(),
            Self::HuggingFace => BlipConfig {
                vit: VitConfig { image: 384, ln_eps: 1e-5, ..VitConfig::default() },
                ..BlipConfig::default()
            },
        }
    }

    /// Reads the network, every tensor accounted for; also the file's digest.
    ///
    /// # Errors
    /// [`MetricError::WeightsFile`] where the file cannot be read, [`MetricError::Weights`] with every tensor that is
    /// missing, mis-shaped or left over.
    pub fn open(self, path: &Path, config: &BlipConfig, device: &Device) -> Result<(BlipNetwork, String), MetricError> {
        // The original is a training checkpoint of which the network is one entry; safetensors have no entries.
        let key = (self == Self::Original).then_some("model");
        let file = WeightsFile::open(path, key, device)?;
        let network = match self {
            Self::Original => BlipNetwork::load(&file, config),
            Self::HuggingFace => BlipNetwork::load(&Renamed { source: &file, rename: hugging_face }, config),
        }?;
        file.finish()?;
        Ok((network, file.sha256().to_owned()))
    }
}

/// transformers' name of a tensor: only the eye is called otherwise.
pub(super) fn hugging_face(name: &str) -> String {
    let Some(rest) = name.strip_prefix("visual_encoder.") else { return name.to_owned() };
    let at_the_top = [
        ("cls_token", "embeddings.class_embedding"),
        ("pos_embed", "embeddings.position_embedding"),
        ("patch_embed.proj.", "embeddings.patch_embedding."),
        ("norm.", "post_layernorm."),
    ];
    if let Some((ours, theirs)) = at_the_top.into_iter().find(|(ours, _)| rest.starts_with(ours)) {
        return format!("vision_model.{theirs}{}", &rest[ours.len()..]);
    }
    let rest =
        rest.replace("blocks.", "layers.").replace(".norm1.", ".layer_norm1.").replace(".norm2.", ".layer_norm2.");
    format!(
        "vision_model.encoder.{}",
        rest.replace(".attn.proj.", ".self_attn.projection.").replace(".attn.", ".self_attn.")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_transformers() {
        for (ours, theirs) in [
            ("visual_encoder.cls_token", "vision_model.embeddings.class_embedding"),
            ("visual_encoder.patch_embed.proj.bias", "vision_model.embeddings.patch_embedding.bias"),
            ("visual_encoder.norm.weight", "vision_model.post_layernorm.weight"),
            ("visual_encoder.blocks.3.norm1.bias", "vision_model.encoder.layers.3.layer_norm1.bias"),
            ("visual_encoder.blocks.3.attn.qkv.weight", "vision_model.encoder.layers.3.self_attn.qkv.weight"),
            ("visual_encoder.blocks.11.attn.proj.bias", "vision_model.encoder.layers.11.self_attn.projection.bias"),
            ("visual_encoder.blocks.0.mlp.fc1.bias", "vision_model.encoder.layers.0.mlp.fc1.bias"),
            ("text_decoder.bert.embeddings.LayerNorm.bias", "text_decoder.bert.embeddings.LayerNorm.bias"),
        ] {
            assert_eq!(hugging_face(ours), theirs);
        }
    }
}
