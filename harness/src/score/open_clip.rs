//! OpenCLIP's names of a CLIP's tensors, as HPSv2 is published in, to those of transformers, which are ours.

use std::collections::HashMap;

use candle_core::Tensor;
use gentron_metrics::MetricError;
use gentron_metrics::weights::TensorSource;
use gentron_model::text::clip::{Activation, ClipConfig, ClipTextConfig, ClipVisionConfig};

/// Sizes of OpenCLIP's ViT-H-14.
pub fn vit_h_14() -> ClipConfig {
    ClipConfig {
        text_config: ClipTextConfig {
            hidden_size: 1024,
            intermediate_size: 4096,
            num_hidden_layers: 24,
            num_attention_heads: 16,
            hidden_act: Activation::Gelu,
            ..ClipTextConfig::default()
        },
        vision_config: ClipVisionConfig {
            hidden_size: 1280,
            intermediate_size: 5120,
            num_hidden_layers: 32,
            num_attention_heads: 16,
            patch_size: 14,
            hidden_act: Activation::Gelu,
            ..ClipVisionConfig::default()
        },
        projection_dim: 1024,
        ..ClipConfig::default()
    }
}

/// Every tensor under transformers' name: packed projections are taken apart, matrices that are multiplied from the right are turned.
///
/// # Errors
/// Those of the source.
pub fn tensors(source: &dyn TensorSource, config: &ClipConfig) -> Result<HashMap<String, Tensor>, MetricError> {
    let (text, vision, shared) = (&config.text_config, &config.vision_config, config.projection_dim);
    let mut renamed = Renamed { source, tensors: HashMap::new() };
    let (d, p) = (text.hidden_size, vision.patch_size);
    renamed.copy("token_embedding.weight", "text_model.embeddings.token_embedding.weight", &[text.vocab_size, d])?;
    let positions = [text.max_position_embeddings, d];
    renamed.copy("positional_embedding", "text_model.embeddings.position_embedding.weight", &positions)?;
    for layer in 0..text.num_hidden_layers {
        let (from, to) = (format!("transformer.resblocks.{layer}"), format!("text_model.encoder.layers.{layer}"));
        renamed.layer(&from, &to, (d, text.intermediate_size))?;
    }
    renamed.pair("ln_final", "text_model.final_layer_norm", &[d])?;
    renamed.turned("text_projection", "text_projection.weight", (d, shared))?;
    renamed.copy("logit_scale", "logit_scale", &[])?;
    // The causal mask, in files of older versions.
    source.ignored("attn_mask", &[positions[0], positions[0]]);

    let d = vision.hidden_size;
    let count = (vision.image_size / p).pow(2) + 1;
    renamed.copy("visual.class_embedding", "vision_model.embeddings.class_embedding", &[d])?;
    renamed.copy("visual.positional_embedding", "vision_model.embeddings.position_embedding.weight", &[count, d])?;
    let patches = [d, vision.num_channels, p, p];
    renamed.copy("visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight", &patches)?;
    renamed.pair("visual.ln_pre", "vision_model.pre_layrnorm", &[d])?;
    for layer in 0..vision.num_hidden_layers {
        let from = format!("visual.transformer.resblocks.{layer}");
        renamed.layer(&from, &format!("vision_model.encoder.layers.{layer}"), (d, vision.intermediate_size))?;
    }
    renamed.pair("visual.ln_post", "vision_model.post_layernorm", &[d])?;
    renamed.turned("visual.proj", "visual_projection.weight", (d, shared))?;
    Ok(renamed.tensors)
}

struct Renamed<'a> {
    source: &'a dyn TensorSource,
    tensors: HashMap<String, Tensor>,
}

impl Renamed<'_> {
    fn copy(&mut self, from: &str, to: &str, shape: &[usize]) -> Result<(), MetricError> {
        let tensor = self.source.tensor(from, shape)?;
        self.tensors.insert(to.to_owned(), tensor);
        Ok(())
    }

    /// `weight` of this shape, and `bias` of its first side.
    fn pair(&mut self, from: &str, to: &str, shape: &[usize]) -> Result<(), MetricError> {
        self.copy(&format!("{from}.weight"), &format!("{to}.weight"), shape)?;
        self.copy(&format!("{from}.bias"), &format!("{to}.bias"), &shape[..1])
    }

    /// (inner, outer) → (outer, inner)
    fn turned(&mut self, from: &str, to: &str, (inner, outer): (usize, usize)) -> Result<(), MetricError> {
        let turned = self.source.tensor(from, &[inner, outer])?.t().and_then(|tensor| tensor.contiguous());
        self.tensors.insert(to.to_owned(), turned.map_err(failed)?);
        Ok(())
    }

    fn layer(&mut self, from: &str, to: &str, (d, inner): (usize, usize)) -> Result<(), MetricError> {
        for part in ["weight", "bias"] {
            let shape = if part == "weight" { vec![3 * d, d] } else { vec![3 * d] };
            let packed = self.source.tensor(&format!("{from}.attn.in_proj_{part}"), &shape)?;
            for (i, name) in ["q_proj", "k_proj", "v_proj"].into_iter().enumerate() {
                let own = packed.narrow(0, i * d, d).and_then(|tensor| tensor.copy()).map_err(failed)?;
                self.tensors.insert(format!("{to}.self_attn.{name}.{part}"), own);
            }
        }
        self.pair(&format!("{from}.attn.out_proj"), &format!("{to}.self_attn.out_proj"), &[d, d])?;
        self.pair(&format!("{from}.ln_1"), &format!("{to}.layer_norm1"), &[d])?;
        self.pair(&format!("{from}.ln_2"), &format!("{to}.layer_norm2"), &[d])?;
        self.pair(&format!("{from}.mlp.c_fc"), &format!("{to}.mlp.fc1"), &[inner, d])?;
        self.pair(&format!("{from}.mlp.c_proj"), &format!("{to}.mlp.fc2"), &[d, inner])
    }
}

fn failed(source: candle_core::Error) -> MetricError {
    MetricError::Network { network: "open-clip".to_owned(), source }
}
