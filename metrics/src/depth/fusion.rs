//! RefineNet's fusion: from the coarsest map to the finest, each refined, added and enlarged.

use candle_core::{Result as Candle, Tensor};

use crate::detector::{FeatureMap, Interpolation, interpolate};
use crate::error::MetricError;
use crate::kernels::Conv;
use crate::weights::TensorSource;

/// A convolution of stride 1 that keeps the size, or of another stride that divides it; not rectified.
pub(super) fn conv(
    source: &dyn TensorSource,
    name: &str,
    (out, inner, side): (usize, usize, usize),
    stride: usize,
) -> Result<Conv, MetricError> {
    let weight = source.tensor(&format!("{name}.weight"), &[out, inner, side, side])?;
    let bias = source.tensor(&format!("{name}.bias"), &[out])?;
    Ok(Conv::new(weight, bias, stride, (side / 2, side / 2)).unrectified())
}

/// Twice as many rows and columns, corners on corners.
pub(super) fn doubled(x: &Tensor) -> Candle<Tensor> {
    let (_, channels, height, width) = x.dims4()?;
    let map = FeatureMap { channels, height, width, values: x.flatten_all()?.to_vec1()? };
    let large = interpolate(&map, 2 * height, 2 * width, Interpolation::BilinearCorners);
    Tensor::from_vec(large.values, (1, channels, 2 * height, 2 * width), x.device())
}

/// `ResidualConvUnit_custom`.
struct Unit {
    conv1: Conv,
    conv2: Conv,
}

impl Unit {
    fn load(source: &dyn TensorSource, name: &str, features: usize) -> Result<Self, MetricError> {
        let conv = |part: &str| conv(source, &format!("{name}.{part}"), (features, features, 3), 1);
        Ok(Self { conv1: conv("conv1")?, conv2: conv("conv2")? })
    }

    fn forward(&self, x: &Tensor) -> Candle<Tensor> {
        let y = self.conv1.forward(&x.relu()?)?.relu()?;
        self.conv2.forward(&y)? + x
    }
}

/// `FeatureFusionBlock_custom`.
pub(super) struct Fusion {
    unit1: Unit,
    unit2: Unit,
    out_conv: Conv,
}

impl Fusion {
    pub(super) fn load(source: &dyn TensorSource, name: &str, features: usize) -> Result<Self, MetricError> {
        Ok(Self {
            unit1: Unit::load(source, &format!("{name}.resConfUnit1"), features)?,
            unit2: Unit::load(source, &format!("{name}.resConfUnit2"), features)?,
            out_conv: conv(source, &format!("{name}.out_conv"), (features, features, 1), 1)?,
        })
    }

    /// The coarser path, where there is one, and this level's map → twice the size.
    pub(super) fn forward(&self, path: Option<&Tensor>, map: &Tensor) -> Candle<Tensor> {
        let x = match path {
            // The coarsest level has nothing to add to; its first unit is in the file and not used.
            None => map.clone(),
            Some(path) => (path + self.unit1.forward(map)?)?,
        };
        self.out_conv.forward(&doubled(&self.unit2.forward(&x)?)?)
    }
}
