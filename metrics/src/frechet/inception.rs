//! Inception v3 of December 2015 as pytorch-fid runs it: pictures to 2048 features.

use std::path::Path;

use candle_core::{Device, Result as Candle, Tensor};
use image::RgbImage;

use super::bilinear::to_inception;
use super::blocks::{Mixed, Shape, conv};
use crate::error::MetricError;
use crate::kernels::{Conv, Window, max_pool, mean_over_area};
use crate::weights::{NetworkCard, TensorSource, WeightsFile, WeightsStatement};

/// What the network of FID is.
pub static FID_INCEPTION: NetworkCard = NetworkCard {
    id: "fid-inception",
    name: "Inception v3 of FID, pool3 (2048 features)",
    weights: "pt_inception-2015-12-05-6726825d.pth of mseitzer/pytorch-fid, or safetensors of the same names",
    licence: "Apache-2.0 (pytorch-fid; converted from TensorFlow's inception-2015-12-05)",
    resize: "299 x 299 on floats, bilinear without antialiasing (F.interpolate, align_corners=False), aspect ratio ignored",
    normalization: "2 · grey/255 − 1",
    known_problems: &[
        "Biased by the number of pictures: compare only equal numbers.",
        "Sensitive to how the pictures were resized and compressed before (arXiv 2104.11222).",
        "pytorch-fid differs from the original TensorFlow FID by the resize: 0.08 absolute on its own test.",
    ],
    reference: "Heusel et al., arXiv 1706.08500; mseitzer/pytorch-fid 0.3.0",
};

/// Turns pictures into vectors whose distribution is compared.
pub trait ImageFeatures: Send + Sync {
    /// Registry key of the network.
    fn id(&self) -> &str;

    /// Length of a vector.
    fn width(&self) -> usize;

    /// One vector a picture, one after the other: `images.len() * width` values. Sizes may differ.
    ///
    /// # Errors
    /// [`MetricError::ImageSize`] on a picture without pixels, [`MetricError::Network`] or [`MetricError::Backend`]
    /// where the network fails.
    fn features(&self, images: &[&RgbImage]) -> Result<Vec<f32>, MetricError>;
}

/// Side of the picture that the network sees.
const SIDE: usize = 299;

/// Features of a picture.
const WIDTH: usize = 2048;

/// The network.
pub struct Inception {
    /// Up to the second maximum, after which of them a maximum follows.
    stem: Vec<(Conv, bool)>,
    mixed: Vec<Mixed>,
    device: Device,
}

fn failed(source: candle_core::Error) -> MetricError {
    MetricError::Network { network: FID_INCEPTION.id.to_owned(), source }
}

impl Inception {
    /// Takes every tensor by its name in pytorch-fid's file, which are torchvision's.
    ///
    /// # Errors
    /// Those of the source.
    pub fn load(source: &dyn TensorSource, device: &Device) -> Result<Self, MetricError> {
        let plain = |out, side, stride, zeros| Shape(out, (side, side), stride, (zeros, zeros));
        let mut channels = 3;
        let mut stem = Vec::new();
        for (name, shape, pooled) in [
            ("Conv2d_1a_3x3", plain(32, 3, 2, 0), false),
            ("Conv2d_2a_3x3", plain(32, 3, 1, 0), false),
            ("Conv2d_2b_3x3", plain(64, 3, 1, 1), true),
            ("Conv2d_3b_1x1", plain(80, 1, 1, 0), false),
            ("Conv2d_4a_3x3", plain(192, 3, 1, 0), true),
        ] {
            stem.push((conv(source, name, channels, shape)?, pooled));
            channels = shape.0;
        }
        let mut mixed: Vec<Mixed> = Vec::new();
        let mut push = |block: Result<Mixed, MetricError>| {
            let block = block?;
            channels = block.channels();
            mixed.push(block);
            Ok::<_, MetricError>(channels)
        };
        let channels = push(Mixed::a(source, "Mixed_5b", 192, 32))?;
        let channels = push(Mixed::a(source, "Mixed_5c", channels, 64))?;
        let channels = push(Mixed::a(source, "Mixed_5d", channels, 64))?;
        let channels = push(Mixed::b(source, "Mixed_6a", channels))?;
        let channels = push(Mixed::c(source, "Mixed_6b", channels, 128))?;
        let channels = push(Mixed::c(source, "Mixed_6c", channels, 160))?;
        let channels = push(Mixed::c(source, "Mixed_6d", channels, 160))?;
        let channels = push(Mixed::c(source, "Mixed_6e", channels, 192))?;
        let channels = push(Mixed::d(source, "Mixed_7a", channels))?;
        let channels = push(Mixed::e(source, "Mixed_7b", channels, false))?;
        push(Mixed::e(source, "Mixed_7c", channels, true))?;
        // The classifier is in the file and not in the distance; its shape is looked at all the same.
        source.tensor("fc.weight", &[1008, WIDTH])?;
        source.tensor("fc.bias", &[1008])?;
        Ok(Self { stem, mixed, device: device.clone() })
    }

    /// Reads the file, every tensor accounted for.
    ///
    /// # Errors
    /// [`MetricError::WeightsFile`] where it cannot be read, [`MetricError::Weights`] with every tensor that is
    /// missing, mis-shaped or left over.
    pub fn open(path: &Path, device: &Device) -> Result<(Self, WeightsStatement), MetricError> {
        let file = WeightsFile::open(path, None, device)?;
        let network = Self::load(&file, device)?;
        file.finish()?;
        let (path, sha256) = (path.to_owned(), file.sha256().to_owned());
        Ok((network, WeightsStatement { card: FID_INCEPTION, path, sha256, layout: "pytorch-fid" }))
    }

    /// x (B, 3, 299, 299) in −1..1 → (B, 2048).
    ///
    /// # Errors
    /// [`MetricError::Network`] where the shape is another one.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, MetricError> {
        self.pool3(x).map_err(failed)
    }

    /// [`ImageFeatures::features`] of pictures that are resized to another side than FID's, 75 and more.
    pub(crate) fn features_at(&self, images: &[&RgbImage], side: usize) -> Result<Vec<f32>, MetricError> {
        let mut features = Vec::with_capacity(images.len() * WIDTH);
        // One at a time: every convolution already keeps all cores busy, and memory stays that of one picture.
        for image in images {
            let x = to_inception(&[image], side, &self.device)?;
            let row = self.forward(&x)?;
            features.extend(row.flatten_all().and_then(|row| row.to_vec1::<f32>()).map_err(failed)?);
        }
        Ok(features)
    }

    fn pool3(&self, x: &Tensor) -> Candle<Tensor> {
        let mut x = x.clone();
        for (conv, pooled) in &self.stem {
            x = conv.forward(&x)?;
            if *pooled {
                x = max_pool(&x, Window { kernel: (3, 3), stride: 2, padding: (0, 0) })?;
            }
        }
        for block in &self.mixed {
            x = block.forward(&x)?;
        }
        mean_over_area(&x)
    }
}

impl ImageFeatures for Inception {
    fn id(&self) -> &str {
        FID_INCEPTION.id
    }

    fn width(&self) -> usize {
        WIDTH
    }

    fn features(&self, images: &[&RgbImage]) -> Result<Vec<f32>, MetricError> {
        self.features_at(images, SIDE)
    }
}
