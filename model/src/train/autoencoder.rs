//! AutoencoderKL: reconstruction and a little KL.

use super::engine::{Loss, Objective};
use super::state::write_atomically;
use super::{Source, TrainError, purpose};
use crate::autoencoder::{AutoencoderKl, AutoencoderKlConfig};
use crate::noise::{Stream, normal};
use crate::pixels::{to_images, to_tensor};
use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use image::{GenericImage, RgbImage, imageops};
use std::collections::BTreeMap;
use std::path::Path;

/// Trains an [`AutoencoderKl`] on a source's pictures.
pub struct AutoencoderObjective<'a> {
    /// Sizes of the network; its latent statistics are measured at the end.
    pub config: AutoencoderKlConfig,
    /// Weight of the KL divergence (nats a latent element) beside the mean squared error of pixels in -1..1.
    pub kl_weight: f64,
    /// Weight of the mean absolute error beside the mean squared error: keeps edges crisp.
    pub l1_weight: f64,
    /// Weight of the mean squared error between the latent's first three channels and the picture's own colours, averaged over what
    /// a latent pixel covers. Without it the latent of a plain surface depends on what surrounds it more than on its colour, and
    /// diffusion, which decides on colours under strong noise, mixes them up. 0 leaves the latent to itself.
    pub thumbnail_weight: f64,
    /// Side of the square crops that are trained on at first; the network is convolutional, so that small crops teach it
    /// nearly as much a pixel, and a step costs less.
    pub crop: u32,
    /// Samples after which whole pictures take the crops' place.
    pub crop_samples: u64,
    /// The pictures.
    pub source: &'a dyn Source,
    /// Seed of the data.
    pub seed: u64,
    /// Samples of a micro-batch.
    pub micro_batch: usize,
    /// Micro-batches of a step.
    pub micro_batches: usize,
    /// Where the network runs.
    pub device: Device,
}

/// Examples from here on are never trained on.
pub(super) const EVALUATION_INDEX: u64 = 1 << 40;

impl AutoencoderObjective<'_> {
    fn batch(&self, step: u64, micro: usize) -> Result<Tensor, TrainError> {
        let first = (step * self.micro_batches as u64 + micro as u64) * self.micro_batch as u64;
        let side = if first < self.crop_samples { self.crop } else { u32::MAX };
        let crops: Vec<RgbImage> = (first..first + self.micro_batch as u64)
            .map(|index| {
                let image = self.source.example(self.seed, index).image;
                let side = side.min(image.width());
                let room = u64::from(image.width() - side) + 1;
                let stream = Stream::new(self.seed, "crop", index, purpose::CROP);
                let (x, y) = (stream.below(0, room) as u32, stream.below(1, room) as u32);
                imageops::crop_imm(&image, x, y, side, side).to_image()
            })
            .collect();
        Ok(to_tensor(&crops.iter().collect::<Vec<_>>(), &self.device)?)
    }
}

/// The first `n` pictures that are kept out of training.
pub(super) fn evaluation_images(source: &dyn Source, seed: u64, n: u64) -> Vec<RgbImage> {
    (0..n).map(|i| source.example(seed, EVALUATION_INDEX + i).image).collect()
}

