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
use gentron_model::text::clip::{ClipConfig, ClipModel, pixels, read_tokenizer};
use image::RgbImage;

use crate::device;
use crate::failure::Explain as _;
use crate::weights::HOW_TO_GET;

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
    /// Loads a folder with both towers and the tokenizer.
    ///
    /// # Errors
    /// A file is missing, damaged, or of another shape than `config.json` says.
    pub fn load(folder: &Path) -> anyhow::Result<Self> {
        let explain = || (format!("cannot load CLIP from {}", folder.display()), HOW_TO_GET);
        let device = device::device();
        let config: ClipConfig = checkpoint::read_json(&folder.join("config.json")).explain(explain)?;
        let tokenizer = read_tokenizer(folder, &config.text_config).explain(explain)?;
        let model = ClipModel::load(folder, (DType::F32, &device)).explain(explain)?;
        let id = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self::new(id, model, tokenizer))
    }

    /// Of parts that were loaded otherwise.
    pub fn new(id: String, model: ClipModel, tokenizer: TextTokenizer) -> Self {
        Self { id, model, tokenizer, device: device::device(), texts: Mutex::default() }
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
