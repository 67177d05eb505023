//! The command line: what can be typed, and its help.

mod study;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{compare, develop, export, import, merge, plan, play, retry_plan, status, submit, verify, work};
use crate::help;
use crate::recipe::{WeightType, World};
use crate::score::ScorerPaths;
use crate::version::VERSION;

pub use study::{ServeArgs, StudyAction, StudyNewArgs, VotesAction};

/// `gentron`.
#[derive(Debug, Parser)]
#[command(
    name = "gentron",
    bin_name = "gentron",
    version = VERSION,
    about = "Ablate text-to-image diffusion transformers: draw, score, report",
    long_about = help::ABOUT,
    after_long_help = help::EXAMPLES,
    disable_help_subcommand = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Cli {
    /// Say nothing on stderr but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Draw, score and report: everything a recipe asks for
    #[command(long_about = help::ABLATE, after_long_help = help::ABLATE_EXAMPLES)]
    Ablate(RunArgs),
    /// Draw the images that a recipe asks for, and stop there
    #[command(long_about = help::GENERATE, after_long_help = help::GENERATE_EXAMPLES)]
    Generate(GenerateArgs),
    /// Score the images of a run, or of any folder; never draws
    #[command(long_about = help::SCORE, after_long_help = help::SCORE_EXAMPLES)]
    Score(ScoreArgs),
    /// Conclude from the scores of a run: table, analysis.json, report.html
    #[command(long_about = help::REPORT, after_long_help = help::REPORT_EXAMPLES)]
    Report(ReportArgs),
    /// Compare runs with the first of them, with a gate for CI
    #[command(long_about = compare::ABOUT, after_long_help = compare::EXAMPLES)]
    Compare(compare::CompareArgs),
    /// Check a run's digests, and draw random images again
    #[command(long_about = verify::ABOUT, after_long_help = verify::EXAMPLES)]
    Verify(verify::VerifyArgs),
    /// Type prompts on a local page, and see every arm draw them
    #[command(long_about = play::ABOUT, after_long_help = play::EXAMPLES)]
    Play(play::PlayArgs),
    /// Write down what a recipe asks for, to be worked on by many
    #[command(long_about = plan::ABOUT, after_long_help = plan::EXAMPLES)]
    Plan(RunArgs),
    /// Do one worker's share of a plan: draw and score its shards
    #[command(long_about = work::ABOUT, after_long_help = work::EXAMPLES)]
    Work(work::WorkerArgs),
    /// How far a run is, whoever works on it
    #[command(long_about = status::ABOUT, after_long_help = status::EXAMPLES)]
    Status(status::StatusArgs),
    /// Which workers have something left, as a job array
    #[command(long_about = retry_plan::ABOUT, after_long_help = retry_plan::EXAMPLES)]
    RetryPlan(retry_plan::RetryArgs),
    /// Make one run of what the workers did, or say what is missing
    #[command(long_about = merge::ABOUT, after_long_help = merge::EXAMPLES)]
    Merge(merge::MergeArgs),
    /// Hand a plan to Slurm, Kubernetes or processes on this machine
    #[command(subcommand, long_about = submit::ABOUT, after_long_help = submit::EXAMPLES, disable_help_subcommand = true)]
    Submit(submit::SubmitAction),
    /// Train networks: the small world's, or those of a recipe
    #[command(long_about = help::TRAIN, after_long_help = help::TRAIN_EXAMPLES)]
    Train(TrainArgs),
    /// Ask people blind: the form of a frozen study, and its operator's page
    #[command(long_about = help::SERVE, after_long_help = help::SERVE_EXAMPLES)]
    Serve(ServeArgs),
    /// Freeze a study of two or more arms, invite to it, attack it, close it
    #[command(subcommand, long_about = help::STUDY, after_long_help = help::STUDY_EXAMPLES, disable_help_subcommand = true)]
    Study(StudyAction),
    /// Verify, export or analyse the votes of a study
    #[command(subcommand, long_about = help::VOTES, after_long_help = help::VOTES_EXAMPLES, disable_help_subcommand = true)]
    Votes(VotesAction),
    /// Make an arm of another system's images
    #[command(long_about = import::ABOUT, after_long_help = import::EXAMPLES)]
    Import(import::ImportArgs),
    /// Write an arm's images as the official scripts want them
    #[command(long_about = export::ABOUT, after_long_help = export::EXAMPLES)]
    Export(export::ExportArgs),
    /// List the networks and their exact sizes, beside the paper's
    #[command(long_about = help::MODELS, after_long_help = help::MODELS_EXAMPLES)]
    Models(ModelsArgs),
    /// List the suites of prompts, or one suite's prompts, or fetch their files
    #[command(long_about = help::SUITES, after_long_help = help::SUITES_EXAMPLES)]
    Suites(SuitesArgs),
    /// List the metrics, or explain one
    #[command(after_long_help = help::METRICS_EXAMPLES)]
    Metrics(NamedArgs),
    /// Check what this machine has and lacks, and say how to get it
    #[command(after_long_help = help::DOCTOR_EXAMPLES)]
    Doctor(DoctorArgs),
    /// Repeat what is said of full size
    #[command(subcommand, hide = true, disable_help_subcommand = true)]
    Develop(develop::DevelopAction),
}

