//! The shape of a verdict, and how numbers become one.

use serde::Serialize;

use super::contrast::Found;
use crate::statistics::power::{detectable, factor_to_equate, factor_to_find, images_needed};
use crate::statistics::{Interval, benjamini_hochberg, holm, t_test};

/// Differences below this are taken for no difference in practice: two percentage points.
pub const MARGIN: f64 = 0.02;

/// The chance of a wrong verdict anywhere in the grid that is accepted.
pub const ALPHA: f64 = 0.05;

/// Fewer prompts never show equivalence: where most scores are 0, a handful of them looks surer than it is.
const FEWEST_FOR_EQUIVALENCE: usize = 20;

/// More of anything than this is not worth naming.
const MOST: f64 = 1e7;

/// What may be said of an arm against the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// Higher, corrected for the whole grid.
    Better,
    /// Lower, corrected for the whole grid.
    Worse,
    /// Closer than [`MARGIN`], corrected for the whole grid.
    Equivalent,
    /// None of these can be said from this run.
    Undecided,
}

impl Word {
    /// The word shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Equivalent => "equivalent",
            Self::Undecided => "undecided",
        }
    }

    /// The word of the negated difference.
    pub fn reversed(self) -> Self {
        match self {
            Self::Better => Self::Worse,
            Self::Worse => Self::Better,
            Self::Equivalent | Self::Undecided => self,
        }
    }
}

/// What would decide what is open, if the difference at hand is the true one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Settle {
    /// What would be decided: that there is a difference, or that it is below the margin.
    pub by: SettledBy,
    /// More prompts (over all its categories, for the Mean) with as many images each; none: more than ten million.
    pub more_prompts: Option<u64>,
    /// Images per prompt, all together, on the prompts at hand; none: no number would do, or one image cannot tell.
    pub images_per_prompt: Option<u64>,
}

/// What would be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SettledBy {
    /// Better or worse.
    Difference,
    /// Equivalent.
    Equivalence,
}

/// A judged contrast: an effect with its interval, its tests corrected for the grid, and what it could have seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// Mean difference over the pairs; of the Mean, the plain mean of the categories' differences.
    pub difference: Option<f64>,
    /// Percentile interval of the bootstrap of prompts at 95 %, not corrected for the grid.
    pub interval: Option<Interval>,
    /// Cluster-robust standard error.
    pub standard_error: Option<f64>,
    /// Two-sided test of no difference.
    pub p: Option<f64>,
    /// The same, adjusted by Holm over the grid: the chance of any false "better" or "worse" is bounded.
    pub p_holm: Option<f64>,
    /// The same, adjusted by Benjamini and Hochberg: the share of false ones is bounded.
    pub p_bh: Option<f64>,
    /// Two one-sided tests of a difference of [`MARGIN`] or more, adjusted by Holm.
    pub equivalence_holm: Option<f64>,
    /// What may be said.
    pub word: Word,
    /// The smallest true difference that would be found in 80 of 100 such runs, at the strictest level of the grid.
    pub detectable: Option<f64>,
    /// What would decide; only where undecided.
    pub settle: Option<Settle>,
    /// Prompts with at least one pair.
    pub prompts: u64,
    /// Pairs of images.
    pub pairs: u64,
}

/// Judges all contrasts of one grid together. The order is kept.
pub(super) fn judge(grid: &[Found]) -> Vec<Judged> {
    let tested: Vec<usize> = (0..grid.len()).filter(|i| grid[*i].p.is_some()).collect();
    let p: Vec<f64> = tested.iter().filter_map(|i| grid[*i].p).collect();
    let (by_holm, by_bh) = (spread(&tested, holm(&p), grid.len()), spread(&tested, benjamini_hochberg(&p), grid.len()));
    let same: Vec<Option<f64>> = grid.iter().map(equivalence).collect();
    let comparable: Vec<usize> = (0..grid.len()).filter(|i| same[*i].is_some()).collect();
    let same: Vec<f64> = same.into_iter().flatten().collect();
    let same = spread(&comparable, holm(&same), grid.len());
    let strictest = ALPHA / tested.len().max(1) as f64;
    grid.iter()
        .enumerate()
        .map(|(i, found)| {
            let word = word(found, by_holm[i], same[i]);
            let error = found.standard_error;
            Judged {
                difference: found.difference,
                interval: found.interval,
                standard_error: error,
                p: found.p,
                p_holm: by_holm[i],
                p_bh: by_bh[i],
                equivalence_holm: same[i],
                word,
                detectable: error.and_then(|error| detectable(error, found.degrees, strictest)),
                settle: if word == Word::Undecided { settle(found, strictest) } else { None },
                prompts: found.prompts as u64,
                pairs: found.pairs as u64,
            }
        })
        .collect()
}

