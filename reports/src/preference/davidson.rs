//! Bradley-Terry strengths with Davidson's ties and a side effect, by Newton's method.
//!
//! ```text
//! P(left) ∝ exp(λ_l + γ),   P(right) ∝ exp(λ_r),   P(tie) ∝ ν · exp((λ_l + λ_r + γ)/2)
//! ```
//!
//! (Davidson, JASA 65, 1970; Davidson and Beaver, Biometrics 33, 1977, for the order effect.) In λ, log ν and γ it is a multinomial logit
//! with linear utilities, so the likelihood is concave and Newton's method finds its one maximum. Strengths sum to zero. The data enter as
//! counts of ordered pairs, so a fit takes microseconds whatever the number of votes.

use rayon::prelude::*;

use super::votes::{Outcome, Vote};
use crate::statistics::{below, philox4x32};

/// Counts of ordered pairs: `counts[left * arms + right]` is left wins, ties, right wins.
#[derive(Clone, Debug, PartialEq)]
pub struct Games {
    /// How many arms.
    pub arms: usize,
    /// The counts; weights need not be whole.
    pub counts: Vec<[f64; 3]>,
}

/// Which parameters are fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Ties have a parameter; else they must not occur (Bradley-Terry).
    pub ties: bool,
    /// The left side has one.
    pub side: bool,
}

/// A fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// λ of each arm; they sum to zero.
    pub strengths: Vec<f64>,
    /// ν.
    pub tie: f64,
    /// γ: the left side's advantage.
    pub side: f64,
    /// −log likelihood, without the multinomial coefficients.
    pub negative_log_likelihood: f64,
}

/// Why there is no fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// Some arms were never compared, not even through others, or some never lost or drew.
    #[error("the comparisons do not connect all arms in both directions")]
    Disconnected,
    /// No step improves, short of the maximum.
    #[error("the fit did not converge")]
    NotConverged,
}

impl Games {
    /// No games.
    pub fn new(arms: usize) -> Self {
        Self { arms, counts: vec![[0.0; 3]; arms * arms] }
    }

    /// Counts votes.
    pub fn of<'a>(arms: usize, votes: impl IntoIterator<Item = &'a Vote>) -> Self {
        let mut games = Self::new(arms);
        for vote in votes {
            games.counts[vote.left * arms + vote.right][place(vote.outcome)] += 1.0;
        }
        games
    }

    /// Whether every arm is reached from every other along wins and ties: only then are all strengths finite.
    fn is_connected(&self) -> bool {
        let reach = |backwards: bool| {
            let (mut seen, mut todo) = (vec![false; self.arms], vec![0]);
            while let Some(from) = todo.pop() {
                if std::mem::replace(&mut seen[from], true) {
                    continue;
                }
                for to in 0..self.arms {
                    let (winner, loser) = if backwards { (to, from) } else { (from, to) };
                    let [left, tie, _] = self.counts[winner * self.arms + loser];
                    let [_, back_tie, right] = self.counts[loser * self.arms + winner];
                    if left + tie + back_tie + right > 0.0 {
                        todo.push(to);
                    }
                }
            }
            seen.into_iter().all(|seen| seen)
        };
        self.arms > 0 && reach(false) && reach(true)
    }
}

fn place(outcome: Outcome) -> usize {
    match outcome {
        Outcome::Left => 0,
        Outcome::Tie => 1,
        Outcome::Right => 2,
    }
}

