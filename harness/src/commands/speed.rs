//! `gentron develop speed`: how long a backbone's forward takes, and where the time goes.

use std::time::Instant;

use anyhow::Context as _;
use candle_core::{D, DType, Tensor};
use candle_nn::VarBuilder;
use clap::Args;
use gentron_model::gentron::{GenTron, GenTronConfig, Preset, TextInput, TextSource};
use gentron_model::ops::{self, with_precision};
use gentron_model::pipeline::WeightType;

use super::develop::{TOKENS, finite, peak};
use crate::cli::MemoryType;
use crate::device::device;
use crate::table;

/// A backbone to time.
#[derive(Debug, Args)]
pub struct SpeedArgs {
    /// A preset
    #[arg(default_value = "gentron-xl/2")]
    pub name: String,
    /// Latents of a forward
    #[arg(long, default_value_t = 2)]
    pub batch: usize,
    /// Type of its matrices; with bf16 what multiplies them is rounded, too, where the processor has such products
    #[arg(long, value_enum, default_value = "f32")]
    pub dtype: MemoryType,
    /// Forwards
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// Do each at a line of standard input: so that model/benches/forward_pytorch.py can take turns
    #[arg(long)]
    pub asked: bool,
}

/// A line a forward: its seconds. First what it computes, and how fast this machine multiplies matrices of its sizes; last where the time goes.
pub fn speed(args: &SpeedArgs) -> anyhow::Result<String> {
    let preset = Preset::find(&args.name).with_context(|| format!("no preset is called {}", args.name))?;
    let (config, device) = (preset.config, device()?);
    let weights = WeightType::from(args.dtype);
    let (dtype, precision) = (weights.dtype(), weights.precision());
    let network = GenTron::new(VarBuilder::zeros(dtype, &device), &config)?;
    let input = |(source, tokens): (&TextSource, &usize)| {
        Ok::<_, candle_core::Error>(TextInput {
            tokens: Tensor::zeros((args.batch, *tokens, source.width), DType::F32, &device)?,
            mask: Tensor::ones((args.batch, *tokens), DType::U8, &device)?,
            pooled: Tensor::zeros((args.batch, source.pooled_width), DType::F32, &device)?,
        })
    };
    let text = network.condition(&config.text.iter().zip(&TOKENS).map(input).collect::<Result<Vec<_>, _>>()?)?;
    let side = config.latent_size;
    let latents = Tensor::ones((args.batch, config.in_channels, side, side), DType::F32, &device)?;
    let timesteps = Tensor::full(500f32, args.batch, &device)?;
    let forward = || -> anyhow::Result<f64> {
        let began = Instant::now();
        finite(&with_precision(precision, || network.forward(&latents, &timesteps, &text))?)?;
        Ok(began.elapsed().as_secs_f64())
    };
    forward()?;
    let flops = config.forward_flops(&TOKENS, 1) as f64 * args.batch as f64;
    let rows = args.batch * config.tokens();
    let rate = with_precision(precision, || product_rate(rows, config.hidden_size, config.mlp_width(), dtype))?;
    table::print(&format!("{:.1} GFLOP a forward; products alone {rate:.1} GFLOP/s\n", flops / 1e9))?;
    let mut seconds = Vec::new();
    let mut lines = std::io::stdin().lines();
    while seconds.len() < args.rounds && (!args.asked || lines.next().transpose()?.is_some()) {
        seconds.push(forward()?);
        table::print(&format!("{:.3} s\n", seconds[seconds.len() - 1]))?;
    }
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN);
    let parts = with_precision(precision, || parts(&config, args.batch, dtype))?;
    let share = |(name, seconds): &(&str, f64)| format!("{name} {:.0} %", 100.0 * seconds / median);
    let named = parts.iter().map(|(_, seconds)| seconds).sum::<f64>();
    let rest = share(&("the rest", (median - named).max(0.0)));
    let shares = parts.iter().map(share).chain([rest]).collect::<Vec<_>>().join(", ");
    table::print(&format!("parts timed by themselves, of the median: {shares}\n"))?;
    Ok(format!("median {median:.3} s, {:.1} GFLOP/s, peak {}", flops / median / 1e9, peak()?))
}

/// Seconds of the best of a few.
fn best<T>(work: impl Fn() -> candle_core::Result<T>) -> anyhow::Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let began = Instant::now();
        work()?;
        best = best.min(began.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// Seconds that the operations of a forward's blocks take, each by itself on numbers of its shape.
fn parts(config: &GenTronConfig, batch: usize, dtype: DType) -> anyhow::Result<Vec<(&'static str, f64)>> {
    let device = device()?;
    let (n, d, inner) = (config.tokens(), config.hidden_size, config.mlp_width());
    let ones = |shape: &[usize]| Tensor::ones(shape, DType::F32, &device);
    let (x, wide, modulation) = (ones(&[batch, n, d])?, ones(&[batch, n, inner])?, ones(&[batch, 6 * d])?);
    let linear = |x: &Tensor, out: usize| -> anyhow::Result<f64> {
        let weight = Tensor::ones((out, x.dim(D::Minus1)?), dtype, &device)?;
        let bias = ones(&[out])?;
        best(|| ops::linear(x, &weight, Some(&bias)))
    };
    let cross = usize::from(config.cross_attends()) as f64;
    let square = linear(&x, d)?;
    let products = linear(&x, 3 * d)? + (1.0 + 2.0 * cross) * square + linear(&x, inner)? + linear(&wide, d)?;
    let qkv = ones(&[batch, n, 3 * d])?;
    let mut to_text = 0.0;
    for (_, tokens) in config.text.iter().zip(&TOKENS).filter(|_| cross > 0.0) {
        let (keys_values, bias) =
            (ones(&[batch, *tokens, 2 * d])?, Tensor::zeros((batch, 1, 1, *tokens), DType::F32, &device)?);
        to_text += best(|| ops::cross_attention(&x, &keys_values, config.num_heads, Some(&bias)))?;
    }
    let modulated = best(|| ops::modulated_layer_norm(&x, &modulation, 0, 1, 1e-6))?;
    let norms = 2.0 * modulated + cross * best(|| ops::layer_norm(&x, None, None, 1e-6))?;
    let residuals = 2.0 * best(|| ops::gated_residual(&x, &modulation, 2, &x))? + cross * best(|| &x + &x)?;
    let of_a_block = [
        ("linear layers", products),
        ("self-attention", best(|| ops::self_attention(&qkv, config.num_heads, None))?),
        ("attention to text", to_text / config.text.len().max(1) as f64),
        ("norms", norms),
        ("GELU", best(|| ops::gelu_tanh(&wide))?),
        ("residuals", residuals),
    ];
    Ok(of_a_block.map(|(name, seconds)| (name, seconds * config.depth as f64)).into())
}

/// Floating-point operations a second, in 10⁹, of the largest products of a block, the best of a few.
fn product_rate(rows: usize, width: usize, inner: usize, dtype: DType) -> anyhow::Result<f64> {
    let device = device()?;
    let x = Tensor::ones((rows, width), DType::F32, &device)?;
    let weight = Tensor::ones((inner, width), dtype, &device)?;
    Ok(2.0 * (rows * width * inner) as f64 / best(|| ops::linear(&x, &weight, None))? / 1e9)
}
