//! CLIPScore's eyes: the trained CLIP, both towers, behind the metrics' trait.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use candle_core::{DType, Device, Tensor};
use gentron_metrics::frechet::ImageFeatures;
use gentron_metrics::pixels::{Filter, shorter_side_and_crop};
use gentron_metrics::{ImageText, MetricError};
use gentron_model::checkpoint;
use gentron_model::ops::single_threaded;
use gentron_model::text::TextTokenizer;
use gentron_model::text::clip::{Activation, ClipConfig, ClipModel, pixels, read_tokenizer};
use image::RgbImage;

use crate::device;
use crate::failure::Explain as _;
use crate::weights::HOW_TO_GET;

/// The CLIP of the official CLIPScore.
pub const OFFICIAL: &str = "clip-vit-base-patch32";

/// How grey levels become floats for a CLIP, in words.
pub const NORMALIZATION: &str = "grey/255, mean 0.48145466 0.4578275 0.40821073, std 0.26862954 0.26130258 0.27577711";

/// What a CLIP is called: by its sizes, not by its folder, which anybody may rename. OpenAI's three that published numbers are of have
/// their published names, and the one that comes with this repository its own.
pub fn name_of(config: &ClipConfig) -> String {
    let (text, vision) = (&config.text_config, &config.vision_config);
    // OpenCLIP has others of the same sizes, with another non-linearity.
    let openai = [text.hidden_act, vision.hidden_act] == [Activation::QuickGelu; 2];
    let towers = [text.hidden_size, text.num_hidden_layers, vision.hidden_size, vision.num_hidden_layers];
    let known = match (towers, [vision.patch_size, vision.image_size, config.projection_dim], text.vocab_size) {
        ([512, 12, 768, 12], [32, 224, 512], 49408) => Some(OFFICIAL),
        ([768, 12, 1024, 24], [14, 224, 768], 49408) => Some("clip-vit-large-patch14"),
        ([768, 12, 1024, 24], [14, 336, 768], 49408) => Some("clip-vit-large-patch14-336"),
        ([128, 3, 128, 3], [8, 64, 64], 92) => Some("clip-shapes"),
        _ => None,
    };
    let sizes = || {
        let [.., width, layers] = towers;
        format!("clip-{width}x{layers}-patch{}-{}", vision.patch_size, vision.image_size)
    };
    known.filter(|_| openai).map_or_else(sizes, str::to_owned)
}

/// Image-text cosines by a CLIP. Each text is embedded once.
pub struct ClipSimilarity {
    id: String,
    model: ClipModel,
    tokenizer: TextTokenizer,
    device: Device,
    /// Embeddings (1,P) of the texts seen so far.
    texts: Mutex<HashMap<String, Tensor>>,
}

impl ClipSimilarity {
    /// Loads a folder with both towers and the tokenizer, one of the weights that come with the repository.
    ///
    /// # Errors
    /// A file is missing, damaged, or of another shape than `config.json` says.
    pub fn load(folder: &Path) -> anyhow::Result<Self> {
        Self::load_for(folder, HOW_TO_GET)
    }

