//! Votes for other programs: CSV, JSON lines, and FastChat's battles.

use std::fmt::Write as _;

use serde_json::json;

use super::event::{Choice, Shown};
use super::flags;
use super::state::{Ballot, State};

/// Form of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A line a vote, for spreadsheets
    Csv,
    /// A line a vote, as JSON
    Jsonl,
    /// FastChat's battles: one JSON list a question's votes go into
    Battles,
}

/// All answered ballots, gold included and marked.
pub fn export(state: &State, format: Format) -> String {
    let rows = state.ballots.iter().filter(|ballot| ballot.answers.is_some());
    match format {
        Format::Csv => csv(state, rows),
        Format::Jsonl => rows.map(|ballot| row(state, ballot).to_string() + "\n").collect(),
        Format::Battles => battles(state, rows),
    }
}

fn kind(state: &State, shown: Shown) -> &'static str {
    match shown {
        Shown::Item(_) => "pair",
        Shown::Repeat(_) => "repeat",
        Shown::Gold(index) => match state.study.gold[index].kind {
            super::design::GoldKind::Identical => "gold-identical",
            super::design::GoldKind::WrongPrompt => "gold-wrong-prompt",
            super::design::GoldKind::Degraded => "gold-degraded",
        },
    }
}

/// The arm on each side.
fn sides(state: &State, ballot: &Ballot) -> [String; 2] {
    state.sides(ballot).map(|picture| {
        let arm = state.study.pictures[picture].arm;
        arm.map_or_else(String::new, |arm| state.study.arms[arm].id.clone())
    })
}

fn row(state: &State, ballot: &Ballot) -> serde_json::Value {
    let (_, prompt) = state.pair(ballot.shown);
    let prompt = &state.study.prompts[prompt];
    let [left, right] = sides(state, ballot);
    let answers: serde_json::Map<String, serde_json::Value> = state
        .study
        .questions
        .iter()
        .zip(ballot.answers.iter().flatten())
        .map(|(question, answer)| (question.id.clone(), json!(answer.word())))
        .collect();
    json!({
        "rater": ballot.rater,
        "prompt_id": prompt.id,
        "suite": prompt.suite,
        "category": prompt.category,
        "prompt": prompt.text,
        "kind": kind(state, ballot.shown),
        "left": left,
        "right": right,
        "answers": answers,
        "as_expected": flags::as_expected(state, ballot),
        "shown_at_ms": ballot.at,
        "answered_at_ms": ballot.answered_at,
        "revision": ballot.revision,
        "receipt": ballot.receipt,
        "simulated": state.study.simulated,
    })
}

fn csv<'a>(state: &State, ballots: impl Iterator<Item = &'a Ballot>) -> String {
    let questions: Vec<&str> = state.study.questions.iter().map(|question| question.id.as_str()).collect();
    let columns = [
        "rater",
        "suite",
        "category",
        "prompt_id",
        "prompt",
        "kind",
        "left",
        "right",
        "seconds",
        "revision",
        "receipt",
        "simulated",
    ];
    let mut text = columns.iter().copied().chain(questions).collect::<Vec<_>>().join(",") + "\n";
    for ballot in ballots {
        let (_, prompt) = state.pair(ballot.shown);
        let prompt = &state.study.prompts[prompt];
        let [left, right] = sides(state, ballot);
        let seconds = ballot.answered_at.map_or(0.0, |at| at.saturating_sub(ballot.at) as f64 / 1000.0);
        let mut cells = vec![
            ballot.rater.to_string(),
            cell(&prompt.suite),
            cell(&prompt.category),
            cell(&prompt.id),
            cell(&prompt.text),
            kind(state, ballot.shown).to_owned(),
            cell(&left),
            cell(&right),
            format!("{seconds:.3}"),
            ballot.revision.to_string(),
            ballot.receipt.clone(),
            state.study.simulated.to_string(),
        ];
        cells.extend(ballot.answers.iter().flatten().map(|answer| answer.word().to_owned()));
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}

/// A quoted cell. What a spreadsheet would take for a formula gets an apostrophe in front, which spreadsheets do not show.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

fn battles<'a>(state: &State, ballots: impl Iterator<Item = &'a Ballot>) -> String {
    let mut battles = Vec::new();
    for ballot in ballots.filter(|ballot| matches!(ballot.shown, Shown::Item(_))) {
        let [left, right] = sides(state, ballot);
        let (_, prompt) = state.pair(ballot.shown);
        for (question, answer) in state.study.questions.iter().zip(ballot.answers.iter().flatten()) {
            let winner = match answer {
                Choice::Left => "model_a",
                Choice::Right => "model_b",
                Choice::Tie => "tie",
            };
            battles.push(json!({
                "model_a": left, "model_b": right, "winner": winner, "judge": format!("rater-{}", ballot.rater), "anony": true,
                "question": question.id, "question_id": state.study.prompts[prompt].id,
                "tstamp": ballot.answered_at.unwrap_or_default() as f64 / 1000.0, "simulated": state.study.simulated,
            }));
        }
    }
    serde_json::Value::from(battles).to_string() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_keeps_its_quotes() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(cell("a, b"), "\"a, b\"");
        assert_eq!(cell("@sum"), "\"'@sum\"");
    }
}
