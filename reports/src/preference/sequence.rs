//! When one may stop, and how much more it takes.

use super::net::Net;
use crate::statistics::{Interval, normal_quantile};

/// An asymptotic confidence sequence of the net preference: valid however often one looks (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas,
/// "Time-uniform central limit theory and asymptotic confidence sequences", 2021, equation 5), tuned to be narrowest at `planned` votes. With the
/// clustered error in place of the independent one; it assumes enough prompts and raters for that error to be right, so it is withheld
/// below ten of either.
pub fn confidence_sequence(net: &Net, planned: u64, alpha: f64) -> Option<Interval> {
    if net.prompts < 10 || net.raters < 10 {
        return None;
    }
    let now = net.votes() as f64;
    let best = -2.0 * alpha.ln();
    let rho2 = (best + best.ln() + 1.0) / planned.max(1) as f64;
    let scale = now * rho2;
    let factor = (2.0 * (scale + 1.0) / scale * ((scale + 1.0).sqrt() / alpha).ln()).sqrt();
    let half = net.standard_error? * factor;
    Some(Interval { low: net.net - half, high: net.net + half })
}

/// Votes in all that show a net preference of `gap` with 80 % power at 5 % two-sided, for this share of ties and this clustering.
pub fn votes_for_gap(net: &Net, gap: f64) -> Option<u64> {
    let z = normal_quantile(0.975) + normal_quantile(0.8);
    let decisive = (net.wins + net.losses) as f64 / net.votes() as f64;
    let votes = z * z * (decisive - gap * gap).max(0.0) / (gap * gap) * net.design_effect()?;
    votes.is_finite().then(|| votes.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::philox4x32;

    /// 300 studies of no difference, looked at after every 100 votes: a fixed interval errs in far more than 5 %, the sequence does not.
    #[test]
    fn looking_often_does_no_harm() {
        let (mut fixed, mut sequence) = (0, 0);
        for study in 0..300u32 {
            let mut rows = Vec::new();
            let (mut by_fixed, mut by_sequence) = (false, false);
            for vote in 0..1500u32 {
                let word = philox4x32([study, vote, 0, 0], [11, 0])[0];
                let net = [1, 1, 1, 0, 0, 0, -1, -1, -1][(word % 9) as usize];
                rows.push(((vote % 50) as usize, (vote % 31) as usize, net));
                if vote % 100 == 99 {
                    let net = Net::of_rows(&rows).unwrap();
                    let misses = |interval: Option<Interval>| interval.is_some_and(|i| i.low > 0.0 || i.high < 0.0);
                    by_fixed |= misses(net.interval);
                    by_sequence |= misses(confidence_sequence(&net, 1500, 0.05));
                }
            }
            fixed += u32::from(by_fixed);
            sequence += u32::from(by_sequence);
        }
        println!("fixed {fixed} of 300, sequence {sequence} of 300");
        assert!(sequence <= 15, "{sequence} of 300");
        assert!(fixed > 30, "{fixed} of 300");
    }

    /// Independent votes, 20 % ties: about 2 500 for 5 points, as the usual formula has it.
    #[test]
    fn power_is_that_of_the_textbook() {
        let rows: Vec<(usize, usize, i8)> = (0..1000).map(|i| (i, i, [1, 1, -1, -1, 0][i % 5])).collect();
        let votes = votes_for_gap(&Net::of_rows(&rows).unwrap(), 0.05).unwrap();
        assert!((2450..=2560).contains(&votes), "{votes}");
    }
}