/// Fits. The side effect is left at zero where only one order of each pair occurs.
///
/// # Errors
/// The comparisons do not connect, or Newton's method does not converge.
pub fn fit(games: &Games, ties: bool, side: bool) -> Result<Fit, FitError> {
    if !games.is_connected() {
        return Err(FitError::Disconnected);
    }
    let tied = games.counts.iter().any(|[_, tie, _]| *tie > 0.0);
    let terms = Terms { ties: ties && tied, side };
    let size = games.arms + 2;
    let mut x = vec![0.0; size];
    let mut value = evaluate(games, terms, &x, None);
    for _ in 0..100 {
        let mut gradient = vec![0.0; size];
        let mut hessian = vec![0.0; size * size];
        evaluate(games, terms, &x, Some((&mut gradient, &mut hessian)));
        let step = solve(hessian, gradient.clone(), size).ok_or(FitError::NotConverged)?;
        // Newton's decrement bounds how far the maximum is.
        let decrement: f64 = step.iter().zip(&gradient).map(|(s, g)| s * g).sum();
        let mut length = 1.0;
        loop {
            let next: Vec<f64> = x.iter().zip(&step).map(|(x, s)| x - length * s).collect();
            let next_value = evaluate(games, terms, &next, None);
            if next_value <= value + 1e-12 * value.abs() {
                (x, value) = (next, next_value);
                break;
            }
            length /= 2.0;
            if length < 1e-9 {
                break;
            }
        }
        if decrement.abs() < 1e-18 * value.abs().max(1.0) {
            break;
        }
        if !x.iter().all(|x| x.is_finite()) {
            return Err(FitError::NotConverged);
        }
    }
    let mut gradient = vec![0.0; size];
    let mut hessian = vec![0.0; size * size];
    evaluate(games, terms, &x, Some((&mut gradient, &mut hessian)));
    let total: f64 = games.counts.iter().flatten().sum();
    if gradient.iter().any(|g| g.abs() > 1e-7 * total.max(1.0)) {
        return Err(FitError::NotConverged);
    }
    let tie = if terms.ties { x[games.arms].exp() } else { 0.0 };
    Ok(Fit { strengths: x[..games.arms].to_vec(), tie, side: x[games.arms + 1], negative_log_likelihood: value })
}

/// −log likelihood, with its gradient and Hessian where asked. Strengths may shift together without changing it, so their sum is held at
/// zero by a quadratic term that vanishes there; parameters that are not fitted are held likewise.
fn evaluate(games: &Games, terms: Terms, x: &[f64], mut out: Option<(&mut [f64], &mut [f64])>) -> f64 {
    let (arms, size) = (games.arms, games.arms + 2);
    let (tie, side) = (arms, arms + 1);
    let mut value = 0.0;
    for left in 0..arms {
        for right in 0..arms {
            let counts = games.counts[left * arms + right];
            let total: f64 = counts.iter().sum();
            if total == 0.0 || left == right {
                continue;
            }
            let gamma = if terms.side { x[side] } else { 0.0 };
            let mut utility = [x[left] + gamma, x[tie] + (x[left] + x[right] + gamma) / 2.0, x[right]];
            if !terms.ties {
                utility[1] = f64::NEG_INFINITY;
            }
            let most = utility.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = utility.iter().map(|u| (u - most).exp()).sum();
            let log_sum = most + sum.ln();
            let p = utility.map(|u| (u - log_sum).exp());
            for (count, utility) in counts.iter().zip(utility) {
                if *count > 0.0 && utility.is_finite() {
                    value -= count * (utility - log_sum);
                }
            }
            if let Some((gradient, hessian)) = &mut out {
                let g = if terms.side { 1.0 } else { 0.0 };
                // Derivatives of the three utilities by λ_l, λ_r, log ν, γ.
                let by = [[1.0, 0.0, 0.0, g], [0.5, 0.5, 1.0, g / 2.0], [0.0, 1.0, 0.0, 0.0]];
                let index = [left, right, tie, side];
                let total = if terms.ties { total } else { counts[0] + counts[2] };
                let mean: [f64; 4] = std::array::from_fn(|j| (0..3).map(|k| p[k] * by[k][j]).sum());
                for a in 0..4 {
                    let seen: f64 = (0..3).filter(|k| terms.ties || *k != 1).map(|k| counts[k] * by[k][a]).sum();
                    gradient[index[a]] += total * mean[a] - seen;
                    for b in 0..4 {
                        let both: f64 = (0..3).map(|k| p[k] * by[k][a] * by[k][b]).sum();
                        hessian[index[a] * size + index[b]] += total * (both - mean[a] * mean[b]);
                    }
                }
            }
        }
    }
    let sum: f64 = x[..arms].iter().sum();
    let held = [(!terms.ties).then_some(tie), (!terms.side).then_some(side)];
    value += sum * sum / 2.0 + held.iter().flatten().map(|&index| x[index] * x[index] / 2.0).sum::<f64>();
    if let Some((gradient, hessian)) = &mut out {
        for a in 0..arms {
            gradient[a] += sum;
            for b in 0..arms {
                hessian[a * size + b] += 1.0;
            }
        }
        for &index in held.iter().flatten() {
            gradient[index] += x[index];
            hessian[index * size + index] += 1.0;
        }
        // Where the order never varies the side effect is not identified; a hair of ridge keeps the system regular.
        hessian[side * size + side] += 1e-9;
    }
    value
}

