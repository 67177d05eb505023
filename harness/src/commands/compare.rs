//! `gentron compare`: several runs beside each other, without drawing or scoring anything.

use std::path::PathBuf;

use clap::Args;
use gentron_reports::{Change, Comparison, PairedBy, RunInfo, compare};
use serde::Serialize;

use crate::failure::{Explain as _, Outcome, refuse};
use crate::report::condition::Condition;
use crate::table::{self, Lean};

/// `gentron compare --help`.
pub const ABOUT: &str = "\
Compare runs with the first of them, from their scores alone.

Arms of one name are paired by prompt and noise, or, where the runs' seeds differ, by prompt. A change is better or worse where \
that holds for all comparisons together (Holm at 5 %), equivalent where it is surely below 2 points, else undecided. Where the \
protocol cards differ, the fields are named.

--fail-if makes exit code 1 of a condition: [ARM:]CATEGORY and a change, as fractions of 1. `mean` is the Mean. It holds if it \
holds for any arm and run that it names; a change that is not there fails, too.";

/// After `gentron compare --help`.
pub const EXAMPLES: &str = "\
Examples:
  gentron compare runs/main runs/branch
  gentron compare runs/main runs/branch --fail-if 'color<-0.02' --fail-if 'mean<-0.01'
  gentron compare runs/a runs/b runs/c --json";

/// Runs to compare.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Folders of runs; the others are compared with the first
    #[arg(required = true, num_args = 2..)]
    pub runs: Vec<PathBuf>,
    /// Exit code 1 if this holds, as 'color < -0.02'; may be given several times
    #[arg(long, value_name = "CONDITION")]
    pub fail_if: Vec<String>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// A condition and whether it holds.
#[derive(Serialize)]
struct Gate {
    condition: String,
    failed: bool,
    because: String,
}

/// Compares, prints, judges the conditions.
///
/// # Errors
/// A folder is no run or has no scores; runs have no arm in common; a condition cannot be meant.
pub fn run(args: &CompareArgs) -> anyhow::Result<Outcome> {
    let conditions = args.fail_if.iter().map(|text| Condition::parse(text)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut infos = Vec::new();
    for folder in &args.runs {
        let hint =
            || (format!("{} is no run that can be compared", folder.display()), "name the folders of scored runs");
        infos.push(RunInfo::read(folder).explain(hint)?);
        if !folder.join(gentron_reports::observations::FILE).exists() {
            let what = format!("{} has no observations to compare", folder.display());
            return Err(refuse(what, format!("`gentron score {}` makes them", folder.display())));
        }
    }
    let runs: Vec<_> = args.runs.iter().map(PathBuf::as_path).zip(&infos).collect();
    let comparison = compare(&runs)
        .explain(|| ("cannot compare these runs", "compare runs of the same recipe, or of arms with the same names"))?;
    let gates = conditions.iter().map(|c| gate(c, &comparison)).collect::<anyhow::Result<Vec<_>>>()?;
    if args.json {
        table::print_json(&serde_json::json!({ "comparison": comparison, "gates": gates }))?;
    } else {
        table::print(&text(&comparison, &gates))?;
    }
    Ok(if gates.iter().any(|gate| gate.failed) { Outcome::GateFailed } else { Outcome::Done })
}

fn gate(condition: &Condition, comparison: &Comparison) -> anyhow::Result<Gate> {
    let named: Vec<&Change> = comparison.changes.iter().filter(|change| condition.names(change)).collect();
    if named.is_empty() {
        let mut known: Vec<&str> = comparison.changes.iter().filter_map(|c| c.verdict.category.as_deref()).collect();
        known.sort_unstable();
        known.dedup();
        let hint = format!("categories here: {}, mean", known.join(", "));
        return Err(refuse(format!("--fail-if '{}' names nothing that is compared", condition.text), hint));
    }
    let failing =
        named.iter().find(|change| change.verdict.judged.difference.is_none_or(|found| condition.holds(found)));
    let because = failing.map_or_else(String::new, |change| {
        let found = change.verdict.judged.difference.map_or("there is no change to see".to_owned(), points);
        format!("{}, run {}: {found}", change.verdict.arm, change.run + 1)
    });
    Ok(Gate { condition: condition.text.clone(), failed: failing.is_some(), because })
}

fn points(difference: f64) -> String {
    format!("{:+.1}", difference * 100.0)
}

fn text(comparison: &Comparison, gates: &[Gate]) -> String {
    let mut text = format!("Changes against {}, in points\n", comparison.runs[0]);
    if comparison.paired_by == PairedBy::Prompt {
        text += "The runs' noise differs: prompts are paired, not images.\n";
    }
    for (run, fields) in comparison.cards.iter().enumerate() {
        for field in fields {
            let name = &comparison.runs[run + 1];
            text += &format!("note: {} differs: {} there, {} in {name}\n", field.field, field.theirs, field.ours);
        }
    }
    if !comparison.alone.is_empty() {
        text += &format!("note: without a partner: {}\n", comparison.alone.join(", "));
    }
    let rows: Vec<Vec<String>> = comparison
        .changes
        .iter()
        .filter(|change| change.verdict.headline)
        .map(|change| {
            let verdict = &change.verdict;
            let judged = &verdict.judged;
            let interval =
                judged.interval.map(|i| format!("{} to {}", points(i.low), points(i.high))).unwrap_or_default();
            vec![
                comparison.runs[change.run].clone(),
                verdict.arm.clone(),
                verdict.category.clone().unwrap_or_else(|| "mean".into()),
                judged.difference.map_or("–".into(), points),
                interval,
                judged.word.word().into(),
            ]
        })
        .collect();
    let headings = [
        ("run", Lean::Left),
        ("arm", Lean::Left),
        ("category", Lean::Left),
        ("change", Lean::Right),
        ("95 % interval", Lean::Left),
        ("verdict", Lean::Left),
    ];
    text += &format!("\n{}", table::render(&headings, &rows));
    for gate in gates {
        let verdict = if gate.failed { format!("FAILED: {}", gate.because) } else { "passed".into() };
        text += &format!("\nfail if {}: {verdict}", gate.condition);
    }
    if !gates.is_empty() {
        text.push('\n');
    }
    text
}
