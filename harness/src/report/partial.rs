//! A run that is not finished: what is drawn of it so far, looked at and concluded from, beside whoever is at work in its folder.
//!
//! Nothing that a stage counts on is touched. Observations stay in memory; `analysis.json` and `report.html` are written as the last stage
//! writes them, say that they are provisional, and are replaced in the end.

use std::collections::HashMap;

use gentron_metrics::Observation;
use gentron_reports::{Analysis, ObservationRow, analyse_with, provisional, write_observations};
use gentron_suites::Prompt;

use crate::failure::{Explain as _, Interrupted, refuse};
use crate::plan::Task;
use crate::score::{self, Scorer, rows};
use crate::store::{Ledger, Run, atomic, digest};
use crate::workers::{self, Ended};

/// Looks at an unfinished run, as often as one likes; each image is looked at once.
pub struct Partial {
    prompts: HashMap<String, Prompt>,
    scorer: Scorer,
    threads: usize,
    /// By task: the digest of the image that was looked at, and what was seen.
    seen: HashMap<String, (String, Vec<Observation>)>,
}

impl Partial {
    /// For the prompts of a run, with what scores its images.
    pub fn new(prompts: Vec<Prompt>, scorer: Scorer, threads: usize) -> Self {
        let prompts = prompts.into_iter().map(|prompt| (prompt.id.clone(), prompt)).collect();
        Self { prompts, scorer, threads, seen: HashMap::new() }
    }

    /// Whether every image is drawn and scored, so that the last stage can do its work.
    pub fn is_over(&self, run: &Run) -> bool {
        score::stage::is_finished(run, &self.scorer)
    }

    /// Concludes from what is there, and writes `analysis.json` and `report.html`; with `refresh`, a browser that shows the page loads
    /// it again every so many seconds.
    ///
    /// # Errors
    /// Nothing is drawn yet, a record cannot be read, or the disk fails.
    pub fn report(&mut self, run: &Run, refresh: Option<u32>) -> anyhow::Result<Analysis> {
        let rows = self.rows(run)?;
        if rows.is_empty() {
            let what = format!("{} has nothing to report on yet: no image is drawn", run.folder.display());
            return Err(refuse(what, "`gentron ablate` or `gentron generate` with the run's recipe draws them"));
        }
        let info = &run.manifest.run_info;
        let folder =
            tempfile::tempdir().explain(|| ("cannot make a temporary folder", "name another one with TMPDIR"))?;
        write_observations(folder.path(), rows)?;
        let analysis = analyse_with(folder.path(), info)?;
        let [json, html] = provisional(&run.folder, info, &analysis, refresh)?;
        let cannot = || (format!("cannot write the report of {}", run.folder.display()), "check space and permissions");
        atomic::write(&run.path("analysis.json"), &json).explain(cannot)?;
        atomic::write(&run.path("report.html"), &html).explain(cannot)?;
        Ok(analysis)
    }

    fn rows(&mut self, run: &Run) -> anyhow::Result<Vec<ObservationRow>> {
        let ledger = Ledger::open(&run.folder)?;
        let mut journalled = score::stage::journalled(run, &ledger, &self.scorer)?;
        let mut pending: Vec<(&Task, &str)> = Vec::new();
        for task in &run.plan.tasks {
            let Some(recorded) = ledger.recorded(task) else { continue };
            if let Some(observations) = journalled.remove(&task.task) {
                self.seen.insert(task.task.clone(), (recorded.to_owned(), observations));
            } else if self.seen.get(&task.task).is_none_or(|(digest, _)| digest != recorded) {
                self.seen.remove(&task.task);
                // Whoever scores photographs takes long, and writes down what was seen.
                if self.scorer.is_exact(&task.suite) {
                    pending.push((task, recorded));
                }
            }
        }
        self.look(run, &pending)?;
        let mut rows = Vec::new();
        for task in &run.plan.tasks {
            if let Some((_, observations)) = self.seen.get(&task.task) {
                let headline = self.scorer.headline(&task.suite, &task.category);
                rows.extend(rows::of_task(task, headline, observations.clone())?);
            }
        }
        Ok(rows)
    }

    fn look(&mut self, run: &Run, pending: &[(&Task, &str)]) -> anyhow::Result<()> {
        let seen = std::sync::Mutex::new(Vec::new());
        let ended = workers::for_each(self.threads, pending, |(task, recorded)| {
            let Ok(bytes) = std::fs::read(run.folder.join(task.image())) else { return Ok(()) };
            // An image that is not what was recorded is drawn again by whoever goes on with the run.
            if digest::of_bytes(&bytes) != *recorded {
                return Ok(());
            }
            let (Ok(image), Some(prompt)) = (image::load_from_memory(&bytes), self.prompts.get(&task.prompt_id)) else {
                return Ok(());
            };
            let observations = self.scorer.observe(prompt, &image.to_rgb8(), &task.image_text());
            let mut seen = seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            seen.push((task.task.clone(), ((*recorded).to_owned(), observations)));
            Ok(())
        })?;
        if ended == Ended::Stopped {
            return Err(Interrupted.into());
        }
        self.seen.extend(seen.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
        Ok(())
    }
}
