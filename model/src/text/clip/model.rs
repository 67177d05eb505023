//! Both towers, projected into the space where they are compared. transformers: `CLIPModel`.

use std::path::Path;

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{Init, VarBuilder};

use super::{ClipConfig, ClipTextModel, ClipVisionModel};
use crate::checkpoint::{CheckpointError, Naming, load, read_json};
use crate::ops;
use crate::parameter_types;
use crate::text::parameter::Linear;

/// CLIP.
#[derive(Clone, Debug)]
pub struct ClipModel {
    text_model: ClipTextModel,
    vision_model: ClipVisionModel,
    text_projection: Linear,
    visual_projection: Linear,
    logit_scale: Tensor, // ()
    config: ClipConfig,
}

impl ClipModel {
    /// Checkpoint keys that older transformers wrote and that hold no weights.
    pub const BUFFERS: [&str; 2] = ["text_model.embeddings.position_ids", "vision_model.embeddings.position_ids"];

    /// Reads (or creates) all tensors below `vb`.
    ///
    /// # Errors
    /// Where the configuration is contradictory, or a tensor is missing or of another shape.
    pub fn new(vb: VarBuilder, config: &ClipConfig) -> Result<Self> {
        let projection = |name: &str, width: usize| {
            Linear::without_bias(vb.pp(name), width, config.projection_dim, (width as f64).sqrt().recip())
        };
        Ok(Self {
            text_model: ClipTextModel::new(vb.pp("text_model"), &config.text_config)?,
            vision_model: ClipVisionModel::new(vb.pp("vision_model"), &config.vision_config)?,
            text_projection: projection("text_projection", config.text_config.hidden_size)?,
            visual_projection: projection("visual_projection", config.vision_config.hidden_size)?,
            logit_scale: parameter_types::other(&vb, (), "logit_scale", Init::Const(config.logit_scale_init_value))?,
            config: config.clone(),
        })
    }

    /// Loads `config.json` and the weights of a folder.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub fn load(folder: &Path, kind: (DType, &Device)) -> std::result::Result<Self, CheckpointError> {
        let config: ClipConfig = read_json(&folder.join("config.json"))?;
        let naming = Naming { ignore: &Self::BUFFERS, ..Naming::default() };
        load(folder, naming, kind, |vb| Self::new(vb, &config))
    }

    /// The sizes that it was built with.
    pub fn config(&self) -> &ClipConfig {
        &self.config
    }

    /// The text tower.
    pub fn text_model(&self) -> &ClipTextModel {
        &self.text_model
    }

    /// Token ids (B,L), u32 → (B,P), P the `projection_dim`; not normalised.
    pub fn embed_text(&self, ids: &Tensor) -> Result<Tensor> {
        self.text_projection.forward(&self.text_model.forward(ids)?.pooled)
    }

    /// Normalised pixels (B,C,S,S) → (B,P); not normalised.
    pub fn embed_image(&self, pixels: &Tensor) -> Result<Tensor> {
        self.visual_projection.forward(&self.vision_model.forward(pixels)?)
    }

    /// What the contrastive loss multiplies cosines by: the exponential of the learnt `logit_scale`.
    pub fn scale(&self) -> Result<f64> {
        Ok(f64::from(self.logit_scale.to_dtype(DType::F32)?.to_scalar::<f32>()?).exp())
    }

    /// Cosines of each image (B,P) with each text (B',P), -1..1: (B,B').
    pub fn cosines(image: &Tensor, text: &Tensor) -> Result<Tensor> {
        // A product of (B,P) and (P,B'), with both gradients.
        ops::linear(&unit(image)?, &unit(text)?, None)
    }

    /// [`ClipModel::cosines`] times the learnt scale, for the contrastive loss: (B,B').
    pub fn logits(&self, image: &Tensor, text: &Tensor) -> Result<Tensor> {
        Self::cosines(image, text)?.broadcast_mul(&self.logit_scale.exp()?)
    }

    /// The symmetric cross entropy of the logits of B pairs, in nats; a scalar (Radford et al. 2021, figure 3). Texts beyond the B-th
    /// belong to no image: every image is to tell its own text from them, too (Yuksekgonul et al. 2023, section 4.1).
    pub fn contrastive_loss(&self, image: &Tensor, text: &Tensor) -> Result<Tensor> {
        let logits = self.logits(image, text)?; // (B,B+N)
        let n = logits.dim(0)?;
        let pairs = Tensor::eye(n, logits.dtype(), logits.device())?;
        let nll = |logits: &Tensor| {
            let right = (candle_nn::ops::log_softmax(logits, D::Minus1)?.narrow(1, 0, n)? * &pairs)?;
            right.sum(D::Minus1)?.mean(0)
        };
        (nll(&logits)? + nll(&logits.narrow(1, 0, n)?.t()?)?)?.affine(-0.5, 0.0)
    }
}

/// (B,P) with rows of length one.
fn unit(x: &Tensor) -> Result<Tensor> {
    x.broadcast_div(&x.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?)
}
