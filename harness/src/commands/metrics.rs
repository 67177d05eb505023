//! `gentron metrics`: what is measured, and what to beware of.

use gentron_metrics::frechet::{DISTANCES, DistanceCard};
use gentron_metrics::{MetricCard, registry};

use crate::cli::NamedArgs;
use crate::failure::{Outcome, refuse};
use crate::names;
use crate::table::{self, Lean};

/// What people ask for and is not here, and why.
static ABSENT: [(&[&str], &str); 7] = [
    (
        &["vqascore", "vqa-score"],
        "its CLIP-FlanT5-XXL has eleven billion numbers and a decoder of T5, which is not built",
    ),
    (&["hpsv3"], "its Qwen2-VL of seven billion numbers is not built; `hpsv2.1` is here"),
    (&["mps"], "its network is not built; `pickscore`, `hpsv2.1` and `image-reward` are of its kind"),
    (&["unifiedreward", "unified-reward"], "it asks a language model that sees, and none is built"),
    (
        &["videoscore", "video-score"],
        "it asks a language model that sees, and none is built; `flicker` and `consistency` are of clips",
    ),
    (
        &["aesthetic", "aesthetics", "laion-aesthetic", "aesthetic-score"],
        "predictors of aesthetics do not look at the prompt, and none is built",
    ),
    (
        &["gpt4v", "gpt-4v", "sharegpt4v", "mllm"],
        "judges by language models are not offered: their answers cannot be repeated",
    ),
];

/// The card's id in a name that a table prints: without another detector's or CLIP's name, and without the number of images.
fn base(name: &str) -> &str {
    let name = name.split_once('@').map_or(name, |(id, _)| id);
    let counted = |(id, count): &(&str, &str)| {
        let digits = count.strip_suffix('K').or_else(|| count.strip_suffix('k')).unwrap_or(count);
        !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && DISTANCES.iter().any(|card| card.id.eq_ignore_ascii_case(id))
    };
    name.rsplit_once('-').filter(counted).map_or(name, |(id, _)| id)
}

fn unknown(name: &str) -> anyhow::Error {
    let asked = name.to_lowercase();
    if let Some((_, why)) = ABSENT.iter().find(|(names, _)| names.contains(&asked.as_str())) {
        let hint = "`gentron metrics` lists what is here; metrics/README.md says what is not";
        return refuse(format!("`{name}` is not here: {why}"), hint);
    }
    let known = registry().iter().map(|card| card.id.as_str()).chain(DISTANCES.iter().map(|card| card.id));
    refuse(format!("unknown metric `{name}`"), names::suggestion(name, known))
}

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
            let id = base(name);
            if let Some(card) = DISTANCES.iter().find(|card| card.id.eq_ignore_ascii_case(id)) {
                if args.json {
                    table::print_json(card)?
                } else {
                    table::print(&explain_distance(card))?
                }
                return Ok(Outcome::Done);
            }
            let card = registry().iter().find(|card| card.id.as_str() == id).ok_or_else(|| unknown(name))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_tables_print_lead_to_their_cards() {
        for (printed, id) in [
            ("unidet-2d@my-detector", "unidet-2d"),
            ("clipscore@clip-shapes", "clipscore"),
            ("FID-30K", "FID"),
            ("FD-CLIP-5000", "FD-CLIP"),
            ("CMMD-4@clip-shapes", "CMMD"),
            ("cmmd-2", "cmmd"),
            ("FD-CLIP", "FD-CLIP"),
            ("unidet-2d", "unidet-2d"),
            ("b-vqa-np2", "b-vqa-np2"),
            ("3-in-1", "3-in-1"),
        ] {
            assert_eq!(base(printed), id, "{printed}");
        }
    }

    #[test]
    fn what_is_not_here_says_why() {
        for name in ["vqascore", "VQAScore", "hpsv3", "unifiedreward", "videoscore", "mps"] {
            let said = unknown(name).to_string();
            assert!(said.starts_with(&format!("`{name}` is not here: ")), "{said}");
        }
        assert_eq!(unknown("bvqa").to_string(), "unknown metric `bvqa`");
        // Nothing is called absent that is here.
        let here = |name: &&str| registry().iter().any(|card| card.id.as_str() == *name);
        assert!(!ABSENT.iter().flat_map(|(names, _)| *names).any(here));
    }
}
