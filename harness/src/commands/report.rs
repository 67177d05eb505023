//! `gentron report`: the last stage.

use std::path::Path;

use gentron_reports::{Analysis, Power, export, rendered, terminal_table};

use super::{setup, verify, votes, watch};
use crate::cli::ReportArgs;
use crate::failure::{Explain as _, Outcome, refuse};
use crate::report::gates;
use crate::report::partial::Partial;
use crate::report::stage::{Reported, report};
use crate::report::verify::digests;
use crate::score::ScorerPaths;
use crate::shards::folder::refuse_unmerged;
use crate::store::timings::Timings;
use crate::store::{Run, atomic};
use crate::{device, progress, remote, table};

/// Concludes from what is scored.
///
/// # Errors
/// Whatever keeps it from its end.
pub fn run(args: &ReportArgs) -> anyhow::Result<Outcome> {
    if let Some(seconds) = args.watch {
        return watch::run(args, seconds);
    }
    remote::whole(&args.run, |folder| on(folder, args))
}

fn on(folder: &Path, args: &ReportArgs) -> anyhow::Result<Outcome> {
    let run = Run::open(folder)?;
    if args.verify {
        let weights = verify::weights_of(&run, None).unwrap_or_default();
        return verify::print(&digests(&run, weights.as_deref())?, args.json);
    }
    refuse_unmerged(&run.folder)?;
    for study in &args.votes {
        votes::keep(&run, study)?;
    }
    let reported =
        if run.path(gentron_reports::observations::FILE).exists() { report(&run)? } else { so_far(&run, args)? };
    if let Some(folder) = &args.export {
        if reported.analysis.is_unfinished() {
            let hint = "`gentron ablate` with the run's recipe finishes it";
            return Err(refuse("the tables of a run that is not finished are not exported", hint));
        }
        let written = export(folder, &run.manifest.run_info, &reported.analysis)
            .explain(|| (format!("cannot export to {}", folder.display()), "choose another folder with --export"))?;
        progress::say(&format!("exported {} files to {}", written.len(), folder.display()));
    }
    if args.times {
        timed(&run, &reported.analysis)
            .explain(|| (format!("cannot write {TIMED} of {}", run.folder.display()), "check space and permissions"))?;
        progress::say(&format!("with times: {}", run.path(TIMED).display()));
    }
    print(&run, &reported, args.json, args.watts)
}

/// The report with what no two executions have in common.
const TIMED: &str = "report-times.html";

/// Writes the report once more, with how long each arm's images took.
fn timed(run: &Run, analysis: &Analysis) -> anyhow::Result<()> {
    let timings = Timings::read(&run.folder);
    let mut info = run.manifest.run_info.clone();
    for arm in &mut info.arms {
        let spent = timings.stages.get(&format!("generate {}", arm.id)).filter(|spent| spent.images > 0);
        arm.seconds_per_image = spent.map(|spent| spent.seconds / spent.images as f64);
    }
    let [_, html] = rendered(&run.folder, &info, analysis)?;
    atomic::write(&run.path(TIMED), &html)
}

/// The report of a run that stopped on its way: gates have nothing to judge yet.
fn so_far(run: &Run, args: &ReportArgs) -> anyhow::Result<Reported> {
    let prompts = setup::prompts_of(run, &args.work)?;
    let (scorer, _) = setup::scorer_of(run, &args.work, &ScorerPaths::default())?;
    let analysis = Partial::new(prompts, scorer, args.work.threads()).report(run, None)?;
    Ok(Reported { analysis, gates: Vec::new() })
}

/// Prints the conclusions, judges the gates; energy is estimated with `watts` of a busy thread, where they are given.
///
/// # Errors
/// Whoever reads stdout has gone away.
pub fn print(run: &Run, reported: &Reported, json: bool, watts: Option<f64>) -> anyhow::Result<Outcome> {
    let path = run.path("report.html");
    let timings = Timings::read(&run.folder);
    let power = match watts {
        Some(watts) => Some(Power { watts, basis: "--watts".into() }),
        None => device::power(),
    };
    let energy = power.map(|power| (power.energy(timings.thread_seconds()), power));
    if json {
        table::print_json(&serde_json::json!({
            "run": run.folder.display().to_string(),
            "report": path.display().to_string(),
            "spent": {
                "stages": timings.stages,
                "energy": energy.as_ref().map(|(energy, power)| serde_json::json!({
                    "estimate": energy, "watts_per_thread": power.watts, "basis": power.basis,
                })),
            },
            "gates": reported.gates,
            "analysis": reported.analysis,
        }))?;
    } else {
        let mut text = terminal_table(&reported.analysis);
        let lines = gates::lines(&reported.gates);
        if !lines.is_empty() {
            text += &format!("\n{}\n", lines.join("\n"));
        }
        let spent: f64 = timings.stages.values().map(|spent| spent.seconds).sum();
        if spent > 0.0 {
            let energy = energy.map_or(String::new(), |(energy, power)| {
                format!(", about {energy} at {} W a busy thread ({})", power.watts, power.basis)
            });
            text += &format!("\ndrawn and scored in {}{energy}\n", progress::human(spent));
        }
        text += &format!("\nreport: {}\n", path.display());
        table::print(&text)?;
    }
    let passed = reported.gates.iter().all(|gate| gate.passed);
    Ok(if passed { Outcome::Done } else { Outcome::GateFailed })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::Cli;

    #[test]
    fn watts_are_a_number_above_zero() {
        let accepted = |watts: &str| {
            let argument = format!("--watts={watts}");
            Cli::try_parse_from(["gentron", "report", "run", argument.as_str()]).is_ok()
        };
        assert!(accepted("15") && accepted("0.5"));
        for wrong in ["nan", "inf", "-1", "0", "ten"] {
            assert!(!accepted(wrong), "{wrong}");
        }
    }
}
