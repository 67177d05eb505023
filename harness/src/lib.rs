//! The binary `gentron`: recipes, plan, runner, run store and command line. It alone composes the other crates. It must never know how a
//! network computes, what a score's formula is, or how an interval is found.
//!
//! ```text
//! recipe/ ─► plan/ ─► generate/ ─► score/ ─► report/        stages, in order; each leaves files in a run's folder
//!               ▲         │           │          │
//!            weights/     └────────── store/ ────┘           one way to write, journals, ledger, manifest
//!            registry/                                       suites by name, and where their files are
//! shards/    one run by many workers, and one again; submit/ hands it to Slurm, Kubernetes or processes here
//! remote/    a run's folder in an object store, mirrored here by whoever works on it
//! movie/     clips as GIF, MP4, WebM and frames, and back
//! bare/      images that nobody here drew: found, scored, averaged
//! exchange/  imports of other systems' images, exports for the official scripts
//! forecast/  what a run will take on this machine
//! play/      a page on which every arm draws what is typed
//! study/     people asked blind: freezing, the form, votes that can be trusted
//! commands/  what the user types, each a composition of stages
//! ```
//!
//! Every stage can be killed at any moment and run again: what is finished is kept, and the finished files do not tell the difference.

pub mod bare;
pub mod cli;
pub mod commands;
pub mod decode;
pub mod device;
pub mod download;
pub mod exchange;
pub mod failure;
pub mod forecast;
pub mod generate;
pub mod help;
pub mod interrupt;
pub mod movie;
pub mod names;
pub mod plan;
pub mod play;
pub mod progress;
pub mod recipe;
pub mod registry;
pub mod remote;
pub mod report;
pub mod score;
pub mod shards;
pub mod store;
pub mod study;
pub mod submit;
pub mod table;
pub mod training;
pub mod version;
pub mod weights;
pub mod workers;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use failure::Reader;

/// Runs one command line and says how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match cli::Cli::try_parse_from(arguments) {
        Ok(cli) => {
            let is_worker = matches!(cli.command, cli::Command::Work(_));
            let reader = if is_worker { Reader::Scheduler } else { Reader::Anyone };
            failure::conclude(commands::run(cli), reader)
        }
        Err(error) => failure::conclude_usage(&error),
    }
}
