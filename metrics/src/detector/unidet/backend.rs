//! UniDet behind the trait [`Detector`].

use std::path::Path;

use candle_core::{Device, Tensor};
use image::RgbImage;

use super::config::UniDetConfig;
use super::network::UniDetNetwork;
use super::parts::failed;
use crate::card::MetricId;
use crate::detections::{UNIDET_R50, UNIDET_RS200, official_detector};
use crate::error::MetricError;
use crate::formulas::unidet_labels;
use crate::perception::{Detection, Detections, Detector};
use crate::pixels::{Filter, shorter_side};
use crate::weights::{NetworkCard, WeightsStatement};

const RESIZE: &str =
    "shorter side 479, longer at most 480, Pillow's 8-bit bilinear; zeros below and right to multiples of 32";

const PROBLEMS: &[&str] = &[
    "The official scripts run under fp16 autocast on a GPU; here everything is f32, and a score near 0.1 may fall on the \
        other side.",
    "44 of its 722 class names belong to more than one class.",
];

/// What the ResNet-50 UniDet is.
pub static UNIDET_R50_CARD: NetworkCard = NetworkCard {
    id: UNIDET_R50,
    name: "UniDet, unified label space of 722 classes, ResNet-50",
    weights: "Unified_learned_OCIM_R50_6x+2x.pth of xingyizhou/UniDet (state dict under \"model\"), or safetensors of the same names",
    licence: "Apache-2.0 (xingyizhou/UniDet)",
    resize: RESIZE,
    normalization: "blue, green, red − 103.53 116.28 123.675",
    known_problems: PROBLEMS,
    reference: "Zhou et al., arXiv 2102.13086; UniDet_eval/3D_spatial_eval.py and numeracy_eval.py of T2I-CompBench at 1b70949",
};

/// What the ResNeSt-200 UniDet is.
pub static UNIDET_RS200_CARD: NetworkCard = NetworkCard {
    id: UNIDET_RS200,
    name: "UniDet, unified label space of 722 classes, ResNeSt-200",
    weights: "Unified_learned_OCIM_RS200_6x+2x.pth of xingyizhou/UniDet (state dict under \"model\"), or safetensors of the same names",
    licence: "Apache-2.0 (xingyizhou/UniDet)",
    resize: RESIZE,
    normalization: "blue, green, red with the statistics of red, green, blue, as the official script feeds it: \
        − 123.68 116.779 103.939, / 58.393 57.12 57.375",
    known_problems: PROBLEMS,
    reference: "Zhou et al., arXiv 2102.13086; UniDet_eval/2D_spatial_eval.py of T2I-CompBench at 1b70949",
};

/// Finds the objects of 722 classes.
pub struct UniDet {
    network: UniDetNetwork,
    statement: WeightsStatement,
    device: Device,
}

impl UniDet {
    /// Reads the published ResNet-50 network.
    ///
    /// # Errors
    /// Those of [`UniDetNetwork::open`].
    pub fn r50(weights: &Path, device: &Device) -> Result<Self, MetricError> {
        Self::open(weights, &UniDetConfig::R50, UNIDET_R50_CARD, device)
    }

    /// Reads the published ResNeSt-200 network.
    ///
    /// # Errors
    /// Those of [`UniDetNetwork::open`].
    pub fn rs200(weights: &Path, device: &Device) -> Result<Self, MetricError> {
        Self::open(weights, &UniDetConfig::RS200, UNIDET_RS200_CARD, device)
    }

    fn open(path: &Path, config: &UniDetConfig, card: NetworkCard, device: &Device) -> Result<Self, MetricError> {
        let (network, sha256) = UniDetNetwork::open(path, config, device)?;
        let statement = WeightsStatement { card, path: path.to_owned(), sha256, layout: "detectron2" };
        Ok(Self { network, statement, device: device.clone() })
    }

    /// Of a network that was made otherwise. Its classes are the first of UniDet's.
    #[must_use]
    pub fn new(network: UniDetNetwork, statement: WeightsStatement, device: &Device) -> Self {
        Self { network, statement, device: device.clone() }
    }

    /// Which weights look: for the run's protocol.
    #[must_use]
    pub fn statement(&self) -> &WeightsStatement {
        &self.statement
    }
}

/// Grey levels (3, H, W), blue first.
pub(crate) fn blue_first(image: &RgbImage, device: &Device) -> Result<Tensor, MetricError> {
    let area = image.width() as usize * image.height() as usize;
    let mut values = vec![0f32; 3 * area];
    for (i, pixel) in image.pixels().enumerate() {
        for channel in 0..3 {
            values[channel * area + i] = f32::from(pixel.0[2 - channel]);
        }
    }
    let shape = (3, image.height() as usize, image.width() as usize);
    Tensor::from_vec(values, shape, device).map_err(failed)
}

impl Detector for UniDet {
    fn id(&self) -> &str {
        self.statement.card.id
    }

    fn detect(&self, image: &RgbImage) -> Result<Detections, MetricError> {
        let seen = shorter_side(image, 479, Some(480), Filter::Bilinear)?;
        let labels = unidet_labels();
        let boxes = self.network.forward(&blue_first(&seen, &self.device)?)?.into_iter().filter_map(|found| {
            let label = labels.get(found.class as usize)?.clone();
            Some(Detection { label, score: found.score, bbox: found.bbox, attributes: Vec::new() })
        });
        let frame = Some([seen.width(), seen.height()]);
        Ok(Detections { boxes: boxes.collect(), depth: None, frame })
    }

    fn name_in_score(&self, metric: MetricId) -> Option<&str> {
        (official_detector(metric) != self.id()).then_some(self.id())
    }

    fn vocabulary(&self) -> Option<&[String]> {
        Some(unidet_labels())
    }
}
