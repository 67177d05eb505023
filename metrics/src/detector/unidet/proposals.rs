//! Where something may be: the region proposal network.

use candle_core::{Result as Candle, Tensor};

use super::boxes::{anchor, cell_anchors, clipped, has_area, moved};
use super::config::UniDetConfig;
use super::parts::{Shape, biased};
use crate::detector::nms::first_of_nms;
use crate::error::MetricError;
use crate::kernels::Conv;
use crate::weights::TensorSource;

/// Overlap above which the surer of two proposals of a level suppresses the other.
const THRESHOLD: f32 = 0.7;

/// `RPN` with `StandardRPNHead`, one for all levels.
pub(super) struct Proposals {
    conv: Conv,
    objectness_logits: Conv,
    anchor_deltas: Conv,
    a_level: usize,
    kept: usize,
}

impl Proposals {
    pub(super) fn load(source: &dyn TensorSource, config: &UniDetConfig) -> Result<Self, MetricError> {
        let name = |part: &str| format!("proposal_generator.rpn_head.{part}");
        let width = config.pyramid;
        for level in 0..5 {
            source.ignored(&format!("proposal_generator.anchor_generator.cell_anchors.{level}"), &[9, 4]);
        }
        Ok(Self {
            conv: biased(source, &name("conv"), Shape::new(width, width, 3))?,
            objectness_logits: biased(source, &name("objectness_logits"), Shape::new(9, width, 1))?.unrectified(),
            anchor_deltas: biased(source, &name("anchor_deltas"), Shape::new(36, width, 1))?.unrectified(),
            a_level: config.anchors_a_level,
            kept: config.proposals,
        })
    }

    /// P3 to P7 of a picture of `size` (width, height) → boxes within it, surest first.
    pub(super) fn forward(&self, levels: &[Tensor], size: [u32; 2]) -> Candle<Vec<[f32; 4]>> {
        let (mut boxes, mut scores, mut of_level) = (Vec::new(), Vec::new(), Vec::new());
        for (level, features) in levels.iter().enumerate() {
            let hidden = self.conv.forward(features)?;
            let logits = self.objectness_logits.forward(&hidden)?.squeeze(0)?; // (9, H, W)
            let deltas = self.anchor_deltas.forward(&hidden)?.squeeze(0)?; // (36, H, W)
            let (_, height, columns) = logits.dims3()?;
            let area = height * columns;
            let (logits, deltas) = (logits.flatten_all()?.to_vec1::<f32>()?, deltas.flatten_all()?.to_vec1::<f32>()?);
            // Counted by row, column, shape: shape is the fastest, though it is the outermost in memory.
            let logit = |index: usize| logits[index % 9 * area + index / 9];
            let mut order: Vec<usize> = (0..9 * area).collect();
            order.sort_by(|&a, &b| logit(b).total_cmp(&logit(a)));
            let shapes = cell_anchors(level);
            for index in order.into_iter().take(self.a_level) {
                let delta = std::array::from_fn(|i| deltas[(index % 9 * 4 + i) * area + index / 9]);
                let bbox = moved(anchor(&shapes, level, columns, index), delta, [1.0; 4]);
                let finite = bbox.iter().all(|edge| edge.is_finite()) && logit(index).is_finite();
                let bbox = clipped(bbox, size);
                if finite && has_area(bbox) {
                    boxes.push(bbox);
                    scores.push(logit(index));
                    of_level.push(level as u32);
                }
            }
        }
        let kept = first_of_nms(&boxes, &scores, &of_level, THRESHOLD, self.kept);
        Ok(kept.into_iter().map(|index| boxes[index]).collect())
    }
}
