//! ResNet and ResNeSt as detectron2 has them: a picture to the features of three strides.

use candle_core::{Result as Candle, Tensor};

use super::config::{Backbone, UniDetConfig};
use super::parts::{Shape, normalised};
use super::split::SplitAttention;
use crate::error::MetricError;
use crate::kernels::{Conv, Window, average_pool, average_pool_with_border, max_pool};
use crate::weights::TensorSource;

/// The middle of a block.
enum Middle {
    Plain(Conv),
    /// Followed by an average over 3 x 3 where the block has a stride.
    Split(SplitAttention, Option<Window>),
}

/// A bottleneck: narrow, look around, widen, add.
struct Block {
    conv1: Conv,
    conv2: Middle,
    conv3: Conv,
    /// Average before it, where the stride is done so.
    shortcut: Option<(Option<Window>, Conv)>,
}

/// Channels that a block is given, has within, and gives; its stride.
#[derive(Clone, Copy)]
struct Channels {
    given: usize,
    within: usize,
    out: usize,
    stride: usize,
}

impl Block {
    fn load(source: &dyn TensorSource, name: &str, backbone: Backbone, c: Channels) -> Result<Self, MetricError> {
        let conv = |part: &str, shape| {
            let name = format!("{name}.{part}");
            normalised(source, &name, &format!("{name}.norm"), shape)
        };
        let window = |kernel: usize, padding: usize| {
            (c.stride > 1).then_some(Window { kernel: (kernel, kernel), stride: c.stride, padding: (padding, padding) })
        };
        let split = backbone == Backbone::ResNest;
        let in_convolutions = if split { 1 } else { c.stride };
        let conv1 = conv("conv1", Shape::new(c.within, c.given, 1).stride(in_convolutions))?;
        let conv2 = if split {
            Middle::Split(SplitAttention::load(source, &format!("{name}.conv2"), c.within)?, window(3, 1))
        } else {
            Middle::Plain(conv("conv2", Shape::new(c.within, c.within, 3))?)
        };
        let conv3 = conv("conv3", Shape::new(c.out, c.within, 1))?.unrectified();
        let shortcut = if c.given == c.out {
            None
        } else {
            let conv = conv("shortcut", Shape::new(c.out, c.given, 1).stride(in_convolutions))?.unrectified();
            // detectron2 averages in ceil mode; sides are even here, since the picture is padded to multiples of 32.
            Some((window(c.stride, 0).filter(|_| split), conv))
        };
        Ok(Self { conv1, conv2, conv3, shortcut })
    }

    fn forward(&self, x: &Tensor) -> Candle<Tensor> {
        let y = self.conv1.forward(x)?;
        let y = match &self.conv2 {
            Middle::Plain(conv) => conv.forward(&y)?,
            Middle::Split(split, None) => split.forward(&y)?,
            Middle::Split(split, Some(window)) => average_pool_with_border(&split.forward(&y)?, *window)?,
        };
        let y = self.conv3.forward(&y)?;
        let shortcut = match &self.shortcut {
            None => x.clone(),
            Some((None, conv)) => conv.forward(x)?,
            Some((Some(window), conv)) => conv.forward(&average_pool(x, *window)?)?,
        };
        (y + shortcut)?.relu()
    }
}

/// Stem and four stages.
pub(super) struct ResNet {
    stem: Vec<Conv>,
    stages: Vec<Vec<Block>>,
}

impl ResNet {
    /// Channels of `res3`, `res4`, `res5`.
    pub(super) fn widths(config: &UniDetConfig) -> [usize; 3] {
        [1, 2, 3].map(|stage| config.stage << stage)
    }

    pub(super) fn load(source: &dyn TensorSource, name: &str, config: &UniDetConfig) -> Result<Self, MetricError> {
        let conv = |part: &str, shape| {
            let name = format!("{name}.stem.{part}");
            normalised(source, &name, &format!("{name}.norm"), shape)
        };
        let width = config.stem;
        let stem = match config.backbone {
            Backbone::ResNet => vec![conv("conv1", Shape::new(width, 3, 7).stride(2))?],
            Backbone::ResNest => vec![
                conv("conv1_1", Shape::new(width, 3, 3).stride(2))?,
                conv("conv1_2", Shape::new(width, width, 3))?,
                conv("conv1_3", Shape::new(2 * width, width, 3))?,
            ],
        };
        let mut given = config.stem_out();
        let mut stages = Vec::new();
        for (stage, &count) in config.blocks.iter().enumerate() {
            let (within, out) = (config.bottleneck << stage, config.stage << stage);
            let mut blocks = Vec::new();
            for block in 0..count {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                let name = format!("{name}.res{}.{block}", stage + 2);
                blocks.push(Block::load(source, &name, config.backbone, Channels { given, within, out, stride })?);
                given = out;
            }
            stages.push(blocks);
        }
        Ok(Self { stem, stages })
    }

    /// x (1, 3, H, W), sides multiples of 32 → `res3`, `res4`, `res5` at strides 8, 16, 32.
    pub(super) fn forward(&self, x: &Tensor) -> Candle<Vec<Tensor>> {
        let mut x = x.clone();
        for conv in &self.stem {
            x = conv.forward(&x)?;
        }
        x = max_pool(&x, Window { kernel: (3, 3), stride: 2, padding: (1, 1) })?;
        let mut features = Vec::new();
        for stage in &self.stages {
            for block in stage {
                x = block.forward(&x)?;
            }
            features.push(x.clone());
        }
        Ok(features.split_off(1))
    }
}
