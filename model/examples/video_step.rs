//! Memory and time of one denoising step of GenTron-T2V at full size, on weights made up on the spot.
//!
//! ```sh
//! cargo run --release --workspace --example video_step -- 8 64 bf16      # frames, side of the latent, type of the weights
//! cargo run --release --workspace --example video_step -- 8 32 bf16 7    # the same with 7 of the 28 blocks
//! cargo run --release --workspace --example video_step -- 8 64 bf16 28 3 # three clips at once: a step with both guidances
//! ```
//!
//! Text is CLIP-L's and Flan-T5-XXL's, 77 and 120 tokens.

use candle_core::{DType, Device, Result, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use gentron_model::gentron::{GenTron, GenTronConfig, Preset, TextInput};
use gentron_model::ops::{Precision, with_precision};
use std::time::Instant;

/// Weights of about the size that training gives them, each by its place.
struct MadeUp;

impl SimpleBackend for MadeUp {
    fn get(&self, shape: Shape, _: &str, _: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        let value = |i: usize| (i.wrapping_mul(2_654_435_761) % 1024) as f32 / 1024.0 * 0.06 - 0.03;
        let count = shape.elem_count();
        if dtype == DType::BF16 {
            let values: Vec<half::bf16> = (0..count).map(|i| half::bf16::from_f32(value(i))).collect();
            return Tensor::from_vec(values, shape, device);
        }
        Tensor::from_vec((0..count).map(value).collect::<Vec<f32>>(), shape, device)?.to_dtype(dtype)
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> Result<Tensor> {
        candle_core::bail!("{name} was asked for without a shape")
    }

    fn contains_tensor(&self, _: &str) -> bool {
        true
    }
}

/// Peak resident memory of this process so far, GiB.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / f64::from(1 << 20))
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, usual: usize| arguments.get(at).map_or(Ok(usual), |word| word.parse::<usize>());
    let (frames, side) = (number(0, 8)?, number(1, 64)?);
    let half = arguments.get(2).is_none_or(|word| word == "bf16");
    let preset = Preset::find("gentron-xl/2").ok_or("no such size")?;
    let depth = number(3, preset.config.depth)?;
    let rows = number(4, 1)?;
    let config = GenTronConfig { latent_size: side, temporal: true, depth, ..preset.config };
    let device = Device::Cpu;
    let dtype = if half { DType::BF16 } else { DType::F32 };
    let precision = if half { Precision::Bf16 } else { Precision::F32 };
    let network = GenTron::new(VarBuilder::from_backend(Box::new(MadeUp), dtype, device.clone()), &config)?;
    println!(
        "{depth} blocks, {:.1} M parameters in {dtype:?}, {rows} clips of {frames} frames of {} tokens",
        config.parameter_count()? as f64 / 1e6,
        config.tokens()
    );
    let lengths = [77, 120];
    let text = config.text.iter().zip(lengths).map(|(source, length)| {
        Ok(TextInput {
            tokens: Tensor::full(0.1f32, (rows, length, source.width), &device)?,
            mask: Tensor::ones((rows, length), DType::U8, &device)?,
            pooled: Tensor::full(0.1f32, (rows, source.pooled_width), &device)?,
        })
    });
    let context = network.condition(&text.collect::<Result<Vec<_>>>()?)?;
    let loaded = peak();
    let clip = Tensor::full(0.5f32, (rows, frames, config.in_channels, side, side), &device)?;
    let t = Tensor::full(500f32, rows, &device)?;
    let began = Instant::now();
    let output = with_precision(precision, || network.forward_clips(&clip, &t, &context, &vec![false; rows]))?;
    let seconds = began.elapsed().as_secs_f64();
    let tera = rows as f64 * config.forward_flops(&lengths, frames as u64) as f64 / 1e12;
    println!(
        "one evaluation of {rows}: {seconds:.1} s, {tera:.2} TFLOP, {:.1} GFLOP/s, output {:?}",
        tera / seconds * 1e3,
        output.dims()
    );
    if let (Some(loaded), Some(peak)) = (loaded, peak()) {
        println!("peak memory {peak:.2} GiB, of which weights and text {loaded:.2} GiB");
    }
    Ok(())
}