fn word(found: &Found, p: Option<f64>, same: Option<f64>) -> Word {
    match found.difference {
        Some(d) if p.is_some_and(|p| p < ALPHA) && d > 0.0 => Word::Better,
        Some(d) if p.is_some_and(|p| p < ALPHA) && d < 0.0 => Word::Worse,
        Some(_) if same.is_some_and(|p| p < ALPHA) => Word::Equivalent,
        _ => Word::Undecided,
    }
}

/// The larger of two one-sided p-values: that the difference is below the margin, and above its negative.
fn equivalence(found: &Found) -> Option<f64> {
    let (difference, error) = (found.difference?, found.standard_error?);
    if found.prompts < FEWEST_FOR_EQUIVALENCE {
        return None;
    }
    let room = MARGIN - difference.abs();
    let two_sided = t_test(room / error, found.degrees)?;
    Some(if room > 0.0 { two_sided / 2.0 } else { 1.0 - two_sided / 2.0 })
}

fn settle(found: &Found, alpha: f64) -> Option<Settle> {
    let (difference, error) = (found.difference?, found.standard_error?);
    let find = (difference != 0.0).then(|| factor_to_find(difference, error, alpha));
    let equate = factor_to_equate(difference, error, MARGIN, alpha);
    let (by, factor) = match (find, equate) {
        (Some(find), Some(equate)) if equate < find => (SettledBy::Equivalence, equate),
        (None, Some(equate)) => (SettledBy::Equivalence, equate),
        (Some(find), _) => (SettledBy::Difference, find),
        (None, None) => return None,
    };
    let prompts = found.prompts as f64;
    let more = (prompts * (factor - 1.0)).ceil().max(1.0);
    let images = found.pairs as f64 / prompts;
    let images = found.components.and_then(|c| images_needed(c, images, factor.max(1.0))).map(f64::ceil);
    let named = |count: f64| (count <= MOST).then_some(count as u64);
    Some(Settle { by, more_prompts: named(more), images_per_prompt: images.and_then(named) })
}

fn spread(places: &[usize], values: Vec<f64>, length: usize) -> Vec<Option<f64>> {
    let mut all = vec![None; length];
    for (place, value) in places.iter().zip(values) {
        all[*place] = Some(value);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(difference: f64, error: f64) -> Found {
        Found {
            difference: Some(difference),
            standard_error: Some(error),
            degrees: 299.0,
            p: t_test(difference / error, 299.0),
            prompts: 300,
            pairs: 300,
            ..Found::default()
        }
    }

    #[test]
    fn the_four_words_follow_from_effect_and_error() {
        let grid = [found(0.1, 0.01), found(-0.1, 0.01), found(0.001, 0.002), found(0.03, 0.03), Found::default()];
        let words: Vec<Word> = judge(&grid).iter().map(|j| j.word).collect();
        assert_eq!(words, [Word::Better, Word::Worse, Word::Equivalent, Word::Undecided, Word::Undecided]);
    }

    /// p = 0.02 alone decides; among forty others without a difference it does not.
    #[test]
    fn a_larger_grid_asks_for_more() {
        let close = found(0.0234, 0.01);
        assert_eq!(judge(&[close])[0].word, Word::Better);
        let mut grid = vec![close];
        grid.extend([found(0.0001, 0.02); 40]);
        let judged = &judge(&grid)[0];
        assert_eq!(judged.word, Word::Undecided);
        assert!(judged.p.unwrap() < 0.05 && judged.p_holm.unwrap() > 0.5);
        assert!(judged.settle.unwrap().more_prompts.unwrap() > 300);
    }

    /// With as many prompts as the verdict asks for, and the same effect and scatter, the verdict is decided.
    #[test]
    fn what_would_decide_decides() {
        let open = found(0.03, 0.03);
        let more = judge(&[open])[0].settle.unwrap().more_prompts.unwrap();
        let shrunk = 0.03 * (300.0 / (300.0 + more as f64)).sqrt();
        let after = judge(&[found(0.03, shrunk)])[0].clone();
        assert_eq!(after.word, Word::Better);
        assert!((after.detectable.unwrap() - 0.03).abs() < 5e-4, "{:?}", after.detectable);
    }
}
