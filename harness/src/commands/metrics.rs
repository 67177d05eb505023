//! `gentron metrics`: what is measured, and what to beware of.

use gentron_metrics::frechet::{DISTANCES, DistanceCard};
use gentron_metrics::{MetricCard, registry};

use crate::cli::NamedArgs;
use crate::failure::{Outcome, refuse};
use crate::names;
use crate::table::{self, Lean};

/// Lists the metrics, or explains one.
///
/// # Errors
/// The metric is unknown.
pub fn run(args: &NamedArgs) -> anyhow::Result<Outcome> {
    match &args.name {
        None if args.json => {
            let all: Result<Vec<_>, _> =
                registry().iter().map(serde_json::to_value).chain(DISTANCES.iter().map(serde_json::to_value)).collect();
            table::print_json(&all?)?;
        }
        None => list()?,
        Some(name) => {
            if let Some(card) = DISTANCES.iter().find(|card| card.id.eq_ignore_ascii_case(name)) {
                if args.json {
                    table::print_json(card)?
                } else {
                    table::print(&explain_distance(card))?
                }
                return Ok(Outcome::Done);
            }
            let card = registry().iter().find(|card| card.id.as_str() == name).ok_or_else(|| {
                let known = registry().iter().map(|card| card.id.as_str()).chain(DISTANCES.iter().map(|card| card.id));
                refuse(format!("unknown metric `{name}`"), names::suggestion(name, known))
            })?;
            if args.json { table::print_json(card)? } else { table::print(&explain(card))? }
        }
    }
    Ok(Outcome::Done)
}

fn list() -> anyhow::Result<()> {
    let row =
        |card: &MetricCard| vec![card.id.to_string(), card.name.into(), range(card), card.headline_for.join(", ")];
    let distance = |card: &DistanceCard| {
        vec![
            card.id.to_owned(),
            card.name.to_owned(),
            "0 upwards".to_owned(),
            "a folder against --reference".to_owned(),
        ]
    };
    let rows: Vec<_> = registry().iter().map(row).chain(DISTANCES.iter().map(distance)).collect();
    let headings = [("id", Lean::Left), ("name", Lean::Left), ("range", Lean::Left), ("stands for", Lean::Left)];
    table::print(&table::render(&headings, &rows))
}

fn range(card: &MetricCard) -> String {
    if card.range[0].is_infinite() {
        return "without ends".to_owned();
    }
    format!("{} to {}", card.range[0], card.range[1])
}

fn explain(card: &MetricCard) -> String {
    let direction = if card.higher_is_better { "higher is better" } else { "lower is better" };
    let stands_for = if card.headline_for.is_empty() { "no category".into() } else { card.headline_for.join(", ") };
    let mut text = format!("{}: {}\n\n", card.id, card.name);
    for (heading, content) in [
        ("unit", format!("{}, {}, {direction}", card.unit, range(card))),
        ("formula", card.formula.to_owned()),
        ("before", card.preprocessing.to_owned()),
        ("chance", card.chance.to_owned()),
        ("stands for", stands_for),
        ("reference", card.reference.to_owned()),
    ] {
        text += &format!("{heading:<11} {content}\n");
    }
    if !card.known_problems.is_empty() {
        text += "\nknown problems\n";
        text.extend(card.known_problems.iter().map(|problem| format!("  - {problem}\n")));
    }
    text
}

fn explain_distance(card: &DistanceCard) -> String {
    let mut text = format!("{}: {}\n\n", card.id, card.name);
    for (heading, content) in [
        ("unit", "distance, 0 upwards, lower is better"),
        ("formula", card.formula),
        ("features", card.features),
        ("chance", card.chance),
        ("reference", card.reference),
    ] {
        text += &format!("{heading:<11} {content}\n");
    }
    text += "\nknown problems\n";
    text.extend(card.known_problems.iter().map(|problem| format!("  - {problem}\n")));
    text
}
