//! Who sees what next: a balanced incomplete-block design, filled as people come.
//!
//! Each pair gets its number of raters, each rater sees a prompt at most once, and of any two consecutive pairs of a rater one has its
//! sides exchanged, so that nobody's sides differ by more than one. Among pairs equally far, one that lacks the side that is due comes
//! first, then chance by (seed, rater, pair): no two raters have the same order.

use crate::store::digest;

use super::event::{Event, Shown};
use super::secret;
use super::state::State;

/// What comes next for a rater.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// This ballot is in hand.
    InHand(usize),
    /// This is to happen.
    Assign(Event),
    /// The rater has done a full share.
    Enough,
    /// All pairs that this rater can see have their votes, or are with somebody.
    NothingLeft,
}

/// Ballots whose lease has ended.
pub fn expired(state: &State, now: u64) -> Vec<usize> {
    let lease = u64::from(state.study.plan.lease_minutes) * 60_000;
    state.out.iter().take_while(|(at, _)| at + lease <= now).map(|(_, ballot)| *ballot).collect()
}

/// What comes next for a rater.
///
/// # Errors
/// The system has no random numbers.
pub fn next(state: &State, rater: usize) -> anyhow::Result<Next> {
    let person = &state.raters[rater];
    if let Some(ballot) = person.current {
        return Ok(Next::InHand(ballot));
    }
    let kept: Vec<usize> = person.ballots.iter().copied().filter(|&ballot| !state.ballots[ballot].returned).collect();
    if kept.len() >= state.study.plan.pairs_per_rater as usize {
        return Ok(Next::Enough);
    }
    let position = kept.len();
    let swapped = side(state, rater, &kept);
    let every = state.study.plan.gold_every as usize;
    let due = every > 0 && position % every == every - 1;
    let shown = if due { gold(state, rater, &kept, position) } else { None };
    let Some(shown) = shown.or_else(|| item(state, rater, swapped)) else { return Ok(Next::NothingLeft) };
    let swapped = match shown {
        Shown::Repeat(ballot) => !state.ballots[ballot].swapped,
        _ => swapped,
    };
    let event = Event::Assigned {
        ballot: state.ballots.len(),
        rater,
        shown,
        swapped,
        ticket: secret::token()?,
        pictures: [secret::token()?, secret::token()?],
    };
    Ok(Next::Assign(event))
}

/// The side that is due: whichever the rater had less often, else a coin.
fn side(state: &State, rater: usize, kept: &[usize]) -> bool {
    let swapped = kept.iter().filter(|&&ballot| state.ballots[ballot].swapped).count();
    match (swapped * 2).cmp(&kept.len()) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Greater => false,
        std::cmp::Ordering::Equal => chance(state, ("side", rater, kept.len())) % 2 == 1,
    }
}

/// The pair that needs a vote most, of those whose prompt the rater has not seen.
fn item(state: &State, rater: usize, swapped: bool) -> Option<Shown> {
    let wanted = state.study.plan.votes_per_pair;
    let side = if swapped { 1 } else { -1 };
    let seen = &state.raters[rater].seen;
    let open = || {
        state.items.iter().enumerate().filter(|(index, tally)| {
            tally.answered + tally.out < wanted && !seen.contains(&state.study.items[*index].prompt)
        })
    };
    let need = |tally: &super::state::Tally| (tally.answered + tally.out, tally.balance * side);
    // Chance is a hash, which is worth asking only among equals: a large study has thousands of pairs.
    let most = open().map(|(_, tally)| need(tally)).min()?;
    let equals = open().filter(|(_, tally)| need(tally) == most);
    equals.min_by_key(|(index, _)| chance(state, ("order", rater, *index))).map(|(index, _)| Shown::Item(index))
}

/// A pair whose answer is known: kinds take turns, from another start for each rater.
fn gold(state: &State, rater: usize, kept: &[usize], position: usize) -> Option<Shown> {
    let turn = chance(state, ("gold", rater, 0)) as usize + position / state.study.plan.gold_every as usize;
    if turn.is_multiple_of(4) {
        // The oldest one that is not repeated yet: the least remembered.
        let repeated = |wanted: usize| kept.iter().any(|&ballot| state.ballots[ballot].shown == Shown::Repeat(wanted));
        let old = kept.iter().find(|&&ballot| {
            let ballot_state = &state.ballots[ballot];
            matches!(ballot_state.shown, Shown::Item(_)) && ballot_state.answers.is_some() && !repeated(ballot)
        });
        return old.map(|&ballot| Shown::Repeat(ballot));
    }
    let seen = &state.raters[rater].seen;
    let kinds =
        [super::design::GoldKind::Identical, super::design::GoldKind::WrongPrompt, super::design::GoldKind::Degraded];
    let kind = kinds[turn % 4 - 1];
    let free =
        state.study.gold.iter().enumerate().filter(|(_, gold)| gold.kind == kind && !seen.contains(&gold.prompt));
    free.min_by_key(|(index, _)| chance(state, ("which", rater, *index))).map(|(index, _)| Shown::Gold(index))
}

