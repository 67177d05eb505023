//! The stage `report`: from observations to `analysis.json` and `report.html`.

use gentron_reports::{Analysis, analyse_with, write_report};

use super::gates::{self, Judged};
use crate::failure::{Explain as _, refuse};
use crate::store::Run;

/// What a run says in the end.
pub struct Reported {
    /// The conclusions.
    pub analysis: Analysis,
    /// The recipe's gates.
    pub gates: Vec<Judged>,
}

/// Concludes and writes both files.
///
/// # Errors
/// There are no observations, they are damaged, or the disk fails.
pub fn report(run: &Run) -> anyhow::Result<Reported> {
    if !run.path(gentron_reports::observations::FILE).exists() {
        let what = format!("{} has no observations to report on", run.folder.display());
        return Err(refuse(what, format!("`gentron score {}` makes them", run.folder.display())));
    }
    let info = &run.manifest.run_info;
    let analysis = analyse_with(&run.folder, info).explain(|| {
        let hint = format!("`gentron score {}` makes the observations anew", run.folder.display());
        (format!("cannot conclude from {}", run.folder.display()), hint)
    })?;
    write_report(&run.folder, info, &analysis)
        .explain(|| (format!("cannot write the report of {}", run.folder.display()), "check space and permissions"))?;
    Ok(Reported { gates: gates::judge(&run.manifest.recipe.gates, &analysis), analysis })
}
