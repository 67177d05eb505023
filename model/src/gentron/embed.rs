//! Embeddings: positions, patches, timesteps.

use super::layers::Linear;
use crate::ops;
use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;

/// Sines, then cosines, of `position` at dim/2 frequencies 10000^(-2i/dim): a row of a (positions, dim) table.
pub(crate) fn sincos_1d(dim: usize, position: f64) -> impl Iterator<Item = f32> {
    let angle = move |i: usize| position / 10_000f64.powf(i as f64 / (dim / 2) as f64);
    let half = dim / 2;
    (0..half).map(move |i| angle(i).sin() as f32).chain((0..half).map(move |i| angle(i).cos() as f32))
}

/// DiT's fixed positions (1, grid², D): the first half of the channels from the column, the second from the row.
pub(super) fn sincos_2d(dim: usize, grid: usize, device: &Device) -> Result<Tensor> {
    let cells = (0..grid * grid).map(|i| (i / grid, i % grid));
    let table: Vec<f32> = cells
        .flat_map(|(row, column)| sincos_1d(dim / 2, column as f64).chain(sincos_1d(dim / 2, row as f64)))
        .collect();
    Tensor::from_vec(table, (1, grid * grid, dim), device)
}

/// Latent → tokens; keys `x_embedder.proj`.
#[derive(Clone, Debug)]
pub(crate) struct PatchEmbed {
    proj: Linear,
    patch: usize,
}

impl PatchEmbed {
    pub(crate) fn new(vb: VarBuilder, channels: usize, patch: usize, width: usize) -> Result<Self> {
        Ok(Self { proj: Linear::patches(vb.pp("proj"), channels, patch, width)?, patch })
    }

    /// (B, C, H, W) → (B, N, D), tokens row by row.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (b, c, h, w) = x.dims4()?;
        let p = self.patch;
        let x = x.reshape((b, c, h / p, p, w / p, p))?; // (B, C, g, p, g, p)
        let x = x.permute((0, 2, 4, 1, 3, 5))?.reshape((b, h / p * (w / p), c * p * p))?; // (B, N, C·p·p)
        self.proj.forward(&x)
    }
}

/// Channels of the sinusoidal timestep features.
const FREQUENCIES: usize = 256;

/// Timestep → (B, D); keys `t_embedder.mlp.{0,2}`.
#[derive(Clone, Debug)]
pub(super) struct TimestepEmbed {
    mlp_0: Linear,
    mlp_2: Linear,
}

impl TimestepEmbed {
    pub(super) fn new(vb: VarBuilder, width: usize) -> Result<Self> {
        let vb = vb.pp("mlp");
        let mlp_0 = Linear::normal(vb.pp(0), FREQUENCIES, width, 0.02)?;
        Ok(Self { mlp_0, mlp_2: Linear::normal(vb.pp(2), width, width, 0.02)? })
    }

    /// t (B), in steps of training and possibly fractional → (B, D).
    pub(super) fn forward(&self, t: &Tensor) -> Result<Tensor> {
        let features = timestep_features(t, FREQUENCIES)?;
        self.mlp_2.forward(&ops::silu(&self.mlp_0.forward(&features)?)?)
    }
}

/// Cosines, then sines, of t at dim/2 frequencies: (B) → (B, dim).
pub(crate) fn timestep_features(t: &Tensor, dim: usize) -> Result<Tensor> {
    let half = dim / 2;
    let frequency = |i: usize| (-(10_000f64.ln()) as f32 * i as f32 / half as f32).exp();
    let frequencies = Tensor::from_iter((0..half).map(frequency), t.device())?;
    let angles = t.to_dtype(DType::F32)?.unsqueeze(1)?.broadcast_mul(&frequencies.unsqueeze(0)?)?; // (B, dim/2)
    Tensor::cat(&[angles.cos()?, angles.sin()?], 1)
}
