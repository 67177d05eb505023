//! `gentron report`: the last stage.

use gentron_reports::{export, terminal_table};

use super::{verify, votes};
use crate::cli::ReportArgs;
use crate::failure::{Explain as _, Outcome};
use crate::progress;
use crate::report::gates;
use crate::report::stage::{Reported, report};
use crate::report::verify::digests;
use crate::shards::folder::refuse_unmerged;
use crate::store::Run;
use crate::table;

/// Concludes from what is scored.
///
/// # Errors
/// Whatever keeps it from its end.
pub fn run(args: &ReportArgs) -> anyhow::Result<Outcome> {
    let run = Run::open(&args.run)?;
    if args.verify {
        let weights = verify::weights_of(&run, None).unwrap_or_default();
        return verify::print(&digests(&run, weights.as_deref())?, args.json);
    }
    refuse_unmerged(&run.folder)?;
    for study in &args.votes {
        votes::keep(&run, study)?;
    }
    let reported = report(&run)?;
    if let Some(folder) = &args.export {
        let written = export(folder, &run.manifest.run_info, &reported.analysis)
            .explain(|| (format!("cannot export to {}", folder.display()), "choose another folder with --export"))?;
        progress::say(&format!("exported {} files to {}", written.len(), folder.display()));
    }
    print(&run, &reported, args.json)
}

/// Prints the conclusions, judges the gates.
///
/// # Errors
/// Whoever reads stdout has gone away.
pub fn print(run: &Run, reported: &Reported, json: bool) -> anyhow::Result<Outcome> {
    let path = run.path("report.html");
    if json {
        table::print_json(&serde_json::json!({
            "run": run.folder.display().to_string(),
            "report": path.display().to_string(),
            "gates": reported.gates,
            "analysis": reported.analysis,
        }))?;
    } else {
        let mut text = terminal_table(&reported.analysis);
        let lines = gates::lines(&reported.gates);
        if !lines.is_empty() {
            text += &format!("\n{}\n", lines.join("\n"));
        }
        text += &format!("\nreport: {}\n", path.display());
        table::print(&text)?;
    }
    let passed = reported.gates.iter().all(|gate| gate.passed);
    Ok(if passed { Outcome::Done } else { Outcome::GateFailed })
}
