//! What is there: three box heads, each of which starts from the boxes of the one before.

use candle_core::{Result as Candle, Tensor};
use candle_nn::ops::sigmoid;

use super::boxes::{STRIDES, clipped, has_area, moved};
use super::config::UniDetConfig;
use super::parts::{Shape, linear, normalised};
use crate::detector::nms::first_of_nms;
use crate::detector::{FeatureMap, Pooling, roi_align};
use crate::error::MetricError;
use crate::kernels::{After, Conv, Linear};
use crate::weights::TensorSource;

/// Rows and columns that a box is pooled to.
const POOLED: usize = 7;

/// What deltas are divided by, a stage.
const WEIGHTS: [[f32; 4]; 3] = [[10.0, 10.0, 5.0, 5.0], [20.0, 20.0, 10.0, 10.0], [30.0, 30.0, 15.0, 15.0]];

/// Detections must be surer than this: hard-coded in the official `unified_roi_heads.py`.
const LEAST: f32 = 0.1;

/// Overlap above which the surer of two boxes of a class suppresses the other.
const THRESHOLD: f32 = 0.5;

/// One found object.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Class, from 0.
    pub class: u32,
    /// Confidence.
    pub score: f32,
    /// In pixels of the picture that the network saw.
    pub bbox: [f32; 4],
}

/// `FastRCNNConvFCHead` and `FastRCNNOutputLayers`.
struct Head {
    convolutions: Vec<Conv>,
    layers: Vec<Linear>,
    cls_score: Linear,
    bbox_pred: Linear,
}

impl Head {
    fn load(source: &dyn TensorSource, stage: usize, config: &UniDetConfig) -> Result<Self, MetricError> {
        let channels = config.pyramid;
        let convolution = |i: usize| {
            let name = format!("roi_heads.box_head.{stage}.conv{}", i + 1);
            normalised(source, &name, &format!("{name}.norm"), Shape::new(channels, channels, 3))
        };
        let layer = |i: usize| {
            let inner = if i == 0 { channels * POOLED * POOLED } else { config.head };
            linear(source, &format!("roi_heads.box_head.{stage}.fc{}", i + 1), config.head, inner)
        };
        let predictor =
            |part: &str, out| linear(source, &format!("roi_heads.box_predictor.{stage}.{part}"), out, config.head);
        Ok(Self {
            convolutions: (0..config.head_convolutions).map(convolution).collect::<Result<_, _>>()?,
            layers: (0..config.head_layers).map(layer).collect::<Result<_, _>>()?,
            cls_score: predictor("cls_score", config.classes + 1)?,
            bbox_pred: predictor("bbox_pred", 4)?,
        })
    }

    /// x (R, C, 7, 7) → probabilities (R, classes + 1), deltas (R, 4)
    fn forward(&self, x: &Tensor) -> Candle<(Tensor, Tensor)> {
        let mut x = x.clone();
        for convolution in &self.convolutions {
            x = convolution.forward(&x)?;
        }
        x = x.flatten_from(1)?;
        for layer in &self.layers {
            x = layer.forward(&x, After::Nothing)?.relu()?;
        }
        Ok((sigmoid(&self.cls_score.forward(&x, After::Nothing)?)?, self.bbox_pred.forward(&x, After::Nothing)?))
    }
}

/// `UnifiedCascadeROIHeads` over the unified label space.
pub(super) struct Cascade {
    stages: Vec<Head>,
    classes: usize,
    kept: usize,
}

impl Cascade {
    pub(super) fn load(source: &dyn TensorSource, config: &UniDetConfig) -> Result<Self, MetricError> {
        let stages = (0..WEIGHTS.len()).map(|stage| Head::load(source, stage, config)).collect::<Result<_, _>>()?;
        Ok(Self { stages, classes: config.classes, kept: config.detections })
    }

