//! `gentron votes`: checking, exporting, concluding.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use gentron_reports::preference::{self, Preference, keep_votes};

use crate::cli::VotesAction;
use crate::failure::{Explain as _, Outcome, refuse};
use crate::store::run::pretty;
use crate::store::{Run, atomic};
use crate::study::design::StudyPrompt;
use crate::study::event::{Event, Record};
use crate::study::folder::Folder;
use crate::study::state::State;
use crate::study::store::Store;
use crate::study::{chain, export, flags, mirror, results};
use crate::table::{self, Lean};

/// Does what the word behind `votes` says.
///
/// # Errors
/// Whatever keeps it from its end.
pub fn run(action: &VotesAction) -> anyhow::Result<Outcome> {
    match action {
        VotesAction::Verify { study, database, restore } => verify(study, database.as_deref(), *restore),
        VotesAction::Export { study, database, format, out } => {
            let state = state(&Folder::open(study)?, database.as_deref())?;
            let bytes = export::export(&state, *format)?;
            match out {
                Some(path) => atomic::write(path, &bytes)?,
                None if *format == export::Format::Parquet => {
                    return Err(refuse("Parquet is not for a terminal", "name a file with --out"));
                }
                None => table::print(&String::from_utf8_lossy(&bytes))?,
            }
            Ok(Outcome::Done)
        }
        VotesAction::Analyse { study, database, replicates, json } => {
            let state = state(&Folder::open(study)?, database.as_deref())?;
            let result = preference::analyse(&results::input(&state, &flags::of(&state)), *replicates);
            atomic::write(&study.join("preference.json"), &pretty(&result)?)?;
            if *json {
                table::print_json(&result)?
            } else {
                table::print(&render(&result))?
            }
            Ok(Outcome::Done)
        }
    }
}

/// Keeps the votes of a closed study with the run whose images it showed.
///
/// # Errors
/// It is not closed, showed other images, or cannot be read.
pub fn keep(run: &Run, study: &Path) -> anyhow::Result<()> {
    let folder = Folder::open(study)?;
    let state = state(&folder, None)?;
    if !state.closed {
        let what = format!("the study {} is not closed, and which arm leads is not told before", study.display());
        return Err(refuse(what, format!("`gentron study close {}` ends it for good", study.display())));
    }
    let drawn: HashSet<(&str, &str)> =
        run.plan.tasks.iter().map(|task| (task.arm.as_str(), task.prompt_id.as_str())).collect();
    for arm in &folder.study.arms {
        let lacks = |prompt: &&StudyPrompt| !drawn.contains(&(arm.id.as_str(), prompt.id.as_str()));
        if let Some(prompt) = folder.study.prompts.iter().find(lacks) {
            let what = format!("{} has no image of {} by `{}`", run.folder.display(), prompt.id, arm.id);
            return Err(refuse(what, format!("the study is of the run `{}`", folder.study.source.run)));
        }
    }
    let input = results::input(&state, &flags::of(&state));
    keep_votes(&run.folder, input).explain(|| {
        (
            format!("cannot keep the votes in {}", run.folder.display()),
            "check space and permissions, or remove votes.json",
        )
    })
}

/// The records of a study, whose chain is whole.
fn state(folder: &Folder, database: Option<&str>) -> anyhow::Result<State> {
    let records = Store::open(folder, database)?.records()?;
    if let Some(fault) = chain::fault(&records, &folder.digest) {
        return Err(refuse(format!("the votes cannot be trusted: {fault}"), "`gentron votes verify` tells more"));
    }
    let mut state = State::new(Arc::clone(&folder.study));
    records.iter().for_each(|record| state.apply(record));
    Ok(state)
}

