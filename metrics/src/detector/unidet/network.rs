//! The whole network on one picture.

use std::path::Path;

use candle_core::{Device, Result as Candle, Tensor};

use super::cascade::{Cascade, Found};
use super::config::UniDetConfig;
use super::parts::failed;
use super::proposals::Proposals;
use super::pyramid::Pyramid;
use crate::error::MetricError;
use crate::weights::{TensorSource, WeightsFile};

/// Sides of the picture are padded to multiples of this.
const MULTIPLE: usize = 32;

/// Pyramid, proposals, cascade.
pub struct UniDetNetwork {
    pyramid: Pyramid,
    proposals: Proposals,
    cascade: Cascade,
    config: UniDetConfig,
}

/// What the network computes on its way, for comparisons.
#[derive(Debug)]
pub struct Trace {
    /// P3 to P7, each (1, C, H, W).
    pub levels: Vec<Tensor>,
    /// Proposals, surest first.
    pub proposals: Vec<[f32; 4]>,
    /// Detections, surest first.
    pub found: Vec<Found>,
}

impl UniDetNetwork {
    /// Takes every tensor by its name in the published files, which are detectron2's.
    ///
    /// # Errors
    /// Those of the source.
    pub fn load(source: &dyn TensorSource, config: &UniDetConfig) -> Result<Self, MetricError> {
        source.ignored("pixel_mean", &[3, 1, 1]);
        source.ignored("pixel_std", &[3, 1, 1]);
        Ok(Self {
            pyramid: Pyramid::load(source, config)?,
            proposals: Proposals::load(source, config)?,
            cascade: Cascade::load(source, config)?,
            config: config.clone(),
        })
    }

    /// Reads a file, every tensor accounted for: safetensors of detectron2's names, or what `torch.save` wrote with the
    /// state dict under `model`. Gives its SHA-256, too.
    ///
    /// # Errors
    /// [`MetricError::WeightsFile`] where it cannot be read, [`MetricError::Weights`] with every tensor that is
    /// missing, mis-shaped or left over.
    pub fn open(path: &Path, config: &UniDetConfig, device: &Device) -> Result<(Self, String), MetricError> {
        let file = WeightsFile::open(path, Some("model"), device)?;
        let network = Self::load(&file, config)?;
        file.finish()?;
        Ok((network, file.sha256().to_owned()))
    }

    /// Its sizes.
    #[must_use]
    pub fn config(&self) -> &UniDetConfig {
        &self.config
    }

    /// A picture (3, H, W) in grey levels, channels in the order blue, green, red → what is found.
    ///
    /// # Errors
    /// [`MetricError::Network`] where the shape is another one.
    pub fn forward(&self, picture: &Tensor) -> Result<Vec<Found>, MetricError> {
        Ok(self.trace(picture)?.found)
    }

    /// [`Self::forward`] with what lies between.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn trace(&self, picture: &Tensor) -> Result<Trace, MetricError> {
        self.run(picture).map_err(failed)
    }

    fn run(&self, picture: &Tensor) -> Candle<Trace> {
        let (_, height, width) = picture.dims3()?;
        let size = [width as u32, height as u32];
        let levels = self.pyramid.forward(&self.prepared(picture)?)?;
        let proposals = self.proposals.forward(&levels, size)?;
        let found = self.cascade.forward(&levels, &proposals, size)?;
        Ok(Trace { levels, proposals, found })
    }

    /// Normalised, then padded below and to the right with zeros: (1, 3, H', W').
    fn prepared(&self, picture: &Tensor) -> Candle<Tensor> {
        let (_, height, width) = picture.dims3()?;
        let of = |values: [f32; 3]| Tensor::new(&values, picture.device())?.reshape((3, 1, 1));
        let x = picture.broadcast_sub(&of(self.config.pixel_mean)?)?.broadcast_div(&of(self.config.pixel_std)?)?;
        let missing = |side: usize| side.next_multiple_of(MULTIPLE) - side;
        x.pad_with_zeros(1, 0, missing(height))?.pad_with_zeros(2, 0, missing(width))?.unsqueeze(0)
    }
}
