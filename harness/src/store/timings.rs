//! `timings.json`: what differs between two executions of one run. Nothing else depends on it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::atomic;

/// Work and time by stage and arm, added up over all executions of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// By stage, such as `generate cross-clip`.
    pub stages: BTreeMap<String, Spent>,
}

/// Work done and the time it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Images.
    pub images: usize,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Threads of the last execution.
    pub threads: usize,
}

impl Timings {
    /// What a run's file says; nothing where there is none.
    pub fn read(run: &Path) -> Self {
        let read = std::fs::read(run.join("timings.json")).ok();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Thread-seconds of all stages.
    pub fn thread_seconds(&self) -> f64 {
        self.stages.values().map(|spent| spent.seconds * spent.threads as f64).sum()
    }

    /// Adds to the file of a run. Timings are a courtesy: what goes wrong here is nobody's concern.
    pub fn add(run: &Path, stage: String, spent: Spent) {
        let path = run.join("timings.json");
        let mut timings = Self::read(run);
        let entry = timings.stages.entry(stage).or_default();
        entry.images += spent.images;
        entry.seconds += spent.seconds;
        entry.threads = spent.threads;
        if let Ok(bytes) = serde_json::to_vec_pretty(&timings) {
            drop(atomic::write(&path, &bytes));
        }
    }
}