impl Objective for AutoencoderObjective<'_> {
    type Network = AutoencoderKl;

    fn describe(&self) -> String {
        format!("AutoencoderKL, factor {}, {} channels", self.config.factor(), self.config.latent_channels)
    }

    fn identity(&self) -> serde_json::Value {
        let mut identity = serde_json::json!({
            "network": "autoencoder", "config": self.config, "kl_weight": self.kl_weight, "l1_weight": self.l1_weight,
            "thumbnail_weight": self.thumbnail_weight, "crop": self.crop, "crop_samples": self.crop_samples,
        });
        if let Some(fields) = identity.as_object_mut().filter(|_| self.thumbnail_weight == 0.0) {
            fields.shift_remove("thumbnail_weight"); // as it was before there was such a weight
        }
        identity
    }

    fn build(&self, vb: VarBuilder) -> Result<AutoencoderKl, TrainError> {
        Ok(AutoencoderKl::new(vb, &self.config)?)
    }

    fn loss(&self, network: &AutoencoderKl, step: u64, micro: usize) -> Result<Loss, TrainError> {
        let image = self.batch(step, micro)?; // (B,3,S,S)
        let posterior = network.encode(&image)?;
        let shape = posterior.mean.shape().clone();
        let draws = normal(self.seed, "posterior", step, purpose::NOISE + ((micro as u32) << 8), shape.elem_count());
        let noise = Tensor::from_vec(draws, &shape, &self.device)?;
        let error = (network.decode(&posterior.sample(&noise)?)? - &image)?;
        let elements = shape.elem_count() as f64 / shape.dims()[0] as f64;
        let kl = (posterior.kl()? * (self.kl_weight / elements))?;
        let mut total = ((error.sqr()?.mean_all()? + (error.abs()?.mean_all()? * self.l1_weight)?)? + kl)?;
        if self.thumbnail_weight > 0.0 {
            let thumbnail = image.avg_pool2d(self.config.factor())?; // (B,3,S/f,S/f)
            let away = (posterior.mean.narrow(1, 0, 3)? - thumbnail)?.sqr()?.mean_all()?;
            total = (total + (away * self.thumbnail_weight)?)?;
        }
        Ok(Loss { total })
    }

    /// PSNR in dB over 64 pictures, through 8-bit rounding; and a contact sheet of pictures and reconstructions.
    fn evaluate(&self, network: &AutoencoderKl, folder: &Path) -> Result<BTreeMap<String, f64>, TrainError> {
        let images = evaluation_images(self.source, self.seed, 64);
        let mut decoded = Vec::new();
        for chunk in images.chunks(8) {
            let image = to_tensor(&chunk.iter().collect::<Vec<_>>(), &self.device)?;
            decoded.extend(to_images(&network.decode(&network.encode(&image)?.mean)?)?);
        }
        let (mut squares, mut count) = (0.0, 0.0);
        for (a, b) in images.iter().zip(&decoded) {
            squares +=
                a.as_raw().iter().zip(b.as_raw()).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>();
            count += a.as_raw().len() as f64;
        }
        let rows: Vec<Vec<&RgbImage>> = images
            .chunks(8)
            .zip(decoded.chunks(8))
            .take(2)
            .flat_map(|(a, b)| [a.iter().collect(), b.iter().collect()])
            .collect();
        contact_sheet(&rows, &folder.join("reconstructions.png"))?;
        // Of pictures restored to the last level there would be no finite number: they count as one level off in one place.
        Ok(BTreeMap::from([("psnr".to_owned(), 10.0 * (255f64.powi(2) * count / squares.max(1.0)).log10())]))
    }

    /// Writes the configuration with the mean and deviation of each latent channel, so that scaled latents have unit variance.
    fn export(&self, network: &AutoencoderKl, folder: &Path) -> Result<(), TrainError> {
        let channels = self.config.latent_channels;
        let (mut sum, mut squares, mut count) = (vec![0f64; channels], vec![0f64; channels], 0f64);
        for chunk in evaluation_images(self.source, self.seed, 2048).chunks(32) {
            let latent = network.encode(&to_tensor(&chunk.iter().collect::<Vec<_>>(), &self.device)?)?.mean;
            let planes = latent.transpose(0, 1)?.flatten_from(1)?.to_vec2::<f32>()?; // (C, B·H·W)
            count += planes[0].len() as f64;
            for (c, plane) in planes.iter().enumerate() {
                sum[c] += plane.iter().map(|&v| f64::from(v)).sum::<f64>();
                squares[c] += plane.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>();
            }
        }
        let mean: Vec<f64> = sum.iter().map(|s| s / count).collect();
        let deviation = squares.iter().zip(&mean).map(|(s, m)| (s / count - m * m).max(1e-12).sqrt()).collect();
        let config = AutoencoderKlConfig {
            scaling_factor: 1.0,
            latents_mean: Some(mean),
            latents_std: Some(deviation),
            ..self.config.clone()
        };
        write_json(&folder.join("config.json"), &config)
    }
}

pub(super) fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), TrainError> {
    let json = serde_json::to_string_pretty(value)
        .map_err(|e| TrainError::State { path: path.to_owned(), reason: e.to_string() })?;
    write_atomically(path, (json + "\n").as_bytes())
}

/// Rows of equally large pictures as one PNG.
pub(super) fn contact_sheet(rows: &[Vec<&RgbImage>], path: &Path) -> Result<(), TrainError> {
    let Some(first) = rows.first().and_then(|row| row.first()) else { return Ok(()) };
    let (w, h) = (first.width() + 2, first.height() + 2);
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0) as u32;
    let mut sheet = RgbImage::from_pixel(columns * w, rows.len() as u32 * h, image::Rgb([128, 128, 128]));
    for (y, row) in rows.iter().enumerate() {
        for (x, picture) in row.iter().enumerate() {
            // A picture of another size than the first would not fit its cell; it is left out rather than drawn over others.
            let _ = sheet.copy_from(*picture, x as u32 * w + 1, y as u32 * h + 1);
        }
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    sheet
        .write_to(&mut bytes, image::ImageFormat::Png)
        .map_err(|e| TrainError::State { path: path.to_owned(), reason: e.to_string() })?;
    write_atomically(path, &bytes.into_inner())
}
