//! `gentron develop`, hidden: checkpoints of random weights in real layouts, and what their networks take in time and memory. So that
//! anybody can repeat what is said of full size, without the real weights.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use candle_core::{DType, Tensor};
use clap::{Args, Subcommand, ValueEnum};
use gentron_model::diffusion::{SamplerKind, Schedule, ScheduleConfig};
use gentron_model::gentron::{Preset, TextInput, TextSource, presets};
use gentron_model::noise::normal;
use gentron_model::pipeline::{EncoderKind, EncoderSpec, Guided, Sampling, denoise, load_backbone, load_encoder};
use gentron_model::published::{Invention, Published, invent_gentron, published};

use super::random_scorers::{self, RandomScorersArgs};
use super::speed::{SpeedArgs, speed};
use crate::cli::MemoryType;
use crate::device::device;
use crate::failure::{Outcome, refuse};
use crate::{names, table};

/// What a developer can ask.
#[derive(Debug, Subcommand)]
pub enum DevelopAction {
    /// Write a checkpoint of random numbers in the layout of a real one
    RandomWeights(RandomWeightsArgs),
    /// Write scorers' weights that mean nothing, in their real layouts and sizes
    RandomScorers(RandomScorersArgs),
    /// Encode a batch of prompts; say time and peak memory
    Encode(EncodeArgs),
    /// Do one guided denoising step of one picture; say time and peak memory
    Denoise(DenoiseArgs),
    /// Time forwards of a backbone whose weights are zeros: a product takes as long whatever its factors are
    Speed(SpeedArgs),
}

/// A checkpoint to invent.
#[derive(Debug, Args)]
pub struct RandomWeightsArgs {
    /// A published network (flan-t5-xxl, google/flan-t5-xxl) or a preset (gentron-g/2)
    pub name: String,
    /// Folder to write
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Type on disk
    #[arg(long, value_enum, default_value = "bf16")]
    pub dtype: DiskType,
    /// Of T5, only the encoder
    #[arg(long)]
    pub encoder_only: bool,
    /// Seed of the numbers
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// A type on disk.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DiskType {
    /// 32 bits.
    F32,
    /// bfloat16.
    Bf16,
    /// 16 bits of IEEE.
    F16,
}

/// A text encoder to try.
#[derive(Debug, Args)]
pub struct EncodeArgs {
    /// Its folder
    pub folder: PathBuf,
    /// It is a CLIP, not a T5
    #[arg(long)]
    pub clip: bool,
    /// Type of its matrices
    #[arg(long, value_enum, default_value = "bf16")]
    pub dtype: MemoryType,
    /// Prompts
    #[arg(long, default_value_t = 8)]
    pub batch: usize,
}

/// A backbone to try.
#[derive(Debug, Args)]
pub struct DenoiseArgs {
    /// Its folder
    pub folder: PathBuf,
    /// Type of its matrices
    #[arg(long, value_enum, default_value = "bf16")]
    pub dtype: MemoryType,
}

/// Does what a developer asks.
///
/// # Errors
/// A file is missing, damaged, or cannot be written.
pub fn run(action: &DevelopAction) -> anyhow::Result<Outcome> {
    let line = match action {
        DevelopAction::RandomWeights(args) => random_weights(args)?,
        DevelopAction::RandomScorers(args) => random_scorers::run(args)?,
        DevelopAction::Encode(args) => encode(args)?,
        DevelopAction::Denoise(args) => one_step(args)?,
        DevelopAction::Speed(args) => speed(args)?,
    };
    table::print(&(line + "\n"))?;
    Ok(Outcome::Done)
}

fn random_weights(args: &RandomWeightsArgs) -> anyhow::Result<String> {
    let dtype = match args.dtype {
        DiskType::F32 => DType::F32,
        DiskType::Bf16 => DType::BF16,
        DiskType::F16 => DType::F16,
    };
    let invention = Invention { dtype, encoder_only: args.encoder_only, part: None, seed: args.seed };
    let written = match (Published::find(&args.name), Preset::find(&args.name)) {
        (Some(published), _) => published.invent(&args.to, invention)?,
        (None, Some(preset)) => invent_gentron(&args.to, &preset.config, invention)?,
        (None, None) => {
            let (networks, presets) = (published(), presets());
            let known = networks.iter().map(|n| n.key).chain(presets.iter().map(|p| p.name)).collect::<Vec<_>>();
            let hint = names::suggestion(&args.name, known);
            return Err(refuse(format!("no network is called `{}`", args.name), hint));
        }
    };
    let (parameters, gigabytes) = (table::grouped(written.parameters), written.bytes as f64 / 1e9);
    Ok(format!("{parameters} parameters, {gigabytes:.2} GB in {} files in {}", written.files.len(), args.to.display()))
}

