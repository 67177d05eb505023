//! How little would have to go for the winner to change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The fewest whose removal turns the net preference round; `None` where no removal does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fragility {
    /// Votes.
    pub votes: Option<usize>,
    /// Prompts with all of their votes.
    pub prompts: Option<usize>,
    /// Raters with all of theirs.
    pub raters: Option<usize>,
}

/// Of (prompt, rater, net) rows. Taking the largest contributions first is optimal, because what is turned round is a sum.
pub fn fragility(rows: &[(usize, usize, i8)]) -> Fragility {
    let total: i64 = rows.iter().map(|row| i64::from(row.2)).sum();
    let sign = total.signum();
    let fewest = |mut parts: Vec<i64>| {
        parts.sort_by_key(|part| std::cmp::Reverse(part * sign));
        let mut left = total * sign;
        for (index, part) in parts.iter().enumerate() {
            if part * sign <= 0 {
                return None;
            }
            left -= part * sign;
            if left < 0 {
                return Some(index + 1);
            }
        }
        None
    };
    let group = |key: fn(&(usize, usize, i8)) -> usize| {
        let mut sums = BTreeMap::<usize, i64>::new();
        rows.iter().for_each(|row| *sums.entry(key(row)).or_default() += i64::from(row.2));
        sums.into_values().collect::<Vec<_>>()
    };
    if sign == 0 {
        return Fragility { votes: Some(0), prompts: Some(0), raters: Some(0) };
    }
    Fragility {
        votes: fewest(rows.iter().map(|row| i64::from(row.2)).collect()),
        prompts: fewest(group(|row| row.0)),
        raters: fewest(group(|row| row.1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_prompt_can_carry_the_result() {
        // Prompt 0 wins five times, prompts 1 and 2 lose once each: without prompt 0 the winner changes.
        let mut rows: Vec<(usize, usize, i8)> = (0..5).map(|rater| (0, rater, 1)).collect();
        rows.extend([(1, 0, -1), (2, 1, -1)]);
        let fragile = fragility(&rows);
        assert_eq!((fragile.votes, fragile.prompts), (Some(4), Some(1)));
        assert_eq!(fragility(&[(0, 0, 1)]).votes, None);
        assert_eq!(fragility(&[(0, 0, 1), (0, 1, -1)]).votes, Some(0));
    }
}
