//! The digest of every finished image: journals while drawing, `images.jsonl` when all are there.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Journals, atomic, digest};
use crate::plan::{Plan, Task};

/// One finished image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// The task's id.
    pub task: String,
    /// SHA-256 of the PNG file.
    pub sha256: String,
}

/// What is drawn so far.
pub struct Ledger {
    run: PathBuf,
    journals: Journals<Drawn>,
    /// Digest by task.
    known: HashMap<String, String>,
}

impl Ledger {
    /// Reads what earlier executions recorded.
    ///
    /// # Errors
    /// A file exists but cannot be read.
    pub fn open(run: &Path) -> anyhow::Result<Self> {
        let journals = Journals::new(run.join("journals"), "images");
        let mut records = read_compacted(&run.join("images.jsonl"))?;
        // Later records win: an image that was drawn again replaced the one before.
        records.extend(journals.read()?);
        let known = records.into_iter().map(|record: Drawn| (record.task, record.sha256)).collect();
        Ok(Self { run: run.to_owned(), journals, known })
    }

    /// The recorded digest of a task's image, whatever is on disk.
    pub fn recorded(&self, task: &Task) -> Option<&str> {
        self.known.get(&task.task).map(String::as_str)
    }

    /// For each task of the plan, whether its image is on disk with the recorded digest. A missing, truncated, altered or foreign
    /// file is not.
    pub fn verify(&self, plan: &Plan) -> Vec<bool> {
        let intact = |task: &Task| {
            let Some(recorded) = self.known.get(&task.task) else { return false };
            digest::of_file(&self.run.join(task.image())).is_ok_and(|found| found == *recorded)
        };
        plan.tasks.par_iter().map(intact).collect()
    }

    /// Records images that are safely on disk.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn record(&self, shard: u32, drawn: &[Drawn]) -> anyhow::Result<()> {
        self.journals.append(shard, drawn)
    }

    /// When every image is there: writes `images.jsonl`, sorted as the plan is, and removes the journals.
    ///
    /// # Errors
    /// A task has no record, or a file cannot be written.
    pub fn compact(&self, plan: &Plan) -> anyhow::Result<()> {
        let now = Self::open(&self.run)?;
        write(&self.run, plan, |task| now.recorded(task).map(str::to_owned))?;
        self.journals.clear()
    }
}

/// Writes `images.jsonl`, sorted as the plan is.
///
/// # Errors
/// A task has no digest, or the file cannot be written.
pub fn write(run: &Path, plan: &Plan, digest: impl Fn(&Task) -> Option<String>) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    for task in &plan.tasks {
        let sha256 = digest(task).with_context(|| format!("no record of {}", task.image_text()))?;
        serde_json::to_writer(&mut bytes, &Drawn { task: task.task.clone(), sha256 })?;
        bytes.push(b'\n');
    }
    atomic::write(&run.join("images.jsonl"), &bytes)
}

/// A damaged line is as if it were not there: its image will be drawn again.
fn read_compacted(path: &Path) -> anyhow::Result<Vec<Drawn>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(bytes.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}
