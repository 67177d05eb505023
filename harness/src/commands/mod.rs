//! What the user types, one file a command, each a composition of stages.

pub mod ablate;
pub mod compare;
pub mod develop;
pub mod doctor;
pub mod export;
pub mod fetch;
pub mod folder;
pub mod generate;
pub mod import;
pub mod merge;
pub mod metrics;
pub mod models;
pub mod plan;
pub mod play;
pub mod random_scorers;
pub mod report;
pub mod retry_plan;
pub mod score;
pub mod scorers;
pub mod serve;
pub mod setup;
pub mod speed;
pub mod status;
pub mod study;
pub mod submit;
pub mod suites;
pub mod train;
pub mod verify;
pub mod votes;
pub mod watch;
pub mod work;

use crate::cli::{Cli, Command};
use crate::failure::Outcome;
use crate::{interrupt, progress};

/// Runs a parsed command line.
///
/// # Errors
/// Whatever keeps the command from running.
pub fn run(cli: Cli) -> anyhow::Result<Outcome> {
    if cli.quiet {
        progress::be_quiet();
    }
    interrupt::listen();
    match cli.command {
        Command::Ablate(args) => ablate::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Score(args) => score::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Play(args) => play::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Work(args) => work::run(&args),
        Command::Status(args) => status::run(&args),
        Command::RetryPlan(args) => retry_plan::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Submit(action) => submit::run(&action),
        Command::Train(args) => train::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Study(action) => study::run(&action),
        Command::Votes(action) => votes::run(&action),
        Command::Import(args) => import::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Models(args) => models::run(&args),
        Command::Suites(args) => suites::run(&args),
        Command::Metrics(args) => metrics::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Develop(action) => develop::run(&action),
    }
}
