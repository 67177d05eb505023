//! The feature pyramid: three levels from the backbone, two more from the coarsest.

use candle_core::{Result as Candle, Tensor};

use super::config::UniDetConfig;
use super::parts::{Shape, biased, either};
use super::resnet::ResNet;
use crate::error::MetricError;
use crate::kernels::Conv;
use crate::weights::TensorSource;

/// `FPN` with `LastLevelP6P7_P5`.
pub(super) struct Pyramid {
    backbone: ResNet,
    lateral: Vec<Conv>,
    output: Vec<Conv>,
    p6: Conv,
    p7: Conv,
}

impl Pyramid {
    pub(super) fn load(source: &dyn TensorSource, config: &UniDetConfig) -> Result<Self, MetricError> {
        let width = config.pyramid;
        let level = |part: &str, shape| {
            Ok(either(source, &format!("backbone.{part}"), shape, config.normalised())?.unrectified())
        };
        let (mut lateral, mut output) = (Vec::new(), Vec::new());
        for (stage, inner) in (3..).zip(ResNet::widths(config)) {
            lateral.push(level(&format!("fpn_lateral{stage}"), Shape::new(width, inner, 1))?);
            output.push(level(&format!("fpn_output{stage}"), Shape::new(width, width, 3))?);
        }
        let top = |part: &str| -> Result<Conv, MetricError> {
            Ok(biased(source, &format!("backbone.top_block.{part}"), Shape::new(width, width, 3).stride(2))?
                .unrectified())
        };
        let backbone = ResNet::load(source, "backbone.bottom_up", config)?;
        Ok(Self { backbone, lateral, output, p6: top("p6")?, p7: top("p7")? })
    }

    /// x (1, 3, H, W), sides multiples of 32 → P3 to P7, each (1, C, H/s, W/s), s from 8 to 128, rounded up.
    pub(super) fn forward(&self, x: &Tensor) -> Candle<Vec<Tensor>> {
        let features = self.backbone.forward(x)?;
        let mut levels = Vec::new();
        let mut above: Option<Tensor> = None;
        for (i, feature) in features.iter().enumerate().rev() {
            let mut merged = self.lateral[i].forward(feature)?;
            if let Some(above) = &above {
                let (_, _, h, w) = merged.dims4()?;
                merged = (merged + above.upsample_nearest2d(h, w)?)?;
            }
            levels.push(self.output[i].forward(&merged)?);
            above = Some(merged);
        }
        levels.reverse();
        let p6 = self.p6.forward(&levels[levels.len() - 1])?;
        let p7 = self.p7.forward(&p6.relu()?)?;
        levels.extend([p6, p7]);
        Ok(levels)
    }
}
