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
