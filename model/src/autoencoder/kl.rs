//! The model: encoder, decoder, the 1 x 1 convolutions between, and the scaling of its latents.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::AutoencoderKlConfig;
use super::coder::{Decoder, Encoder};
use super::init::Conv;

/// Gaussian over latents, diagonal. diffusers: `DiagonalGaussianDistribution`.
#[derive(Clone, Debug)]
pub struct Posterior {
    /// (B,C,H,W).
    pub mean: Tensor,
    /// Natural logarithm of the variance, within -30 and 20: (B,C,H,W).
    pub logvar: Tensor,
}

impl Posterior {
    /// `mean + sqrt(variance) noise`; `noise` is standard normal, (B,C,H,W).
    pub fn sample(&self, noise: &Tensor) -> Result<Tensor> {
        let deviation = (&self.logvar * 0.5)?.exp()?;
        &self.mean + (deviation * noise)?
    }

    /// Kullback-Leibler divergence to the standard normal in nats: sum over C,H,W, mean over the batch; a scalar.
    pub fn kl(&self) -> Result<Tensor> {
        let per_element = ((self.mean.sqr()? + self.logvar.exp()?)? - &self.logvar)?.affine(0.5, -0.5)?;
        per_element.flatten_from(1)?.sum(1)?.mean(0)
    }
}

/// AutoencoderKL (Rombach et al. 2022), parameters named as in diffusers.
#[derive(Clone, Debug)]
pub struct AutoencoderKl {
    config: AutoencoderKlConfig,
    encoder: Encoder,
    quant_conv: Option<Conv>,
    post_quant_conv: Option<Conv>,
    decoder: Decoder,
}

impl AutoencoderKl {
    /// Reads (or creates, in training) the tensors below `vb`.
    ///
    /// # Errors
    /// Where the configuration is contradictory, or a tensor is missing or of another shape.
    pub fn new(vb: VarBuilder, config: &AutoencoderKlConfig) -> Result<Self> {
        if let Some(problem) = config.problem() {
            candle_core::bail!("autoencoder configuration: {problem}");
        }
        let c = config.latent_channels;
        let conv = |wanted: bool, name: &str, channels| wanted.then(|| Conv::new(vb.pp(name), channels, channels, 1));
        Ok(Self {
            config: config.clone(),
            encoder: Encoder::new(vb.pp("encoder"), config)?,
            quant_conv: conv(config.use_quant_conv, "quant_conv", 2 * c).transpose()?,
            post_quant_conv: conv(config.use_post_quant_conv, "post_quant_conv", c).transpose()?,
            decoder: Decoder::new(vb.pp("decoder"), config)?,
        })
    }

    /// The sizes that it was built with.
    pub fn config(&self) -> &AutoencoderKlConfig {
        &self.config
    }

    /// Image in -1..1, (B,3,fH,fW) with f = [`AutoencoderKlConfig::factor`] → distribution of its latent, unscaled.
    ///
    /// # Errors
    /// Where height or width is not a multiple of f.
    pub fn encode(&self, image: &Tensor) -> Result<Posterior> {
        let (_, _, height, width) = image.dims4()?;
        let factor = self.config.factor();
        if height % factor != 0 || width % factor != 0 {
            candle_core::bail!("an image of {width} x {height} pixels: both must be multiples of {factor}");
        }
        let moments = self.encoder.forward(image)?;
        let moments = self.quant_conv.as_ref().map_or(Ok(moments.clone()), |conv| conv.forward(&moments))?; // (B,2C,H,W)
        let c = self.config.latent_channels;
        let (mean, logvar) = (moments.narrow(1, 0, c)?, moments.narrow(1, c, c)?);
        Ok(Posterior { mean: mean.contiguous()?, logvar: logvar.contiguous()?.clamp(-30f64, 20f64)? })
    }

    /// Unscaled latent (B,C,H,W) → image, about -1..1 but not clamped, (B,3,fH,fW).
    pub fn decode(&self, latent: &Tensor) -> Result<Tensor> {
        let x = self.post_quant_conv.as_ref().map_or(Ok(latent.clone()), |conv| conv.forward(latent))?;
        self.decoder.forward(&x)
    }

    /// Latent as encoded → latent as noised: `(z - latents_mean) / latents_std * scaling_factor`, (B,C,H,W).
    pub fn scale(&self, latent: &Tensor) -> Result<Tensor> {
        let (mean, deviation) = self.statistics(latent)?;
        latent.broadcast_sub(&mean)?.broadcast_div(&deviation)?.affine(self.config.scaling_factor, 0.0)
    }

    /// The inverse of [`AutoencoderKl::scale`], before decoding.
    pub fn unscale(&self, latent: &Tensor) -> Result<Tensor> {
        let (mean, deviation) = self.statistics(latent)?;
        latent.affine(self.config.scaling_factor.recip(), 0.0)?.broadcast_mul(&deviation)?.broadcast_add(&mean)
    }

    /// Mean and deviation of the latent channels, each (1,C,1,1), on the device and of the type of `like`.
    fn statistics(&self, like: &Tensor) -> Result<(Tensor, Tensor)> {
        let c = self.config.latent_channels;
        let of = |values: &Option<Vec<f64>>, otherwise: f64| {
            let values = values.clone().unwrap_or_else(|| vec![otherwise; c]);
            Tensor::from_vec(values, (1, c, 1, 1), like.device())?.to_dtype(like.dtype())
        };
        Ok((of(&self.config.latents_mean, 0.0)?, of(&self.config.latents_std, 1.0)?))
    }
}