    /// P3 to P5 and the proposals of a picture of `size` (width, height) → detections, surest first.
    pub(super) fn forward(&self, levels: &[Tensor], proposals: &[[f32; 4]], size: [u32; 2]) -> Candle<Vec<Found>> {
        if proposals.is_empty() {
            return Ok(Vec::new());
        }
        let maps: Vec<FeatureMap> = levels.iter().take(3).map(map_of).collect::<Candle<_>>()?;
        let mut boxes = proposals.to_vec();
        let mut sum: Option<Tensor> = None;
        for (stage, (head, weights)) in self.stages.iter().zip(WEIGHTS).enumerate() {
            if stage > 0 {
                boxes.iter_mut().for_each(|bbox| *bbox = clipped(*bbox, size));
            }
            let (probabilities, deltas) = head.forward(&pooled(&maps, &boxes, levels[0].device())?)?;
            sum = Some(match sum {
                None => probabilities,
                Some(sum) => (sum + probabilities)?,
            });
            let deltas = deltas.to_vec2::<f32>()?;
            for (bbox, delta) in boxes.iter_mut().zip(&deltas) {
                *bbox = moved(*bbox, std::array::from_fn(|i| delta[i]), weights);
            }
        }
        let Some(sum) = sum else { return Ok(Vec::new()) };
        let scores = (sum * (1.0 / self.stages.len() as f64))?.to_vec2::<f32>()?;
        Ok(self.chosen(&boxes, &scores, size))
    }

    /// `fast_rcnn_inference`: every class of every box is a candidate of its own; the background is the last.
    fn chosen(&self, boxes: &[[f32; 4]], scores: &[Vec<f32>], size: [u32; 2]) -> Vec<Found> {
        let mut found = Vec::new();
        for (bbox, scores) in boxes.iter().zip(scores) {
            if !bbox.iter().chain(scores).all(|value| value.is_finite()) {
                continue;
            }
            let bbox = clipped(*bbox, size);
            let sure = scores.iter().take(self.classes).enumerate().filter(|(_, score)| **score > LEAST);
            found.extend(sure.map(|(class, &score)| Found { class: class as u32, score, bbox }));
        }
        let (mut bboxes, mut sures, mut classes) = (Vec::new(), Vec::new(), Vec::new());
        for Found { class, score, bbox } in &found {
            bboxes.push(*bbox);
            sures.push(*score);
            classes.push(*class);
        }
        let kept = first_of_nms(&bboxes, &sures, &classes, THRESHOLD, self.kept);
        kept.into_iter().map(|index| found[index].clone()).filter(|found| has_area(found.bbox)).collect()
    }
}

fn map_of(level: &Tensor) -> Candle<FeatureMap> {
    let (_, channels, height, width) = level.dims4()?;
    Ok(FeatureMap { channels, height, width, values: level.flatten_all()?.to_vec1()? })
}

/// `ROIPooler` over P3 to P5: a box is cut out of the level that suits its size. (R, C, 7, 7)
fn pooled(maps: &[FeatureMap], boxes: &[[f32; 4]], device: &candle_core::Device) -> Candle<Tensor> {
    let channels = maps[0].channels;
    let each = channels * POOLED * POOLED;
    let mut values = vec![0f32; boxes.len() * each];
    for (level, map) in maps.iter().enumerate() {
        let of_level: Vec<usize> = (0..boxes.len()).filter(|&i| level_of(boxes[i], maps.len()) == level).collect();
        let cut: Vec<[f32; 4]> = of_level.iter().map(|&i| boxes[i]).collect();
        let pooling = Pooling { scale: 1.0 / STRIDES[level] as f32, size: POOLED };
        for (i, pooled) in of_level.into_iter().zip(roi_align(map, &cut, pooling).chunks_exact(each)) {
            values[i * each..][..each].copy_from_slice(pooled);
        }
    }
    Tensor::from_vec(values, (boxes.len(), channels, POOLED, POOLED), device)
}

/// A box of 224 pixels a side is P4's.
fn level_of([x1, y1, x2, y2]: [f32; 4], levels: usize) -> usize {
    let side = ((x2 - x1) * (y2 - y1)).sqrt();
    let level = (4.0 + (side / 224.0 + 1e-8).log2()).floor() as i64 - 3;
    level.clamp(0, levels as i64 - 1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_cut_out_of_the_level_of_its_size() {
        let square = |side: f32| level_of([3.0, 5.0, 3.0 + side, 5.0 + side], 3);
        assert_eq!(
            [0.0, 20.0, 111.0, 113.0, 223.0, 225.0, 447.0, 449.0, 900.0].map(square),
            [0, 0, 0, 0, 0, 1, 1, 2, 2]
        );
    }
}
