//! The whole network on one picture.

use std::path::Path;

use candle_core::{DType, Device, Result as Candle, Tensor};

use super::config::DptConfig;
use super::fusion::{Fusion, conv, doubled};
use super::residual::Residual;
use crate::blip::{Block, VitConfig};
use crate::detector::{FeatureMap, Interpolation, interpolate};
use crate::error::MetricError;
use crate::kernels::{After, Conv, Linear};
use crate::weights::{TensorSource, WeightsFile};

pub(super) fn failed(source: candle_core::Error) -> MetricError {
    MetricError::Network { network: "dpt-hybrid".to_owned(), source }
}

/// Tokens of a block back to a map: each beside the class token, projected.
struct Reassemble {
    project: Linear,
    conv: Conv,
    /// Halves the size.
    coarser: Option<Conv>,
}

/// DPT-Hybrid.
pub struct DptNetwork {
    residual: Residual,
    proj: Conv,
    cls_token: Tensor,
    pos_embed: Tensor,
    blocks: Vec<Block>,
    reassemble: [Reassemble; 2],
    /// `layer1_rn` to `layer4_rn`.
    scratch: Vec<Conv>,
    /// `refinenet1` to `refinenet4`.
    fusions: Vec<Fusion>,
    head: [Conv; 3],
    config: DptConfig,
}

impl DptNetwork {
    /// Takes every tensor by its name in the published file.
    ///
    /// # Errors
    /// Those of the source.
    pub fn load(source: &dyn TensorSource, config: &DptConfig) -> Result<Self, MetricError> {
        let (d, f, model) = (config.width, config.features, "pretrained.model");
        let vit = VitConfig {
            image: config.image,
            patch: 16,
            width: d,
            depth: config.blocks,
            heads: config.heads,
            mlp_ratio: 4,
            qkv_bias: true,
            ln_eps: 1e-6,
        };
        let block = |i: usize| Block::load(source, &format!("{model}.blocks.{i}"), &vit);
        let reassemble = |i: usize, halves: bool| -> Result<Reassemble, MetricError> {
            let name = |part: &str| format!("pretrained.act_postprocess{i}.{part}");
            let weight = source.tensor(&name("0.project.0.weight"), &[d, 2 * d])?;
            Ok(Reassemble {
                project: Linear::new(weight, source.tensor(&name("0.project.0.bias"), &[d])?),
                conv: conv(source, &name("3"), (d, d, 1), 1)?,
                coarser: halves.then(|| conv(source, &name("4"), (d, d, 3), 2)).transpose()?,
            })
        };
        let [(_, fine), (_, middle), (_, coarse)] = config.stages;
        let scratch = |(i, inner): (usize, usize)| {
            let weight = source.tensor(&format!("scratch.layer{i}_rn.weight"), &[f, inner, 3, 3])?;
            let bias = Tensor::zeros(f, DType::F32, weight.device()).map_err(failed)?;
            Ok(Conv::new(weight, bias, 1, (1, 1)).unrectified())
        };
        let output = |i: usize, shape| conv(source, &format!("scratch.output_conv.{i}"), shape, 1);
        let embed = format!("{model}.patch_embed");
        let network = Self {
            residual: Residual::load(source, &format!("{embed}.backbone"), config)?,
            proj: conv(source, &format!("{embed}.proj"), (d, coarse, 1), 1)?,
            cls_token: source.tensor(&format!("{model}.cls_token"), &[1, 1, d])?,
            pos_embed: positions(source, &format!("{model}.pos_embed"), config)?,
            blocks: (0..config.blocks).map(block).collect::<Result<_, _>>()?,
            reassemble: [reassemble(3, false)?, reassemble(4, true)?],
            scratch: (1..).zip([fine, middle, d, d]).map(scratch).collect::<Result<_, _>>()?,
            fusions: (1..=4)
                .map(|i| Fusion::load(source, &format!("scratch.refinenet{i}"), f))
                .collect::<Result<_, _>>()?,
            head: [output(0, (f / 2, f, 3))?, output(2, (config.last, f / 2, 3))?, output(4, (1, config.last, 1))?],
            config: config.clone(),
        };
        // In the file, after the last block that is used.
        for part in ["norm.weight", "norm.bias"] {
            source.tensor(&format!("{model}.{part}"), &[d])?;
        }
        source.tensor(&format!("{model}.head.weight"), &[config.classes, d])?;
        source.tensor(&format!("{model}.head.bias"), &[config.classes])?;
        Ok(network)
    }