/// Gauss with pivots; `None` where the system is singular.
fn solve(mut a: Vec<f64>, mut b: Vec<f64>, size: usize) -> Option<Vec<f64>> {
    for column in 0..size {
        let pivot =
            (column..size).max_by(|&i, &j| a[i * size + column].abs().total_cmp(&a[j * size + column].abs()))?;
        if a[pivot * size + column].abs() < 1e-14 {
            return None;
        }
        for k in 0..size {
            a.swap(column * size + k, pivot * size + k);
        }
        b.swap(column, pivot);
        for row in column + 1..size {
            let factor = a[row * size + column] / a[column * size + column];
            for k in column..size {
                a[row * size + k] -= factor * a[column * size + k];
            }
            b[row] -= factor * b[column];
        }
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|k| a[row * size + k] * b[k]).sum();
        b[row] = (b[row] - known) / a[row * size + row];
    }
    Some(b)
}

/// Strengths of `replicates` resamples of prompts and raters, each drawn with replacement and multiplied (Owen, "The pigeonhole bootstrap",
/// Annals of Applied Statistics 1, 2007: never too narrow). Resamples without a fit are left out. The same for any number of threads.
pub fn bootstrap(arms: usize, votes: &[Vote], replicates: u32, seed: u64, side: bool) -> Vec<Fit> {
    // A vote is three small numbers, so that a million of them stream through the cache.
    let rows: Vec<(u32, u32, u32)> = votes
        .iter()
        .map(|vote| {
            (vote.prompt as u32, vote.rater as u32, ((vote.left * arms + vote.right) * 3 + place(vote.outcome)) as u32)
        })
        .collect();
    let prompts = rows.iter().map(|row| row.0 + 1).max().unwrap_or(0);
    let raters = rows.iter().map(|row| row.1 + 1).max().unwrap_or(0);
    let one = |replicate: u32| {
        let weights = |what: u32, count: u32| {
            let mut weights = vec![0u32; count as usize];
            for block in 0..count.div_ceil(4) {
                let words = philox4x32([block, replicate, what, 0], [seed as u32, (seed >> 32) as u32]);
                for word in words.iter().take((count - block * 4).min(4) as usize) {
                    weights[below(*word, count) as usize] += 1;
                }
            }
            weights
        };
        let (by_prompt, by_rater) = (weights(1, prompts), weights(2, raters));
        let mut counts = vec![0u64; arms * arms * 3];
        for &(prompt, rater, cell) in &rows {
            counts[cell as usize] += u64::from(by_prompt[prompt as usize] * by_rater[rater as usize]);
        }
        let counts = counts.chunks_exact(3).map(|c| [c[0] as f64, c[1] as f64, c[2] as f64]).collect();
        fit(&Games { arms, counts }, true, side).ok()
    };
    (0..replicates).into_par_iter().map(one).collect::<Vec<_>>().into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two arms: λ₁ − λ₂ has closed form; wins 60, ties 20, losses 20 give log 3 and ν = ties / √(wins · losses).
    #[test]
    fn two_arms_have_a_closed_form() {
        let mut games = Games::new(2);
        games.counts[1] = [60.0, 20.0, 20.0];
        let fit = fit(&games, true, false).unwrap();
        assert!((fit.strengths[0] - fit.strengths[1] - 3f64.ln()).abs() < 1e-9);
        assert!((fit.tie - 20.0 / 1200f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn a_side_effect_is_told_from_strength() {
        let mut games = Games::new(2);
        // Equal arms, the left side preferred three to one in both orders.
        games.counts[1] = [60.0, 20.0, 20.0];
        games.counts[2] = [60.0, 20.0, 20.0];
        let with = fit(&games, true, true).unwrap();
        assert!(with.strengths[0].abs() < 1e-9 && (with.side - 3f64.ln()).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_connected_is_refused() {
        let mut games = Games::new(3);
        games.counts[1] = [5.0, 1.0, 5.0];
        assert_eq!(fit(&games, true, false), Err(FitError::Disconnected));
        let mut games = Games::new(2);
        games.counts[1] = [5.0, 0.0, 0.0];
        assert_eq!(fit(&games, true, false), Err(FitError::Disconnected));
    }
}
