//! `gentron votes`: checking, exporting, concluding.

use std::path::Path;
use std::sync::Arc;

use gentron_reports::preference::{self, Preference};

use crate::cli::VotesAction;
use crate::failure::{Outcome, refuse};
use crate::store::atomic;
use crate::store::run::pretty;
use crate::study::event::{Event, Record};
use crate::study::folder::Folder;
use crate::study::state::State;
use crate::study::store::{self, Store};
use crate::study::{chain, export, flags, mirror, results};
use crate::table::{self, Lean};

/// Does what the word behind `votes` says.
///
/// # Errors
/// Whatever keeps it from its end.
pub fn run(action: &VotesAction) -> anyhow::Result<Outcome> {
    match action {
        VotesAction::Verify { study, restore } => verify(study, *restore),
        VotesAction::Export { study, format, out } => {
            let state = state(&Folder::open(study)?)?;
            let text = export::export(&state, *format);
            match out {
                Some(path) => atomic::write(path, text.as_bytes())?,
                None => table::print(&text)?,
            }
            Ok(Outcome::Done)
        }
        VotesAction::Analyse { study, replicates, json } => {
            let state = state(&Folder::open(study)?)?;
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

/// The records of a study, whose chain is whole.
fn state(folder: &Folder) -> anyhow::Result<State> {
    let records = Store::open(&folder.path)?.records()?;
    if let Some(fault) = chain::fault(&records, &folder.digest) {
        return Err(refuse(format!("the votes cannot be trusted: {fault}"), "`gentron votes verify` tells more"));
    }
    let mut state = State::new(Arc::clone(&folder.study));
    records.iter().for_each(|record| state.apply(record));
    Ok(state)
}

fn verify(study: &Path, restore: bool) -> anyhow::Result<Outcome> {
    let folder = Folder::open(study)?;
    let (mirrored, _) = mirror::read(&study.join(mirror::FILE))?;
    if restore {
        if study.join(store::FILE).exists() {
            return Err(refuse(
                "there is a database already",
                "move study.db, study.db-wal and study.db-shm away first",
            ));
        }
        if let Some(fault) = chain::fault(&mirrored, &folder.digest) {
            return Err(refuse(format!("the mirror cannot be trusted: {fault}"), "restore the folder from your copy"));
        }
        Store::create(study)?.append(&mirrored)?;
    }
    let mut faults = Vec::new();
    if let Err(error) = folder.pictures() {
        faults.push(format!("pictures: {error}"));
    }
    match Store::open(study).and_then(|store| Ok((store.integrity()?, store.records()?))) {
        Ok((integrity, records)) => {
            if integrity != "ok" {
                faults.push(format!("study.db: {integrity}"));
            }
            faults.extend(chain::fault(&records, &folder.digest).map(|fault| format!("study.db: {fault}")));
            faults.extend(against_mirror(&records, &mirrored));
            let votes = records.iter().filter(|record| matches!(record.event, Event::Voted { .. })).count();
            let head = records.last().map(|record| record.hash.clone()).unwrap_or_default();
            table::print(&format!("{} records, {votes} of them votes; head {head}\n", records.len()))?;
        }
        Err(error) => {
            faults.push(format!("study.db cannot be read: {error:#}"));
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

fn against_mirror(records: &[Record], mirrored: &[Record]) -> Option<String> {
    let differs = records.iter().zip(mirrored).position(|(one, other)| one != other);
    if let Some(index) = differs {
        return Some(format!("study.db and votes.jsonl differ from record {index} on"));
    }
    match records.len().cmp(&mirrored.len()) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Less => {
            Some(format!("study.db lacks {} records that votes.jsonl has", mirrored.len() - records.len()))
        }
        std::cmp::Ordering::Greater => {
            // A study that was never served has its opening in the database alone.
            let missing = records.len() - mirrored.len();
            (missing > 1 || !mirrored.is_empty())
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
