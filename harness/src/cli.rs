//! The command line: what can be typed, and its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::help;
use crate::version::VERSION;

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
    Generate(RunArgs),
    /// Score the images of a run; never draws
    #[command(long_about = help::SCORE, after_long_help = help::SCORE_EXAMPLES)]
    Score(ScoreArgs),
    /// Conclude from the scores of a run: table, analysis.json, report.html
    #[command(long_about = help::REPORT, after_long_help = help::REPORT_EXAMPLES)]
    Report(ReportArgs),
    /// Train networks: the small world's, or those of a recipe
    #[command(long_about = help::TRAIN, after_long_help = help::TRAIN_EXAMPLES)]
    Train(TrainArgs),
    /// List the networks and their exact sizes, beside the paper's
    #[command(after_long_help = help::MODELS_EXAMPLES)]
    Models(ListArgs),
    /// List the suites of prompts, or one suite's prompts
    #[command(after_long_help = help::SUITES_EXAMPLES)]
    Suites(SuitesArgs),
    /// List the metrics, or explain one
    #[command(after_long_help = help::METRICS_EXAMPLES)]
    Metrics(NamedArgs),
    /// Check what this machine has and lacks, and say how to get it
    #[command(after_long_help = help::DOCTOR_EXAMPLES)]
    Doctor(DoctorArgs),
}

/// A recipe, and where and how to run it.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// A TOML file, or a built-in recipe: table2-shapes (the default), limits-shapes
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
    /// What to work with.
    #[command(flatten)]
    pub work: WorkArgs,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// What to work with.
#[derive(Debug, Args)]
pub struct WorkArgs {
    /// Folder of trained weights [default: $GENTRON_WEIGHTS, or found beside recipe, folder or program]
    #[arg(long, value_name = "DIR")]
    pub weights: Option<PathBuf>,
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
    /// Print the cards as JSON instead of a line each
    #[arg(long)]
    pub json: bool,
}

/// The folder of a run when none is named.
const DEFAULT_RUN: &str = "runs/table2-shapes";

/// A run to score.
#[derive(Debug, Args)]
pub struct ScoreArgs {
    /// Folder of the run
    #[arg(default_value = DEFAULT_RUN)]
    pub run: PathBuf,
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
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// A list.
#[derive(Debug, Args)]
pub struct ListArgs {
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

/// The suites, or the prompts of one.
#[derive(Debug, Args)]
pub struct SuitesArgs {
    /// One suite, to list its prompts
    pub name: Option<String>,
    /// Only the prompts of this category
    #[arg(long, value_name = "NAME", requires = "name")]
    pub category: Option<String>,
    /// Print JSON instead of a table
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
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}
