//! DPT-Hybrid as the official script uses it, and beside a detector.

use std::path::Path;

use candle_core::{Device, Tensor};
use image::{GrayImage, RgbImage};

use super::config::DptConfig;
use super::network::{DptNetwork, failed};
use crate::card::MetricId;
use crate::detections::depth_of;
use crate::detector::{FeatureMap, Interpolation, interpolate};
use crate::error::MetricError;
use crate::perception::{DepthMap, Detections, Detector};
use crate::pixels::{Filter, Normalization, square, to_tensor};
use crate::weights::{NetworkCard, WeightsStatement};

/// What DPT-Hybrid is.
pub static DPT_HYBRID: NetworkCard = NetworkCard {
    id: "dpt-hybrid",
    name: "DPT-Hybrid, MiDaS 3.0: nearness from one picture",
    weights: "dpt_hybrid-midas-501f0c75.pt of isl-org/DPT, or safetensors of the same names",
    licence: "MIT (isl-org/DPT)",
    resize: "480 x 480, Pillow's 8-bit bilinear, aspect ratio ignored; the map back to the image's size bilinear, corners on corners",
    normalization: "(grey/255 − 0.5) / 0.5; the map between its least and largest value, cut to 256 levels",
    known_problems: &[
        "Relative: the nearest thing of each picture is 1 and the farthest 0.",
        "The official script runs it under fp16 autocast on a GPU; here everything is f32, so a level may differ by one.",
    ],
    reference: "Ranftl et al., arXiv 2103.13413; UniDet_eval/experts/depth of T2I-CompBench at 1b70949",
};

/// −1 to 1.
const HALF: Normalization = Normalization { mean: [0.5; 3], std: [0.5; 3] };

/// How near each part of a picture is.
pub struct DptHybrid {
    network: DptNetwork,
    statement: WeightsStatement,
    device: Device,
}

impl DptHybrid {
    /// Reads the published network.
    ///
    /// # Errors
    /// Those of [`DptNetwork::open`].
    pub fn open(weights: &Path, device: &Device) -> Result<Self, MetricError> {
        let (network, sha256) = DptNetwork::open(weights, &DptConfig::default(), device)?;
        let statement = WeightsStatement { card: DPT_HYBRID, path: weights.to_owned(), sha256, layout: "isl-org/DPT" };
        Ok(Self::new(network, statement, device))
    }

    /// Of a network that was made otherwise.
    #[must_use]
    pub fn new(network: DptNetwork, statement: WeightsStatement, device: &Device) -> Self {
        Self { network, statement, device: device.clone() }
    }

    /// Which weights look: for the run's protocol.
    #[must_use]
    pub fn statement(&self) -> &WeightsStatement {
        &self.statement
    }

    /// The 8-bit map that the official script writes, of the image's own size: 255 is nearest.
    ///
    /// # Errors
    /// [`MetricError::ImageSize`] on an image without pixels, [`MetricError::Network`] where the network fails.
    pub fn picture(&self, image: &RgbImage) -> Result<GrayImage, MetricError> {
        let side = self.network.config().image as u32;
        let seen = to_tensor(&[&square(image, side, Filter::Bilinear)?], HALF, &self.device)?;
        Self::levels(&self.network.forward(&seen)?, image.dimensions())
    }

    /// Nearness (rows, columns) as grey levels of a picture of another size: stretched between its least and largest value,
    /// resized with corners on corners, cut.
    ///
    /// # Errors
    /// [`MetricError::Network`] where it has another rank.
    pub fn levels(nearness: &Tensor, (width, height): (u32, u32)) -> Result<GrayImage, MetricError> {
        let (rows, columns) = nearness.dims2().map_err(failed)?;
        let mut values = nearness.flatten_all().and_then(|t| t.to_vec1::<f32>()).map_err(failed)?;
        let (least, most) = values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), &v| (a.min(v), b.max(v)));
        values.iter_mut().for_each(|value| *value = (*value - least) / (most - least));
        let map = FeatureMap { channels: 1, height: rows, width: columns, values };
        let large = interpolate(&map, height as usize, width as usize, Interpolation::BilinearCorners);
        // Pillow cuts, and does not round; a flat map is 0 / 0, which becomes 0 here as there.
        let grey = large.values.iter().map(|value| (255.0 * value) as u8).collect();
        GrayImage::from_raw(width, height, grey)
            .ok_or_else(|| failed(candle_core::Error::msg("the map has another size than the image")))
    }

    /// The map in the detector's frame, as the official script reads it back.
    ///
    /// # Errors
    /// As [`Self::picture`].
    pub fn depth(&self, image: &RgbImage) -> Result<DepthMap, MetricError> {
        depth_of(&self.picture(image)?)
    }
}

/// A detector, and depth by DPT where it gives none; but none beside depth of another network, because the score is called after one.
pub struct WithDepth<'a> {
    /// Finds objects.
    pub detector: &'a dyn Detector,
    /// Orders them.
    pub depth: &'a DptHybrid,
}

impl Detector for WithDepth<'_> {
    fn id(&self) -> &str {
        self.detector.id()
    }

    fn detect(&self, image: &RgbImage) -> Result<Detections, MetricError> {
        let mut found = self.detector.detect(image)?;
        if found.depth.is_none() && self.detector.depth_in_score().is_none() {
            found.depth = Some(self.depth.depth(image)?);
        }
        Ok(found)
    }

    fn name_in_score(&self, metric: MetricId) -> Option<&str> {
        self.detector.name_in_score(metric)
    }

    fn depth_in_score(&self) -> Option<&str> {
        self.detector.depth_in_score()
    }

    fn vocabulary(&self) -> Option<&[String]> {
        self.detector.vocabulary()
    }
}
