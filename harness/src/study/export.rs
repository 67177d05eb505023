//! Votes for other programs: CSV, JSON lines, Parquet, and FastChat's battles.

use std::fmt::Write as _;

use gentron_reports::preference::{VoteRow, votes_parquet};
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
    /// A row a vote, for data frames
    Parquet,
    /// FastChat's battles: one JSON list that each question's votes go into
    Battles,
}

/// All answered ballots, gold included and marked.
///
/// # Errors
/// The table cannot be made.
pub fn export(state: &State, format: Format) -> anyhow::Result<Vec<u8>> {
    let ballots = || state.ballots.iter().filter(|ballot| ballot.answers.is_some());
    let rows = || ballots().map(|ballot| row(state, ballot)).collect::<Vec<VoteRow>>();
    let questions: Vec<String> = state.study.questions.iter().map(|question| question.id.clone()).collect();
    let simulated = state.study.simulated;
    Ok(match format {
        Format::Csv => csv(&questions, &rows(), simulated).into_bytes(),
        Format::Jsonl => rows().iter().flat_map(|row| line(&questions, row, simulated).into_bytes()).collect(),
        Format::Parquet => votes_parquet(&questions, &rows(), simulated)?,
        Format::Battles => battles(state, ballots()).into_bytes(),
    })
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

fn row(state: &State, ballot: &Ballot) -> VoteRow {
    let (_, prompt) = state.pair(ballot.shown);
    let prompt = &state.study.prompts[prompt];
    let [left, right] = sides(state, ballot);
    VoteRow {
        rater: ballot.rater as u64,
        suite: prompt.suite.clone(),
        category: prompt.category.clone(),
        prompt_id: prompt.id.clone(),
        prompt: prompt.text.clone(),
        kind: kind(state, ballot.shown),
        left,
        right,
        answers: ballot.answers.iter().flatten().map(|answer| answer.word()).collect(),
        as_expected: flags::as_expected(state, ballot),
        shown_at_ms: ballot.at,
        answered_at_ms: ballot.answered_at.unwrap_or(ballot.at),
        revision: ballot.revision,
        receipt: ballot.receipt.clone(),
    }
}

fn line(questions: &[String], row: &VoteRow, simulated: bool) -> String {
    let answers: serde_json::Map<String, serde_json::Value> =
        questions.iter().cloned().zip(row.answers.iter().map(|answer| json!(answer))).collect();
    let value = json!({
        "rater": row.rater,
        "prompt_id": row.prompt_id,
        "suite": row.suite,
        "category": row.category,
        "prompt": row.prompt,
        "kind": row.kind,
        "left": row.left,
        "right": row.right,
        "answers": answers,
        "as_expected": row.as_expected,
        "shown_at_ms": row.shown_at_ms,
        "answered_at_ms": row.answered_at_ms,
        "revision": row.revision,
        "receipt": row.receipt,
        "simulated": simulated,
    });
    value.to_string() + "\n"
}

fn csv(questions: &[String], rows: &[VoteRow], simulated: bool) -> String {
    let columns = ["rater", "suite", "category", "prompt_id", "prompt", "kind", "left", "right"];
    let more = ["seconds", "revision", "receipt", "simulated"];
    let questions = questions.iter().map(String::as_str);
    let mut text = columns.into_iter().chain(more).chain(questions).collect::<Vec<_>>().join(",") + "\n";
    for row in rows {
        let mut cells = vec![row.rater.to_string()];
        cells.extend([&row.suite, &row.category, &row.prompt_id, &row.prompt].map(|text| cell(text)));
        cells.extend([row.kind.to_owned(), cell(&row.left), cell(&row.right), format!("{:.3}", row.seconds())]);
        cells.extend([row.revision.to_string(), row.receipt.clone(), simulated.to_string()]);
        cells.extend(row.answers.iter().map(|answer| (*answer).to_owned()));
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
