//! CLIPScore's eyes: the trained CLIP, both towers, behind the metrics' trait.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use candle_core::{DType, Device, Tensor};
use gentron_metrics::frechet::ImageFeatures;
use gentron_metrics::pixels::{Filter, shorter_side_and_crop};
use gentron_metrics::{ImageText, MetricError};
use gentron_model::checkpoint::{self, Naming};
use gentron_model::ops::single_threaded;
use gentron_model::text::clip::{ClipConfig, ClipModel, ClipTextEncoder, pixels};
use image::RgbImage;

use crate::device;
use crate::failure::Explain as _;
use crate::weights::HOW_TO_GET;

/// Image-text cosines by a CLIP. Each text is embedded once.
pub struct ClipSimilarity {
    id: String,
    model: ClipModel,
    /// Its tokenizer is what is needed of it.
    text: ClipTextEncoder,
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
        let text = ClipTextEncoder::load(folder, "clip", (DType::F32, &device)).explain(explain)?;
        let config: ClipConfig = checkpoint::read_json(&folder.join("config.json")).explain(explain)?;
        let naming = Naming { ignore: &ClipModel::BUFFERS, ..Naming::default() };
        let model = checkpoint::load(folder, naming, (DType::F32, &device), |vb| ClipModel::new(vb, &config));
        let model = model.explain(explain)?;
        let id = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { id, model, text, device, texts: Mutex::default() })
    }

    fn embed_text(&self, text: &str) -> anyhow::Result<Tensor> {
        let lock = || self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(text) {
            return Ok(known.clone());
        }
        let tokens = self.text.tokenizer().encode(&[text])?;
        let embedding = self.model.embed_text(&tokens.ids(&self.device)?)?;
        lock().insert(text.to_owned(), embedding.clone());
        Ok(embedding)
    }

    /// The image as CLIP's authors prepare it: shorter side by Pillow's bicubic, centre crop, their normalisation. A picture of the
    /// network's own size stays as it is.
    fn embed_image(&self, image: &RgbImage) -> anyhow::Result<Tensor> {
        let size = self.model.config().vision_config.image_size;
        let seen = shorter_side_and_crop(image, size as u32, Filter::Bicubic)?;
        Ok(self.model.embed_image(&pixels(&[&seen], size, &self.device)?)?) // (1,P)
    }

    fn compare(&self, image: &RgbImage, text: &str) -> anyhow::Result<f64> {
        let image = self.embed_image(image)?;
        let cosine = ClipModel::cosines(&image, &self.embed_text(text)?)?; // (1,1)
        Ok(f64::from(cosine.to_vec2::<f32>()?[0][0]))
    }
}

impl ImageText for ClipSimilarity {
    fn id(&self) -> &str {
        &self.id
    }

    fn cosine(&self, image: &RgbImage, text: &str) -> Result<f64, MetricError> {
        // One image at a time and one thread: the bits must not depend on who else is scored.
        single_threaded(|| self.compare(image, text))
            .map_err(|source| MetricError::Backend { backend: self.id.clone(), source: source.into() })
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
            let row = single_threaded(|| self.embed_image(image))?.flatten_all()?.to_vec1::<f32>()?;
            let length = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
            Ok(row.into_iter().map(|x| (f64::from(x) / length) as f32).collect())
        };
        let rows: anyhow::Result<Vec<Vec<f32>>> = images.iter().map(|image| row(image)).collect();
        let failed = |source: anyhow::Error| MetricError::Backend { backend: self.id.clone(), source: source.into() };
        Ok(rows.map_err(failed)?.concat())
    }
}