/// A recipe, and where and how to run it.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// A TOML file, or a built-in recipe such as mfg-shapes [default: table2-shapes]
    pub recipe: Option<PathBuf>,
    /// Folder of the run; to continue one, give the same folder again [default: runs/<recipe's name>]
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Only this arm; may be given several times
    #[arg(long = "arm", value_name = "NAME")]
    pub arms: Vec<String>,
    /// Only this category; may be given several times
    #[arg(long = "category", value_name = "NAME")]
    pub categories: Vec<String>,
    /// At most so many prompts a category
    #[arg(long, value_name = "N")]
    pub prompts: Option<u32>,
    /// Images per prompt instead of the recipe's
    #[arg(long, value_name = "N")]
    pub images: Option<u32>,
    /// Sampler steps instead of the recipe's
    #[arg(long, value_name = "N")]
    pub steps: Option<u32>,
    /// Type in which weights are held, instead of the recipe's
    #[arg(long, value_enum, value_name = "TYPE", hide_short_help = true)]
    pub dtype: Option<MemoryType>,
    /// What to work with.
    #[command(flatten)]
    pub work: WorkArgs,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// A type of weights in memory, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MemoryType {
    /// 32 bits
    F32,
    /// Matrices in bfloat16: half the memory, and faster where the processor multiplies it
    Bf16,
    /// Matrices in 16 bits of IEEE: half the memory
    F16,
}

impl From<MemoryType> for WeightType {
    fn from(word: MemoryType) -> Self {
        match word {
            MemoryType::F32 => Self::F32,
            MemoryType::Bf16 => Self::Bf16,
            MemoryType::F16 => Self::F16,
        }
    }
}

/// A recipe, and what to leave beside its images.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// What to draw.
    #[command(flatten)]
    pub run: RunArgs,
    /// Also write clips to look at: frames, GIF and, by ffmpeg, MP4 and WebM
    #[arg(long)]
    pub video: bool,
}

/// What to work with.
#[derive(Clone, Debug, Args)]
pub struct WorkArgs {
    /// Folder of trained weights [default: $GENTRON_WEIGHTS, or found beside recipe, folder or program]
    #[arg(long, value_name = "DIR")]
    pub weights: Option<PathBuf>,
    /// Folder of official prompt files [default: the recipe's, $GENTRON_SUITES, then what `suites fetch` brought]
    #[arg(long, value_name = "DIR")]
    pub suites: Option<PathBuf>,
    /// Threads; any number gives the same bytes [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

impl WorkArgs {
    /// Threads to use.
    pub fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(cores, usize::from)
    }
}

/// What to train, and where.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// A TOML file of networks [default: the small world's, built in]
    pub recipe: Option<PathBuf>,
    /// Only this network; may be given several times
    #[arg(long = "only", value_name = "NAME")]
    pub only: Vec<String>,
    /// Folder of finished weights; frozen networks are read from here
    #[arg(long, value_name = "DIR", default_value = "weights")]
    pub weights: PathBuf,
    /// Folder of training states, from which the same command continues
    #[arg(long, value_name = "DIR", default_value = ".train")]
    pub states: PathBuf,
    /// Where a network has no state, go on from its finished weights, if they are of the same recipe with fewer samples
    #[arg(long)]
    pub extend: bool,
    /// Begin with the layers of a public DiT or PixArt-α that fit: a folder or file in its own or diffusers' layout, or a name of `models fetch`
    #[arg(long, value_name = "CHECKPOINT", conflicts_with = "extend")]
    pub init: Option<PathBuf>,
    /// A folder of clips with captions to train on instead of the small world: frames, GIFs or films, with NAME.txt beside each
    #[arg(long, value_name = "DIR")]
    pub clips: Option<PathBuf>,
    /// Frames that each of these clips is cut to
    #[arg(long, value_name = "N", default_value_t = 8, requires = "clips", value_parser = clap::value_parser!(u16).range(2..=256))]
    pub frames: u16,
    /// Side in pixels that their frames are resized to
    #[arg(long, value_name = "N", default_value_t = 64, requires = "clips", value_parser = clap::value_parser!(u32).range(8..=2048))]
    pub side: u32,
    /// Print the cards as JSON instead of a line each
    #[arg(long)]
    pub json: bool,
}