/// A number that depends on the seed and what it is for alone.
fn chance(state: &State, what: (&str, usize, usize)) -> u32 {
    let hash = digest::of_value(&(state.study.seed, what));
    u32::from_str_radix(&hash[..8], 16).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::study::event::Choice;
    use crate::study::rehearsal::{Rehearsal, study};

    const ANSWERS: [Choice; 2] = [Choice::Left, Choice::Tie];

    /// Twenty people of whom five leave after three pairs, all at once.
    fn with_people() -> Rehearsal {
        let mut rehearsal = Rehearsal::new(study(3, 40, (4, 24)));
        let raters: Vec<usize> = (0..20).map(|_| rehearsal.comes()).collect();
        for round in 0..24 {
            for &rater in raters.iter().filter(|&&rater| rater % 4 > 0 || round < 3) {
                if let Some(ballot) = rehearsal.asks(rater) {
                    rehearsal.answers(ballot, 1, ANSWERS);
                }
            }
        }
        rehearsal
    }

    #[test]
    fn nobody_sees_a_prompt_twice_but_for_a_repeat() {
        let state = with_people().state;
        for rater in &state.raters {
            let fresh = rater.ballots.iter().filter(|&&b| !matches!(state.ballots[b].shown, Shown::Repeat(_)));
            let prompts: Vec<usize> = fresh.map(|&ballot| state.pair(state.ballots[ballot].shown).1).collect();
            assert_eq!(prompts.iter().collect::<HashSet<_>>().len(), prompts.len());
        }
        assert!(state.ballots.iter().any(|ballot| matches!(ballot.shown, Shown::Repeat(_))), "no repeat was tried");
        assert!(state.ballots.iter().any(|ballot| matches!(ballot.shown, Shown::Gold(_))), "no gold was tried");
    }

    #[test]
    fn sides_are_balanced_for_each_rater_and_each_pair() {
        let state = with_people().state;
        for rater in &state.raters {
            let swapped = rater.ballots.iter().filter(|&&ballot| state.ballots[ballot].swapped).count();
            // A repeat has the other side than its first time, due or not.
            assert!(swapped.abs_diff(rater.ballots.len() - swapped) <= 2, "{swapped} of {}", rater.ballots.len());
        }
        assert!(state.items.iter().all(|tally| tally.balance.abs() <= 2), "{:?}", state.items);
        let apart: i32 = state.items.iter().map(|tally| tally.balance.abs()).sum();
        let votes: u32 = state.items.iter().map(|tally| tally.answered).sum();
        // Coins would leave each pair apart by nearly the root of its votes.
        let coins: f64 = state.items.iter().map(|tally| (0.64 * f64::from(tally.answered)).sqrt()).sum();
        assert!(f64::from(apart) < 0.75 * coins, "{apart} of {votes}, coins {coins}");
    }

    #[test]
    fn pairs_fill_up_evenly_and_never_beyond_what_they_want() {
        let mut rehearsal = Rehearsal::new(study(2, 30, (3, 20)));
        for _ in 0..12 {
            let rater = rehearsal.comes();
            while let Some(ballot) = rehearsal.asks(rater) {
                let answered = rehearsal.state.items.iter().map(|tally| tally.answered);
                assert!(answered.clone().max().unwrap() - answered.min().unwrap() <= 1);
                rehearsal.answers(ballot, 3, ANSWERS);
            }
        }
        assert!(rehearsal.state.items.iter().all(|tally| tally.answered == 3 && tally.out == 0));
    }

    #[test]
    fn no_two_raters_have_the_same_order() {
        let mut rehearsal = Rehearsal::new(study(2, 30, (8, 20)));
        let mut orders = HashSet::new();
        for _ in 0..8 {
            let rater = rehearsal.comes();
            while let Some(ballot) = rehearsal.asks(rater) {
                rehearsal.answers(ballot, 3, ANSWERS);
            }
            let ballots = &rehearsal.state.raters[rater].ballots;
            orders.insert(
                ballots.iter().map(|&b| rehearsal.state.pair(rehearsal.state.ballots[b].shown).1).collect::<Vec<_>>(),
            );
        }
        assert_eq!(orders.len(), 8);
    }

    #[test]
    fn what_is_not_answered_comes_back_and_goes_to_somebody_else() {
        let mut rehearsal = Rehearsal::new(study(2, 1, (1, 20)));
        let (gone, stays) = (rehearsal.comes(), rehearsal.comes());
        let left = rehearsal.asks(gone).unwrap();
        assert_eq!(rehearsal.asks(gone), Some(left), "what is in hand is shown again");
        assert_eq!(rehearsal.asks(stays), None, "the only pair is out");
        rehearsal.now = 30 * 60_000 - 1;
        rehearsal.leases_end();
        assert_eq!(rehearsal.asks(stays), None, "its lease goes on");
        rehearsal.now += 1;
        rehearsal.leases_end();
        let again = rehearsal.asks(stays).unwrap();
        assert_eq!(rehearsal.state.ballots[again].shown, rehearsal.state.ballots[left].shown);
        rehearsal.answers(again, 3, ANSWERS);
        assert_eq!(rehearsal.state.items[0].answered, 1);
        // The late answer of who had gone is kept all the same.
        rehearsal.answers(left, 3, ANSWERS);
        assert_eq!(rehearsal.state.items[0].answered, 2);
    }
}
