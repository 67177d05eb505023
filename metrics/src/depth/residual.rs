//! The residual network before the transformer: weights standardised, groups normalised, padding as TensorFlow's.

use candle_core::{D, DType, Result as Candle, Tensor};

use super::config::DptConfig;
use super::network::failed;
use crate::error::MetricError;
use crate::kernels::{Conv, Window, group_norm, max_pool};
use crate::weights::TensorSource;

/// Added to the variance of a convolution's weights.
const WEIGHT_EPS: f64 = 1e-8;

/// Added to the variance of a group.
const EPS: f64 = 1e-5;

/// A convolution and the normalisation after it.
struct Normed {
    conv: Conv,
    side: usize,
    stride: usize,
    weight: Tensor,
    bias: Tensor,
    groups: usize,
}

impl Normed {
    /// `StdConv2dSame` and `GroupNormAct`; each output's weights get mean 0 and variance 1 once, while loading.
    fn load(
        source: &dyn TensorSource,
        [conv, norm]: [String; 2],
        shape: (usize, usize, usize, usize),
        groups: usize,
    ) -> Result<Self, MetricError> {
        let (out, inner, side, stride) = shape;
        let weight = source.tensor(&format!("{conv}.weight"), &[out, inner, side, side])?;
        let standardised = || {
            let rows = weight.to_dtype(DType::F64)?.flatten_from(1)?;
            let centred = rows.broadcast_sub(&rows.mean_keepdim(D::Minus1)?)?;
            let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + WEIGHT_EPS)?.sqrt()?;
            let weight = centred.broadcast_div(&deviation)?.reshape(weight.shape())?.to_dtype(DType::F32)?;
            let bias = Tensor::zeros(out, DType::F32, weight.device())?;
            Ok(Conv::new(weight, bias, stride, (0, 0)).unrectified())
        };
        Ok(Self {
            conv: standardised().map_err(failed)?,
            side,
            stride,
            weight: source.tensor(&format!("{norm}.weight"), &[out])?,
            bias: source.tensor(&format!("{norm}.bias"), &[out])?,
            groups,
        })
    }

    fn forward(&self, x: &Tensor) -> Candle<Tensor> {
        let x = same(x, self.side, self.stride)?;
        group_norm(&self.conv.forward(&x)?, self.groups, &self.weight, &self.bias, EPS)
    }
}

/// Zeros around, so that the result has ⌈side / stride⌉ rows and columns; the odd one below and to the right.
fn same(x: &Tensor, kernel: usize, stride: usize) -> Candle<Tensor> {
    let (_, _, h, w) = x.dims4()?;
    let missing = |side: usize| ((side.div_ceil(stride) - 1) * stride + kernel).saturating_sub(side);
    let (down, across) = (missing(h), missing(w));
    if down == 0 && across == 0 {
        return Ok(x.clone());
    }
    x.pad_with_zeros(2, down / 2, down - down / 2)?.pad_with_zeros(3, across / 2, across - across / 2)
}

/// A bottleneck that normalises after each convolution.
struct Block {
    convs: [Normed; 3],
    downsample: Option<Normed>,
}

impl Block {
    fn load(
        source: &dyn TensorSource,
        name: &str,
        (given, out, stride): (usize, usize, usize),
        groups: usize,
        first: bool,
    ) -> Result<Self, MetricError> {
        let within = out / 4;
        let normed = |i: usize, shape| {
            Normed::load(source, [format!("{name}.conv{i}"), format!("{name}.norm{i}")], shape, groups)
        };
        let downsample = || {
            let names = [format!("{name}.downsample.conv"), format!("{name}.downsample.norm")];
            Normed::load(source, names, (out, given, 1, stride), groups)
        };
        Ok(Self {
            convs: [
                normed(1, (within, given, 1, 1))?,
                normed(2, (within, within, 3, stride))?,
                normed(3, (out, within, 1, 1))?,
            ],
            downsample: first.then(downsample).transpose()?,
        })
    }

    fn forward(&self, x: &Tensor) -> Candle<Tensor> {
        let [conv1, conv2, conv3] = &self.convs;
        let y = conv1.forward(x)?.relu()?;
        let y = conv2.forward(&y)?.relu()?;
        let y = conv3.forward(&y)?;
        let shortcut = self.downsample.as_ref().map_or_else(|| Ok(x.clone()), |downsample| downsample.forward(x))?;
        (y + shortcut)?.relu()
    }
}

/// Stem and three stages.
pub(super) struct Residual {
    stem: Normed,
    stages: Vec<Vec<Block>>,
}

impl Residual {
    pub(super) fn load(source: &dyn TensorSource, name: &str, config: &DptConfig) -> Result<Self, MetricError> {
        let names = [format!("{name}.stem.conv"), format!("{name}.stem.norm")];
        let stem = Normed::load(source, names, (config.stem, 3, 7, 2), config.groups)?;
        let mut given = config.stem;
        let mut stages = Vec::new();
        for (stage, (count, out)) in config.stages.into_iter().enumerate() {
            let mut blocks = Vec::new();
            for block in 0..count {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                let name = format!("{name}.stages.{stage}.blocks.{block}");
                blocks.push(Block::load(source, &name, (given, out, stride), config.groups, block == 0)?);
                given = out;
            }
            stages.push(blocks);
        }
        Ok(Self { stem, stages })
    }

    /// x (1, 3, S, S) → the three stages' results, at strides 4, 8, 16.
    pub(super) fn forward(&self, x: &Tensor) -> Candle<Vec<Tensor>> {
        let x = self.stem.forward(x)?.relu()?;
        // Nothing is below 0 here, so zeros around are as good as nothing around.
        let mut x = max_pool(&same(&x, 3, 2)?, Window { kernel: (3, 3), stride: 2, padding: (0, 0) })?;
        let mut results = Vec::new();
        for stage in &self.stages {
            for block in stage {
                x = block.forward(&x)?;
            }
            results.push(x.clone());
        }
        Ok(results)
    }
}