/// The folder of a run when none is named.
pub const DEFAULT_RUN: &str = "runs/table2-shapes";

/// Who scores photographs.
#[derive(Debug, Args)]
pub struct ScorerArgs {
    /// Folder with BLIP-VQA's weights and vocab.txt
    #[arg(long, value_name = "DIR")]
    pub blip: Option<PathBuf>,
    /// File of a detector's boxes, JSON or JSONL
    #[arg(long, value_name = "FILE")]
    pub detections: Option<PathBuf>,
    /// Folder with CLIP's two towers and tokenizer
    #[arg(long, value_name = "DIR")]
    pub clip: Option<PathBuf>,
    /// UniDet's ResNet-50 weights: boxes for 3D and numeracy
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub unidet_r50: Option<PathBuf>,
    /// UniDet's ResNeSt-200 weights: boxes for 2D
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub unidet_rs200: Option<PathBuf>,
    /// DPT-Hybrid's weights: depth for 3D
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub depth: Option<PathBuf>,
    /// Folder with PickScore's weights and a CLIP's tokenizer
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub pickscore: Option<PathBuf>,
    /// Folder with HPSv2.1's weights and a CLIP's tokenizer
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub hpsv2: Option<PathBuf>,
    /// Folder with ImageReward's weights and vocab.txt
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub image_reward: Option<PathBuf>,
}

impl ScorerArgs {
    /// Those that are named.
    pub fn paths(&self) -> ScorerPaths {
        ScorerPaths {
            blip: self.blip.clone(),
            detections: self.detections.clone(),
            clip: self.clip.clone(),
            unidet_r50: self.unidet_r50.clone(),
            unidet_rs200: self.unidet_rs200.clone(),
            depth: self.depth.clone(),
            pickscore: self.pickscore.clone(),
            hpsv2: self.hpsv2.clone(),
            image_reward: self.image_reward.clone(),
        }
    }
}

/// A run, or a folder of images, to score.
#[derive(Debug, Args)]
pub struct ScoreArgs {
    /// Folder of the run; with --suite, of images
    #[arg(default_value = DEFAULT_RUN)]
    pub run: PathBuf,
    /// The folder is no run: its images are of this suite, as t2i-compbench/color or prompts.csv
    #[arg(long, value_name = "SUITE")]
    pub suite: Option<String>,
    /// CSV with the columns image and prompt, where the images' names do not say whose they are
    #[arg(long, value_name = "FILE", requires = "suite", hide_short_help = true)]
    pub map: Option<PathBuf>,
    /// Images that each prompt should have [default: as many as the prompt with most]
    #[arg(long, value_name = "N", requires = "suite", hide_short_help = true)]
    pub images: Option<u32>,
    /// What the images show [default: shapes for the suite shapes, else photographs]
    #[arg(long, value_enum, requires = "suite", hide_short_help = true)]
    pub world: Option<World>,
    /// Print, where scores are missing, between what the mean must lie
    #[arg(long, requires = "suite")]
    pub bounds: bool,
    /// Write the official scripts' result files, too
    #[arg(long, requires = "suite", hide_short_help = true)]
    pub official_files: bool,
    /// Compare the images with these: a folder of images, or pytorch-fid's statistics (.npz); gives FID, FD-CLIP and CMMD
    #[arg(long, value_name = "DIR", requires = "suite", hide_short_help = true)]
    pub reference: Option<PathBuf>,
    /// Inception's weights for FID [default: in $GENTRON_SCORERS/inception, or the data folder]
    #[arg(long, value_name = "FILE", requires = "reference", hide_short_help = true)]
    pub inception: Option<PathBuf>,
    /// Where to write what a folder scores [default: scores, within it]
    #[arg(short, long, value_name = "DIR", requires = "suite")]
    pub out: Option<PathBuf>,
    /// Who looks.
    #[command(flatten)]
    pub scorers: ScorerArgs,
    /// What to work with.
    #[command(flatten)]
    pub work: WorkArgs,
    /// Print JSON instead of a sentence
    #[arg(long)]
    pub json: bool,
}

