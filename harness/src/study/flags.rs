//! What is odd about a rater. A flag deletes nothing: results are shown with and without, by rules fixed before the first vote.

use serde::Serialize;

use super::design::GoldKind;
use super::event::{Choice, Shown};
use super::state::{Ballot, State};

/// A rater with at least one flag.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Flagged {
    /// Number of the rater.
    pub rater: usize,
    /// What is odd, a sentence each.
    pub why: Vec<String>,
}

/// Whether an answered gold ballot or repeat was answered as expected; `None` for other ballots.
pub fn as_expected(state: &State, ballot: &Ballot) -> Option<bool> {
    let answers = ballot.answers.as_ref()?;
    match ballot.shown {
        Shown::Item(_) => None,
        Shown::Gold(index) => {
            let better = if ballot.swapped { Choice::Right } else { Choice::Left };
            Some(match state.study.gold[index].kind {
                GoldKind::Identical => answers.iter().all(|answer| *answer == Choice::Tie),
                GoldKind::WrongPrompt => answers.last() == Some(&better),
                GoldKind::Degraded => answers.first() == Some(&better),
            })
        }
        Shown::Repeat(first) => {
            // The opposite answer is odd; a tie the second time is not.
            let before = state.ballots[first].answers.as_ref()?;
            let opposite = |(then, now): (&Choice, &Choice)| *then == *now && *then != Choice::Tie;
            Some(!before.iter().zip(answers).any(opposite))
        }
    }
}

/// Everybody who is odd.
pub fn of(state: &State) -> Vec<Flagged> {
    let flagged = (0..state.raters.len()).map(|rater| Flagged { rater, why: why(state, rater) });
    flagged.filter(|flagged| !flagged.why.is_empty()).collect()
}

fn why(state: &State, rater: usize) -> Vec<String> {
    let rules = &state.study.plan.flags;
    let ballots = state.raters[rater].ballots.iter().map(|&ballot| &state.ballots[ballot]);
    let answered: Vec<&Ballot> = ballots.filter(|ballot| ballot.answers.is_some()).collect();
    let mut why = Vec::new();
    let gold: Vec<bool> = answered.iter().filter_map(|ballot| as_expected(state, ballot)).collect();
    let wrong = gold.iter().filter(|right| !**right).count();
    if gold.len() >= 2 && wrong as f64 >= rules.gold_wrong_share * gold.len() as f64 {
        why.push(format!("{wrong} of {} pairs whose answer is known are answered otherwise", gold.len()));
    }
    let mut seconds: Vec<f64> =
        answered.iter().filter_map(|ballot| Some((ballot.answered_at? - ballot.at) as f64 / 1000.0)).collect();
    seconds.sort_by(f64::total_cmp);
    if seconds.len() >= 5 && seconds[seconds.len() / 2] < rules.least_median_seconds {
        why.push(format!("half of the answers took less than {:.1} s", rules.least_median_seconds));
    }
    let items = answered.iter().filter(|ballot| matches!(ballot.shown, Shown::Item(_))).count();
    if items >= rules.straight_votes as usize {
        for side in [Choice::Left, Choice::Tie, Choice::Right] {
            let all = answered.iter().filter(|ballot| matches!(ballot.shown, Shown::Item(_)));
            let answers: Vec<Choice> = all.flat_map(|ballot| ballot.answers.iter().flatten().copied()).collect();
            let same = answers.iter().filter(|answer| **answer == side).count();
            if same as f64 >= rules.straight_share * answers.len() as f64 {
                why.push(format!("{same} of {} answers are “{}”", answers.len(), side.word()));
            }
        }
    }
    why
}
