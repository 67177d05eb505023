//! What people prefer, if they were asked: the paper's figure, the prompts that made the difference, and how far metrics can be trusted.

use askama::Template;

use super::embed::{Embedded, Embedder};
use super::section::Section;
use super::table::{Cell, Row, Table};
use crate::analysis::Analysis;
use crate::error::Result;
use crate::preference::{PairResult, People, Trust, section as result};
use crate::text::{grouped, signed};

#[derive(Template)]
#[template(path = "people.html")]
struct View<'a> {
    studies: Vec<Study<'a>>,
}

struct Study<'a> {
    people: &'a People,
    result: String,
    pairs: Vec<Prompts<'a>>,
    trust: Option<Table>,
    /// Metrics that no category stands for.
    others: Option<Table>,
}

/// The prompts that made the difference between two arms on one question.
struct Prompts<'a> {
    pair: &'a PairResult,
    shown: Vec<Shown<'a>>,
}

struct Shown<'a> {
    text: &'a str,
    facts: String,
    /// Label and picture of each of the two.
    sides: Vec<(&'a str, Option<Embedded>)>,
}

/// The section; none where nobody was asked.
pub(super) fn section(analysis: &Analysis, images: &mut Embedder) -> Result<Option<Section>> {
    if analysis.people.is_empty() {
        return Ok(None);
    }
    let mut studies = Vec::new();
    for people in &analysis.people {
        let pairs = people.preference.pairs.iter().filter(|pair| !pair.prompts.is_empty());
        let pairs: Vec<Prompts<'_>> = pairs.map(|pair| prompts(pair, images)).collect::<Result<_>>()?;
        let (headline, others): (Vec<&Trust>, Vec<&Trust>) =
            people.trust.iter().partition(|trust| is_headline(analysis, trust));
        studies.push(Study {
            people,
            result: result(&people.preference),
            pairs,
            trust: table(analysis, &headline, "Each category’s own metric against the votes, percent"),
            others: table(analysis, &others, "All other metrics against the votes, percent"),
        });
    }
    Ok(Some(Section { id: "people", title: "What people prefer", body: View { studies }.render()? }))
}

fn prompts<'a>(pair: &'a PairResult, images: &mut Embedder) -> Result<Prompts<'a>> {
    let mut shown = Vec::new();
    for prompt in &pair.prompts {
        let leads = if prompt.net > 0 { &pair.first } else { &pair.second };
        let votes = grouped(prompt.votes);
        let facts = format!("{leads} leads by {} of {votes} votes", grouped(prompt.net.unsigned_abs()));
        let mut side = |label: &'a str, path: &Option<String>| -> Result<(&'a str, Option<Embedded>)> {
            Ok((label, path.as_deref().map(|path| images.image(path, None)).transpose()?.flatten()))
        };
        let sides = vec![side(&pair.first, &prompt.images[0])?, side(&pair.second, &prompt.images[1])?];
        shown.push(Shown { text: &prompt.text, facts, sides });
    }
    Ok(Prompts { pair, shown })
}

fn is_headline(analysis: &Analysis, trust: &Trust) -> bool {
    let mut categories = analysis.categories.iter();
    categories.any(|c| c.suite == trust.suite && c.id == trust.category && c.headline_metric == trust.metric)
}

fn table(analysis: &Analysis, trusts: &[&Trust], caption: &str) -> Option<Table> {
    if trusts.is_empty() {
        return None;
    }
    let label = |trust: &Trust| {
        let of = analysis.categories.iter().find(|c| c.suite == trust.suite && c.id == trust.category);
        of.map_or(trust.category.clone(), |category| category.label.clone())
    };
    let row = |trust: &&Trust| {
        // What is no better than a coin is there to be seen, and not to be relied on.
        let (class, word) =
            if trust.is_better_than_a_coin() { ("", "better than a coin") } else { ("undecided", "no") };
        let grey = |mut cell: Cell| {
            if class == "undecided" {
                cell.class = class;
            }
            cell
        };
        let above = trust.ceiling.map(|ceiling| signed(trust.agreement.share - ceiling.share));
        let unscored = if trust.unscored > 0 {
            format!("{} without a score", grouped(trust.unscored as u64))
        } else {
            String::new()
        };
        let mut votes = Cell::number(grouped(trust.agreement.votes as u64));
        votes.note = unscored;
        Row {
            head: trust.metric.clone(),
            cells: vec![
                Cell::words(label(trust)),
                Cell::words(trust.question.clone()),
                grey(Cell::score(Some(trust.agreement.share), trust.agreement.interval)),
                Cell::score(trust.ceiling.map(|c| c.share), trust.ceiling.and_then(|c| c.interval)),
                grey(Cell::number(above.unwrap_or_default())),
                votes,
                Cell::words(word),
            ],
        }
    };
    let columns = [
        "Metric",
        "Category",
        "Question",
        "Agrees",
        "Another person agrees",
        "Difference",
        "Votes",
        "Better than a coin",
    ];
    Some(Table {
        caption: caption.to_owned(),
        columns: columns.map(str::to_owned).into(),
        rows: trusts.iter().map(row).collect(),
    })
}