/// A run to report on.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Folder of the run
    #[arg(default_value = DEFAULT_RUN)]
    pub run: PathBuf,
    /// Write LaTeX, Markdown, CSV, Parquet and JSON into this folder, too
    #[arg(long, value_name = "DIR")]
    pub export: Option<PathBuf>,
    /// Keep this closed study's votes with the run, and report on them; may be given several times
    #[arg(long, value_name = "STUDY")]
    pub votes: Vec<PathBuf>,
    /// Write nothing: recompute every digest, number and byte, and say what differs
    #[arg(long, conflicts_with_all = ["export", "votes"])]
    pub verify: bool,
    /// While the run is going, report every so many seconds on what is there
    #[arg(
        long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "10", conflicts_with_all = ["verify", "export"],
        value_parser = clap::value_parser!(u32).range(1..=3600)
    )]
    pub watch: Option<u32>,
    /// Write report-times.html, too: the report with the seconds that drawing took, which differ from one execution to the next
    #[arg(long, conflicts_with_all = ["verify", "watch"])]
    pub times: bool,
    /// Watts of a busy thread, with which energy is estimated [default: 15 on a CPU, nothing on a GPU]
    #[arg(long, value_name = "W", hide_short_help = true, value_parser = submit::above_zero)]
    pub watts: Option<f64>,
    /// What to work with, where the run is not finished.
    #[command(flatten)]
    pub work: WorkArgs,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// A list, or one of its entries.
#[derive(Debug, Args)]
pub struct NamedArgs {
    /// One entry, to be explained
    pub name: Option<String>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// The networks.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct ModelsArgs {
    /// What else to do.
    #[command(subcommand)]
    pub action: Option<ModelsAction>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// What can be done with networks.
#[derive(Debug, Subcommand)]
pub enum ModelsAction {
    /// Bring published text encoders, autoencoders and pipelines into the Hugging Face cache
    #[command(long_about = help::FETCH_MODELS, after_long_help = help::FETCH_MODELS_EXAMPLES)]
    Fetch(FetchModelsArgs),
}

/// Which networks to bring.
#[derive(Debug, Args)]
pub struct FetchModelsArgs {
    /// clip-l, flan-t5-small, -base, -large, -xl, -xxl, sd-vae-ft-ema, sd-1.5, sd-2.1, sdxl, pixart-alpha-512, pixart-alpha-1024, or their
    /// repositories' names
    #[arg(required = true)]
    pub names: Vec<String>,
    /// Print JSON instead of a line each
    #[arg(long)]
    pub json: bool,
}

/// The suites, or the prompts of one.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct SuitesArgs {
    /// What else to do.
    #[command(subcommand)]
    pub action: Option<SuitesAction>,
    /// One suite, or a part of it, or a file of your own, to list its prompts
    pub name: Option<String>,
    /// Only the prompts of this category
    #[arg(long, value_name = "NAME", requires = "name")]
    pub category: Option<String>,
    /// Folder of official prompt files [default: $GENTRON_SUITES, then what `suites fetch` brought]
    #[arg(long, value_name = "DIR")]
    pub suites: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// What can be done with suites.
#[derive(Debug, Subcommand)]
pub enum SuitesAction {
    /// Bring the official prompt files, each checked against its known digest
    #[command(long_about = help::FETCH, after_long_help = help::FETCH_EXAMPLES)]
    Fetch(FetchArgs),
}

/// Which files to bring, and where to.
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// t2i-compbench, parti, geneval [default: all three]
    pub suites: Vec<String>,
    /// Folder to put them in [default: gentron/suites in your data folder, where every command looks]
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Print JSON instead of a line each
    #[arg(long)]
    pub json: bool,
}

/// What to check.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// A TOML file, or a built-in recipe, whose needs are checked
    pub recipe: Option<PathBuf>,
    /// Folder of trained weights
    #[arg(long, value_name = "DIR")]
    pub weights: Option<PathBuf>,
    /// Folder of official prompt files
    #[arg(long, value_name = "DIR")]
    pub suites: Option<PathBuf>,
    /// Type in which the run would hold weights, instead of the recipe's: time and memory are of it
    #[arg(long, value_enum, value_name = "TYPE")]
    pub dtype: Option<MemoryType>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}
