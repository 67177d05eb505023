//! Is what lies in a run's folder still what was drawn, scored and concluded?

use std::path::Path;

use gentron_reports::{analyse_with, rendered};
use serde::Serialize;

use crate::store::{Ledger, Run, digest};

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The same.
    Intact,
    /// Something else.
    Differs,
    /// Not there to be checked.
    Absent,
}

impl State {
    /// The word shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Differs => "DIFFERS",
            Self::Absent => "absent",
        }
    }
}

/// A thing of a run, and whether it is what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub what: String,
    /// What was found.
    pub state: State,
    /// More about it; empty if there is none.
    pub detail: String,
}

impl Check {
    /// A check of this outcome.
    pub fn new(what: impl Into<String>, state: State, detail: impl Into<String>) -> Self {
        Self { what: what.into(), state, detail: detail.into() }
    }
}

/// Recomputes every digest of a run and every number of its report. The plan was checked when the run was opened.
///
/// # Errors
/// A record of the run cannot be read.
pub fn digests(run: &Run, weights: Option<&Path>) -> anyhow::Result<Vec<Check>> {
    let mut checks = vec![Check::new("plan.jsonl", State::Intact, &run.manifest.plan.digest[..12])];
    checks.push(images(run)?);
    checks.push(observations(run)?);
    checks.extend(weights.map(|folder| self::weights(run, folder)).unwrap_or_default());
    if run.path(gentron_reports::observations::FILE).exists() {
        let info = &run.manifest.run_info;
        // Damaged observations have their own line above.
        if let Ok(analysis) = analyse_with(&run.folder, info) {
            let [json, html] = rendered(&run.folder, info, &analysis)?;
            checks.push(bytes(run, "analysis.json", &json));
            checks.push(bytes(run, "report.html", &html));
        }
    }
    Ok(checks)
}

fn images(run: &Run) -> anyhow::Result<Check> {
    let ledger = Ledger::open(&run.folder)?;
    let intact = ledger.verify(&run.plan);
    let recorded = |index: usize| ledger.recorded(&run.plan.tasks[index]).is_some();
    let wrong: Vec<usize> = (0..intact.len()).filter(|i| !intact[*i] && recorded(*i)).collect();
    let undrawn = (0..intact.len()).filter(|i| !recorded(*i)).count();
    let count = intact.iter().filter(|intact| **intact).count();
    let detail = match wrong.first() {
        Some(first) => format!("{} not as drawn, as {}", wrong.len(), run.plan.tasks[*first].image_text()),
        None => format!("{count} as drawn, {undrawn} not drawn yet"),
    };
    let state = if wrong.is_empty() { State::Intact } else { State::Differs };
    Ok(Check::new("images", state, detail))
}

fn observations(run: &Run) -> anyhow::Result<Check> {
    let name = gentron_reports::observations::FILE;
    let Ok(seal) = std::fs::read(run.path("scored.json")) else {
        return Ok(Check::new(name, State::Absent, "the run is not scored yet"));
    };
    let seal: serde_json::Value = serde_json::from_slice(&seal).unwrap_or_default();
    let found = digest::of_file(&run.path(name)).unwrap_or_default();
    let state = if seal["observations"] == found.as_str() { State::Intact } else { State::Differs };
    let images = digest::of_file(&run.path("images.jsonl")).unwrap_or_default();
    if seal["images"] != images.as_str() {
        return Ok(Check::new(name, State::Differs, "scored from other images than images.jsonl names"));
    }
    Ok(Check::new(name, state, found.get(..12).unwrap_or_default()))
}

fn weights(run: &Run, folder: &Path) -> Vec<Check> {
    let check = |(path, recorded): (&String, &String)| match digest::of_file(&folder.join(path)) {
        Ok(found) if found == *recorded => Check::new(path, State::Intact, &recorded[..12]),
        Ok(found) => Check::new(path, State::Differs, format!("{} now, {} then", &found[..12], &recorded[..12])),
        Err(_) => Check::new(path, State::Absent, format!("not in {}", folder.display())),
    };
    run.manifest.weights.iter().map(check).collect()
}

fn bytes(run: &Run, name: &str, wanted: &[u8]) -> Check {
    match std::fs::read(run.path(name)) {
        Ok(found) if found == wanted => Check::new(name, State::Intact, "the same bytes, computed again"),
        Ok(_) => Check::new(name, State::Differs, "`gentron report` of this version writes other bytes"),
        Err(_) => Check::new(name, State::Absent, "`gentron report` writes it"),
    }
}
