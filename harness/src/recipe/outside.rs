//! Arms that are drawn outside of this program: imported images, and programs of other people.

use serde::{Deserialize, Serialize};

/// A program that draws, as a recipe writes it. What it is asked and what it answers: `gentron generate --help`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments. It runs in the recipe's folder; words that are files there are a part of what it is.
    pub run: Vec<String>,
    /// What else tells its images from those of another version: a revision, a digest of its weights.
    #[serde(default)]
    pub version: String,
    /// Width and height that every image must have; any if left out.
    #[serde(default)]
    pub size: Option<[u32; 2]>,
    /// How long a process lives.
    #[serde(default)]
    pub lives: Lives,
    /// Seconds that a batch may take; a process that takes longer is ended.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u32,
    /// How often a batch that failed is tried again, by a new process.
    #[serde(default = "default_retries")]
    pub retries: u32,
    /// Processes at once.
    #[serde(default = "default_processes")]
    pub processes: u32,
}

fn default_timeout() -> u32 {
    600
}

fn default_retries() -> u32 {
    1
}

fn default_processes() -> u32 {
    1
}

/// How long a process of a program lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lives {
    /// It is asked batch after batch, and answers every image with a line.
    #[default]
    Run,
    /// It is asked one batch, then its standard input ends; its exit code 0 says that all images are there.
    Batch,
}

/// The part of a [`Command`] that images depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// The program and its arguments.
    pub run: Vec<String>,
    /// See [`Command::version`].
    pub version: String,
    /// See [`Command::size`].
    pub size: Option<[u32; 2]>,
    /// See [`Command::lives`].
    pub lives: Lives,
}

/// The part of a [`Command`] that changes no image: it may be another when a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// See [`Command::timeout_seconds`].
    pub timeout_seconds: u32,
    /// See [`Command::retries`].
    pub retries: u32,
    /// See [`Command::processes`].
    pub processes: u32,
}

impl Command {
    /// What its images depend on.
    pub fn program(&self) -> Program {
        let Self { run, version, size, lives, .. } = self.clone();
        Program { run, version, size, lives }
    }

    /// What they do not.
    pub fn patience(&self) -> Patience {
        let Self { timeout_seconds, retries, processes, .. } = *self;
        Patience { timeout_seconds, retries, processes }
    }

    /// What cannot be meant, and the way out.
    pub(super) fn problem(&self) -> Option<(String, String)> {
        if self.run.first().is_none_or(|word| word.trim().is_empty()) {
            return Some(("its command is empty".into(), "write run = [\"program\", \"argument\"]".into()));
        }
        let limits = [
            ("timeout_seconds", self.timeout_seconds, 1, 86_400),
            ("retries", self.retries, 0, 100),
            ("processes", self.processes, 1, 256),
        ];
        let wrong = limits.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value));
        wrong.map(|(key, value, least, most)| (format!("{key} is {value}"), format!("choose {least} to {most}")))
    }
}
