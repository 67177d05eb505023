//! `gentron suites`: what can be drawn.

use gentron_suites::{Split, Suite};
use serde_json::json;

use crate::cli::SuitesArgs;
use crate::failure::{Outcome, refuse};
use crate::table::{self, Lean};
use crate::{names, registry};

/// Lists the suites, or one suite's prompts.
///
/// # Errors
/// The suite or the category is unknown.
pub fn run(args: &SuitesArgs) -> anyhow::Result<Outcome> {
    let suites = registry::suites();
    match &args.name {
        None => list(&suites, args.json)?,
        Some(name) => {
            let suite = suites.iter().find(|suite| suite.id() == name).ok_or_else(|| {
                let known = suites.iter().map(|suite| suite.id());
                refuse(format!("unknown suite `{name}`"), names::suggestion(name, known))
            })?;
            prompts(suite.as_ref(), args.category.as_deref(), args.json)?;
        }
    }
    Ok(Outcome::Done)
}

fn list(suites: &[Box<dyn Suite>], json: bool) -> anyhow::Result<()> {
    let count = |suite: &dyn Suite, category: &str, split: Split| {
        suite.prompts().iter().filter(|prompt| prompt.category == category && prompt.split == split).count()
    };
    if json {
        let suite = |suite: &dyn Suite| {
            let category = |id: &String| {
                let seen = count(suite, id, Split::Seen);
                let unseen = count(suite, id, Split::Unseen);
                let prompts = suite.prompts().iter().filter(|prompt| prompt.category == *id).count();
                json!({"id": id, "prompts": prompts, "seen": seen, "unseen": unseen})
            };
            let categories: Vec<_> = registry::categories(suite).iter().map(category).collect();
            json!({"id": suite.id(), "digest": suite.digest(), "prompts": suite.prompts().len(), "categories": categories})
        };
        return table::print_json(&suites.iter().map(|s| suite(s.as_ref())).collect::<Vec<_>>());
    }
    let mut rows = Vec::new();
    for suite in suites {
        for category in registry::categories(suite.as_ref()) {
            let example = suite.prompts().iter().find(|prompt| prompt.category == category);
            rows.push(vec![
                format!("{}/{category}", suite.id()),
                count(suite.as_ref(), &category, Split::Seen).to_string(),
                count(suite.as_ref(), &category, Split::Unseen).to_string(),
                example.map(|prompt| prompt.text.clone()).unwrap_or_default(),
            ]);
        }
    }
    let headings =
        [("category", Lean::Left), ("seen", Lean::Right), ("unseen", Lean::Right), ("first prompt", Lean::Left)];
    table::print(&table::render(&headings, &rows))
}

fn prompts(suite: &dyn Suite, category: Option<&str>, json: bool) -> anyhow::Result<()> {
    if let Some(name) = category {
        let known = registry::categories(suite);
        if !known.iter().any(|id| id == name) {
            let hint = names::suggestion(name, known.iter().map(String::as_str));
            return Err(refuse(format!("unknown category `{name}` of the suite {}", suite.id()), hint));
        }
    }
    let chosen: Vec<_> =
        suite.prompts().iter().filter(|prompt| category.is_none_or(|name| prompt.category == name)).collect();
    if json {
        return table::print_json(&chosen);
    }
    let split = |split| match split {
        Split::Seen => "seen",
        Split::Unseen => "unseen",
        Split::Unsplit => "",
    };
    let row =
        |prompt: &&gentron_suites::Prompt| vec![prompt.id.clone(), split(prompt.split).into(), prompt.text.clone()];
    let rows: Vec<_> = chosen.iter().map(row).collect();
    table::print(&table::render(&[("id", Lean::Left), ("split", Lean::Left), ("prompt", Lean::Left)], &rows))
}
