//! `gentron submit`: a plan goes to those who work on it.

mod check;
mod kubernetes;
mod line;
mod local;
mod say;
mod slurm;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::{DEFAULT_RUN, WorkArgs};
use crate::failure::Outcome;

pub use kubernetes::KubernetesArgs;
pub use local::LocalArgs;
pub use slurm::SlurmArgs;

/// `gentron submit --help`.
pub const ABOUT: &str = "\
Hand a plan to Slurm, Kubernetes or processes on this machine.

Every worker is `gentron work`; there is no server. Slurm gets a chain of job arrays: draw, score, then merge and report, each when \
the one before has succeeded; scripts and logs are in a folder beside the run. Kubernetes gets two jobs, printed for \
`kubectl apply -f -`: an indexed one of the workers, and one that waits until nothing is left to them, a week at most, merges and \
reports. Only what is not done yet is submitted, so the same command is also the one to go on with.

--dry-run submits nothing: it draws and scores a batch of every arm here, and prints what the rest will take in hours, disk and \
energy, and what would be submitted. --budget says which part of the recipe to plan when that is too much. Hours are measured on this \
machine: GPU-hours where it has a GPU that is used, else worker-hours.";

/// After `gentron submit --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron submit slurm /scratch/table2 --workers 32 --option=--gpus=1 --option=--time=04:00:00
  gentron submit slurm /scratch/table2 --dry-run --budget 20 --watts 350
  gentron submit local runs/table2 --workers 2 --gpus 2";

/// Who gets the plan.
#[derive(Debug, Subcommand)]
pub enum SubmitAction {
    /// Job arrays, by sbatch
    #[command(after_long_help = slurm::EXAMPLES)]
    Slurm(SlurmArgs),
    /// An indexed job and one that concludes, printed as JSON for kubectl
    #[command(after_long_help = kubernetes::EXAMPLES)]
    Kubernetes(KubernetesArgs),
    /// Processes on this machine, to the end of the report
    #[command(after_long_help = local::EXAMPLES)]
    Local(LocalArgs),
}

/// What holds for all of them.
#[derive(Debug, Args)]
pub struct Common {
    /// Folder of the run, which `plan` made
    #[arg(default_value = DEFAULT_RUN)]
    pub run: PathBuf,
    /// Workers to divide the plan among; more than its shards are too many
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub workers: u32,
    /// Submit nothing: say what it will take, from a probe, and what would be submitted
    #[arg(long)]
    pub dry_run: bool,
    /// Worker-hours (GPU-hours on a GPU) to keep to: which part of the recipe has most power then
    #[arg(long, value_name = "HOURS", requires = "dry_run", value_parser = above_zero)]
    pub budget: Option<f64>,
    /// Watts that a worker draws, for the kilowatt-hours
    #[arg(long, value_name = "W", requires = "dry_run", hide_short_help = true, value_parser = above_zero)]
    pub watts: Option<f64>,
    /// What to work with.
    #[command(flatten)]
    pub work: WorkArgs,
}

/// Hours or watts.
///
/// # Errors
/// It is no finite number above 0.
pub fn above_zero(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "it must be a number above 0".to_owned())
}

/// Submits, or says what it would.
///
/// # Errors
/// There is no such run, the probe fails, or whoever is to get it refuses.
pub fn run(action: &SubmitAction) -> anyhow::Result<Outcome> {
    match action {
        SubmitAction::Slurm(args) => slurm::run(args),
        SubmitAction::Kubernetes(args) => kubernetes::run(args),
        SubmitAction::Local(args) => local::run(args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_watts_are_numbers_above_zero() {
        assert_eq!((above_zero("20"), above_zero("2.5e-4")), (Ok(20.0), Ok(0.000_25)));
        for wrong in ["nan", "NaN", "inf", "-inf", "-1", "-0", "0", "", "ten", "1e999"] {
            assert!(above_zero(wrong).is_err(), "{wrong}");
        }
    }
}