fn encode(args: &EncodeArgs) -> anyhow::Result<String> {
    let kind = if args.clip { EncoderKind::Clip } else { EncoderKind::T5 };
    let spec = EncoderSpec { name: "tried".into(), kind, folder: args.folder.clone(), length: None };
    let began = Instant::now();
    let encoder = load_encoder(&spec, args.dtype.into(), &device()?)?;
    let loaded = began.elapsed();
    let prompts: Vec<String> = (0..args.batch).map(|i| format!("a red circle beside {i} blue squares")).collect();
    let encoding = encoder.encode(&prompts.iter().map(String::as_str).collect::<Vec<_>>())?;
    finite(&encoding.pooled)?;
    let encoded = began.elapsed() - loaded;
    Ok(format!(
        "{} prompts of {} tokens; loaded in {loaded:.1?}, encoded in {encoded:.1?}, peak {}",
        args.batch,
        encoder.length(),
        peak()?
    ))
}

fn one_step(args: &DenoiseArgs) -> anyhow::Result<String> {
    let device = device()?;
    let began = Instant::now();
    let backbone = load_backbone(&args.folder, args.dtype.into(), &device)?;
    let loaded = began.elapsed();
    let config = backbone.config().clone();
    let text = |row: u64| -> anyhow::Result<_> {
        let input = |(i, source): (usize, &TextSource)| {
            let tokens = TOKENS[i % TOKENS.len()];
            let states = normal(1, "develop", row, i as u32, tokens * source.width);
            let pooled = normal(2, "develop", row, i as u32, source.pooled_width);
            Ok::<_, candle_core::Error>(TextInput {
                tokens: Tensor::from_vec(states, (1, tokens, source.width), &device)?,
                mask: Tensor::ones((1, tokens), DType::U8, &device)?,
                pooled: Tensor::from_vec(pooled, (1, source.pooled_width), &device)?,
            })
        };
        let inputs = config.text.iter().enumerate().map(input).collect::<Result<Vec<_>, _>>()?;
        Ok(backbone.condition(&inputs)?)
    };
    let (prompt, null) = (text(0)?, text(1)?);
    let sampling = Sampling { kind: SamplerKind::Ddim, steps: 1, guidance: 7.5, motion_guidance: None, frames: None };
    let guided = Guided::new(&[&prompt], &null, &sampling, backbone.config())?;
    let size = config.in_channels * config.latent_size * config.latent_size;
    let noise = normal(3, "develop", 0, 0, size).into_iter().map(f64::from).collect();
    let schedule = Schedule::new(&ScheduleConfig::default())?;
    let conditioned = began.elapsed();
    let latent = denoise(&backbone, &guided, noise, &sampling, &schedule, |_| Vec::new(), &device)?;
    finite(&latent)?;
    Ok(format!(
        "one guided step at {} px; loaded in {loaded:.1?}, denoised in {:.1?}, peak {}",
        8 * config.latent_size,
        began.elapsed() - conditioned,
        peak()?
    ))
}

/// Tokens of CLIP's and of T5's texts.
pub(super) const TOKENS: [usize; 2] = [77, 120];

pub(super) fn finite(x: &Tensor) -> anyhow::Result<()> {
    let values = x.flatten_all()?.to_dtype(DType::F32)?.to_vec1::<f32>()?;
    anyhow::ensure!(values.iter().all(|value| value.is_finite()), "a value is not finite");
    Ok(())
}

/// Peak resident memory of this process, as Linux counts it.
pub(super) fn peak() -> anyhow::Result<String> {
    let path = Path::new("/proc/self/status");
    let status = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|rest| {
        let number = rest.trim().split(' ').next()?;
        number.parse::<f64>().ok()
    });
    Ok(format!("{:.2} GiB", kilobytes.context("the system does not say the peak of memory")? / (1 << 20) as f64))
}