fn verify(study: &Path, database: Option<&str>, restore: bool) -> anyhow::Result<Outcome> {
    let folder = Folder::open(study)?;
    let (mirrored, _) = mirror::read(&study.join(mirror::FILE))?;
    if restore {
        if let Some(fault) = chain::fault(&mirrored, &folder.digest) {
            return Err(refuse(format!("the mirror cannot be trusted: {fault}"), "restore the folder from your copy"));
        }
        Store::restore(study, &folder.digest, database, &mirrored)?;
    }
    let mut faults = Vec::new();
    if let Err(error) = folder.pictures() {
        faults.push(format!("pictures: {error}"));
    }
    let opened = Store::open(&folder, database).and_then(|mut store| {
        let found = (store.integrity()?, store.records()?);
        Ok((store, found))
    });
    match opened {
        Ok((store, (integrity, records))) => {
            let name = store.name();
            if integrity != "ok" {
                faults.push(format!("{name}: {integrity}"));
            }
            faults.extend(chain::fault(&records, &folder.digest).map(|fault| format!("{name}: {fault}")));
            faults.extend(against_mirror(&store, &records, &mirrored));
            let votes = records.iter().filter(|record| matches!(record.event, Event::Voted { .. })).count();
            let head = records.last().map(|record| record.hash.clone()).unwrap_or_default();
            table::print(&format!("{} records, {votes} of them votes; head {head}\n", records.len()))?;
        }
        Err(error) => {
            faults.push(format!("the votes cannot be read: {error:#}"));
            let whole = chain::fault(&mirrored, &folder.digest);
            faults.push(match whole {
                None => format!(
                    "votes.jsonl is whole, with {} records: `gentron votes verify --restore` makes study.db of it",
                    mirrored.len()
                ),
                Some(fault) => format!("votes.jsonl: {fault}"),
            });
        }
    }
    if faults.is_empty() {
        table::print("whole: design, pictures, chain, database and mirror agree\n")?;
        return Ok(Outcome::Done);
    }
    table::print(&faults.iter().map(|fault| format!("FAULT   {fault}\n")).collect::<String>())?;
    Ok(Outcome::GateFailed)
}

fn against_mirror(store: &Store, records: &[Record], mirrored: &[Record]) -> Option<String> {
    let name = store.name();
    let differs = records.iter().zip(mirrored).position(|(one, other)| one != other);
    if let Some(index) = differs {
        return Some(format!("{name} and votes.jsonl differ from record {index} on"));
    }
    match records.len().cmp(&mirrored.len()) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Less => {
            Some(format!("{name} lacks {} records that votes.jsonl has", mirrored.len() - records.len()))
        }
        std::cmp::Ordering::Greater => {
            // A study that was never served has its opening in the database alone.
            let missing = records.len() - mirrored.len();
            // What another server wrote last is in that server's mirror, and comes here with this one's next commit.
            (!store.is_shared() && (missing > 1 || !mirrored.is_empty()))
                .then(|| format!("votes.jsonl lacks {missing} records; the next `gentron serve` appends them"))
        }
    }
}

fn render(result: &Preference) -> String {
    let mut text = String::new();
    if result.simulated {
        text += "SIMULATED: a program voted, no people.\n\n";
    }
    let percent = |part: u64, of: u64| format!("{:.1}", part as f64 / of as f64 * 100.0);
    let points = |value: f64| format!("{:+.1}", value * 100.0);
    let range = |interval: Option<gentron_reports::statistics::Interval>| {
        interval.map_or("–".to_owned(), |interval| format!("{} to {}", points(interval.low), points(interval.high)))
    };
    let rows: Vec<Vec<String>> = result
        .pairs
        .iter()
        .flat_map(|pair| {
            let row = |net: &preference::Net, who: &str| {
                let all = net.votes();
                vec![
                    pair.question.clone(),
                    format!("{} / {}", pair.first, pair.second),
                    who.to_owned(),
                    all.to_string(),
                    percent(net.wins, all),
                    percent(net.ties, all),
                    percent(net.losses, all),
                    points(net.net),
                    range(net.interval),
                ]
            };
            let mut rows = vec![row(&pair.all, "all")];
            rows.extend(pair.without_flagged.as_ref().map(|net| row(net, "not flagged")));
            rows
        })
        .collect();
    let headings = [
        ("question", Lean::Left),
        ("arms", Lean::Left),
        ("raters", Lean::Left),
        ("votes", Lean::Right),
        ("win", Lean::Right),
        ("tie", Lean::Right),
        ("lose", Lean::Right),
        ("net", Lean::Right),
        ("95 %", Lean::Right),
    ];
    text += &table::render(&headings, &rows);
    for agreement in &result.agreement {
        if let Some(alpha) = agreement.alpha {
            text += &format!("\nagreement on {}: alpha {alpha:.3}", agreement.question);
        }
    }
    text + "\n"
}
