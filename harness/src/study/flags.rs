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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::rehearsal::{Rehearsal, study};

    /// One rater does a full share, answering what `answer` says after `seconds`.
    fn rated(seconds: u64, answer: impl Fn(&State, &Ballot) -> [Choice; 2]) -> (State, Vec<String>) {
        let mut rehearsal = Rehearsal::new(study(2, 40, (5, 32)));
        let rater = rehearsal.comes();
        while let Some(ballot) = rehearsal.asks(rater) {
            let answers = answer(&rehearsal.state, &rehearsal.state.ballots[ballot]);
            rehearsal.answers(ballot, seconds, answers);
        }
        let why = of(&rehearsal.state).into_iter().flat_map(|flagged| flagged.why).collect();
        (rehearsal.state, why)
    }

    /// The first picture looks better and follows the text better; who knows gold answers it.
    fn careful(state: &State, ballot: &Ballot) -> [Choice; 2] {
        let first = if ballot.swapped { Choice::Right } else { Choice::Left };
        match ballot.shown {
            Shown::Gold(index) if state.study.gold[index].kind == GoldKind::Identical => [Choice::Tie; 2],
            _ => [first; 2],
        }
    }

    #[test]
    fn who_looks_and_answers_gold_as_expected_has_no_flag() {
        let (state, why) = rated(8, careful);
        assert!(why.is_empty(), "{why:?}");
        let gold: Vec<bool> = state.ballots.iter().filter_map(|ballot| as_expected(&state, ballot)).collect();
        assert!(gold.len() >= 6 && gold.iter().all(|right| *right), "{gold:?}");
    }

    #[test]
    fn who_is_too_fast_is_flagged() {
        let (_, why) = rated(1, careful);
        assert_eq!(why, ["half of the answers took less than 2.0 s"]);
    }

    #[test]
    fn who_always_presses_the_same_side_is_flagged_twice() {
        let (_, why) = rated(8, |_, _| [Choice::Left; 2]);
        assert_eq!(why.len(), 2, "{why:?}");
        assert!(why[0].contains("whose answer is known"), "{why:?}");
        assert!(why[1].ends_with("are “left”"), "{why:?}");
    }

    #[test]
    fn a_tie_is_no_contradiction_of_an_earlier_answer() {
        let (state, _) = rated(8, |state, ballot| match ballot.shown {
            Shown::Repeat(_) => [Choice::Tie; 2],
            _ => careful(state, ballot),
        });
        let repeats = state.ballots.iter().filter(|ballot| matches!(ballot.shown, Shown::Repeat(_)));
        let judged: Vec<Option<bool>> = repeats.map(|ballot| as_expected(&state, ballot)).collect();
        assert!(!judged.is_empty() && judged.iter().all(|right| *right == Some(true)), "{judged:?}");
    }
}