    /// Reads the published file, or safetensors of the same names, every tensor accounted for; gives its SHA-256, too.
    ///
    /// # Errors
    /// [`MetricError::WeightsFile`] where it cannot be read, [`MetricError::Weights`] with every tensor that is
    /// missing, mis-shaped or left over.
    pub fn open(path: &Path, config: &DptConfig, device: &Device) -> Result<(Self, String), MetricError> {
        let file = WeightsFile::open(path, None, device)?;
        let network = Self::load(&file, config)?;
        file.finish()?;
        Ok((network, file.sha256().to_owned()))
    }

    /// Its sizes.
    #[must_use]
    pub fn config(&self) -> &DptConfig {
        &self.config
    }

    /// A normalised picture (1, 3, S, S) → nearness (S, S), 0 and more, without a unit.
    ///
    /// # Errors
    /// [`MetricError::Network`] where the shape is another one.
    pub fn forward(&self, picture: &Tensor) -> Result<Tensor, MetricError> {
        self.run(picture).map_err(failed)
    }

    fn run(&self, picture: &Tensor) -> Candle<Tensor> {
        let side = self.config.image;
        if picture.dims() != [1, 3, side, side] {
            candle_core::bail!("a picture {:?}, not (1, 3, {side}, {side})", picture.shape());
        }
        let mut maps = self.residual.forward(picture)?;
        let coarse = maps.split_off(2);
        let tokens = self.proj.forward(&coarse[0])?.squeeze(0)?.flatten_from(1)?.t()?; // (N, D)
        let mut x = (Tensor::cat(&[&self.cls_token.squeeze(0)?, &tokens.contiguous()?], 0)? + &self.pos_embed)?;
        for (i, block) in self.blocks.iter().enumerate() {
            x = block.forward(&x)?;
            for (taken, reassemble) in self.config.taken.into_iter().zip(&self.reassemble) {
                if taken == i {
                    maps.push(reassemble.forward(&x, self.config.grid())?);
                }
            }
        }
        let mut path: Option<Tensor> = None;
        for ((map, scratch), fusion) in maps.iter().zip(&self.scratch).zip(&self.fusions).rev() {
            path = Some(fusion.forward(path.as_ref(), &scratch.forward(map)?)?);
        }
        let Some(path) = path else { candle_core::bail!("no feature maps") };
        let [first, second, last] = &self.head;
        let y = second.forward(&doubled(&first.forward(&path)?)?)?.relu()?;
        last.forward(&y)?.relu()?.squeeze(0)?.squeeze(0)
    }
}

impl Reassemble {
    /// x (1 + G², D), the class token first → (1, D, G, G), or half of it.
    fn forward(&self, x: &Tensor, grid: usize) -> Candle<Tensor> {
        let (n, d) = x.dims2()?;
        let readout = x.narrow(0, 0, 1)?.broadcast_as((n - 1, d))?;
        let both = Tensor::cat(&[&x.narrow(0, 1, n - 1)?, &readout.contiguous()?], 1)?; // (G², 2D)
        let tokens = self.project.forward(&both, After::Gelu)?;
        let map = self.conv.forward(&tokens.t()?.contiguous()?.reshape((1, d, grid, grid))?)?;
        self.coarser.as_ref().map_or_else(|| Ok(map.clone()), |coarser| coarser.forward(&map))
    }
}

/// `pos_embed` with its grid resampled to the picture's: bilinear, edges on edges. (1 + G², D)
fn positions(source: &dyn TensorSource, name: &str, config: &DptConfig) -> Result<Tensor, MetricError> {
    let (d, old, new) = (config.width, config.positions, config.grid());
    let stored = source.tensor(name, &[1, 1 + old * old, d])?;
    let resample = || {
        let rows = stored.squeeze(0)?;
        let (token, grid) = (rows.narrow(0, 0, 1)?, rows.narrow(0, 1, old * old)?);
        let values = grid.t()?.contiguous()?.flatten_all()?.to_vec1::<f32>()?;
        let map = FeatureMap { channels: d, height: old, width: old, values };
        let large = interpolate(&map, new, new, Interpolation::Bilinear);
        let grid = Tensor::from_vec(large.values, (d, new * new), rows.device())?.t()?;
        Tensor::cat(&[&token, &grid.contiguous()?], 0)
    };
    resample().map_err(failed)
}