    /// The same of a folder that the user named; `hint` says what it should be.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_for(folder: &Path, hint: &str) -> anyhow::Result<Self> {
        let explain = || (format!("cannot load CLIP from {}", folder.display()), hint);
        let device = device::device()?;
        let config: ClipConfig = checkpoint::read_json(&folder.join("config.json")).explain(explain)?;
        let tokenizer = read_tokenizer(folder, &config.text_config).explain(explain)?;
        let model = ClipModel::load(folder, (DType::F32, &device)).explain(explain)?;
        Ok(Self::new(name_of(&config), model, tokenizer, &device))
    }

    /// Of parts that were loaded otherwise, the model on `device`.
    pub fn new(id: String, model: ClipModel, tokenizer: TextTokenizer, device: &Device) -> Self {
        Self { id, model, tokenizer, device: device.clone(), texts: Mutex::default() }
    }

    /// Whose weights they are, as far as the sizes tell.
    pub fn licence(&self) -> Option<&'static str> {
        match self.id.as_str() {
            id if id.starts_with("clip-vit-") => Some("MIT (OpenAI CLIP)"),
            "clip-shapes" => Some("MIT OR Apache-2.0, part of gentron"),
            _ => None,
        }
    }

    /// How a picture gets its size, in words.
    pub fn resize(&self) -> String {
        let size = self.model.config().vision_config.image_size;
        format!("shorter side {size}, Pillow's 8-bit bicubic, centre crop")
    }

    /// The network.
    pub fn model(&self) -> &ClipModel {
        &self.model
    }

    fn embed_text(&self, text: &str) -> anyhow::Result<Tensor> {
        let lock = || self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(text) {
            return Ok(known.clone());
        }
        let tokens = self.tokenizer.encode(&[text])?;
        let embedding = self.model.embed_text(&tokens.ids(&self.device)?)?;
        lock().insert(text.to_owned(), embedding.clone());
        Ok(embedding)
    }

    /// The image as CLIP's authors prepare it: shorter side by Pillow's bicubic, centre crop, their normalisation. A picture of the
    /// network's own size stays as it is. (1,3,S,S)
    fn prepared(&self, image: &RgbImage) -> anyhow::Result<Tensor> {
        let size = self.model.config().vision_config.image_size;
        let seen = shorter_side_and_crop(image, size as u32, Filter::Bicubic)?;
        Ok(pixels(&[&seen], size, &self.device)?)
    }

    /// Cosine of a text with what `prepare` makes of an image.
    ///
    /// # Errors
    /// [`MetricError::Backend`] where the network or the tokenizer fails.
    pub fn cosine_of(
        &self,
        text: &str,
        prepare: impl FnOnce(&Device) -> anyhow::Result<Tensor>,
    ) -> Result<f64, MetricError> {
        let compare = || -> anyhow::Result<f64> {
            let image = self.model.embed_image(&prepare(&self.device)?)?; // (1,P)
            let cosine = ClipModel::cosines(&image, &self.embed_text(text)?)?; // (1,1)
            Ok(f64::from(cosine.to_vec2::<f32>()?[0][0]))
        };
        // One image at a time and one thread: the bits must not depend on who else is scored.
        single_threaded(compare)
            .map_err(|source| MetricError::Backend { backend: self.id.clone(), source: source.into() })
    }
}

impl ImageText for ClipSimilarity {
    fn id(&self) -> &str {
        &self.id
    }

    fn cosine(&self, image: &RgbImage, text: &str) -> Result<f64, MetricError> {
        self.cosine_of(text, |_| self.prepared(image))
    }
}

impl ImageFeatures for ClipSimilarity {
    fn id(&self) -> &str {
        &self.id
    }

    fn width(&self) -> usize {
        self.model.config().projection_dim
    }

    /// Embeddings of length 1.
    fn features(&self, images: &[&RgbImage]) -> Result<Vec<f32>, MetricError> {
        let row = |image: &RgbImage| -> anyhow::Result<Vec<f32>> {
            let embedded = single_threaded(|| Ok::<_, anyhow::Error>(self.model.embed_image(&self.prepared(image)?)?))?;
            let row = embedded.flatten_all()?.to_vec1::<f32>()?;
            let length = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
            Ok(row.into_iter().map(|x| (f64::from(x) / length) as f32).collect())
        };
        let rows: anyhow::Result<Vec<Vec<f32>>> = images.iter().map(|image| row(image)).collect();
        let failed = |source: anyhow::Error| MetricError::Backend { backend: self.id.clone(), source: source.into() };
        Ok(rows.map_err(failed)?.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_is_called_by_its_sizes() {
        let official = ClipConfig::default();
        assert_eq!(name_of(&official), OFFICIAL);
        let mut large = official.clone();
        (large.text_config.hidden_size, large.projection_dim) = (768, 768);
        (large.vision_config.hidden_size, large.vision_config.num_hidden_layers) = (1024, 24);
        (large.vision_config.patch_size, large.vision_config.image_size) = (14, 336);
        assert_eq!(name_of(&large), "clip-vit-large-patch14-336");
        large.vision_config.image_size = 224;
        assert_eq!(name_of(&large), "clip-vit-large-patch14");
        let mut open = official;
        open.vision_config.hidden_act = Activation::Gelu;
        assert_eq!(name_of(&open), "clip-768x12-patch32-224");
    }

    #[test]
    fn those_of_the_repository_keep_their_names() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let named = |folder: &str| name_of(&checkpoint::read_json(&root.join(folder).join("config.json")).unwrap());
        assert_eq!(named("weights/clip-shapes"), "clip-shapes");
        assert_eq!(named("tests/goldens/metrics/pickscore"), "clip-10x2-patch7-28");
    }

    #[test]
    fn a_folder_that_is_no_clip_says_what_it_should_be() {
        let folder = tempfile::tempdir().unwrap();
        let refused = ClipSimilarity::load_for(folder.path(), "name a CLIP").err().unwrap();
        let hint = refused.downcast_ref::<crate::failure::Explained>().map(|explained| explained.hint.as_str());
        assert_eq!(hint, Some("name a CLIP"));
    }
}
