//! `gentron metrics`: what is measured, and what to beware of.

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
        None if args.json => table::print_json(&registry())?,
        None => list()?,
        Some(name) => {
            let card = registry().iter().find(|card| card.id.as_str() == name).ok_or_else(|| {
                let known = registry().iter().map(|card| card.id.as_str());
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
    let rows: Vec<_> = registry().iter().map(row).collect();
    let headings = [("id", Lean::Left), ("name", Lean::Left), ("range", Lean::Left), ("stands for", Lean::Left)];
    table::print(&table::render(&headings, &rows))
}

fn range(card: &MetricCard) -> String {
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
