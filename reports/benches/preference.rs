//! The statistics of a large study: 1,000,000 votes on 8 arms, Davidson's model with a side effect, 1,000 resamples of prompts and raters.
//! `preference_numpy.py` beside this file does the same with numpy and scipy.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gentron_reports::preference::{Games, Outcome, Vote, bootstrap, fit};
use gentron_reports::statistics::philox4x32;

const ARMS: usize = 8;
const VOTES: u32 = 1_000_000;
const PROMPTS: u32 = 1_632;
const RATERS: u32 = 5_000;
const RESAMPLES: u32 = 1_000;

/// Votes by Davidson's model: strengths a tenth apart, ν = 0.8, a slight preference for the left side.
fn votes() -> Vec<Vote> {
    let vote = |number: u32| {
        let words = philox4x32([number, 0, 0, 0], [8, 0]);
        let left = (words[0] % ARMS as u32) as usize;
        let right = (left + 1 + (words[1] % (ARMS as u32 - 1)) as usize) % ARMS;
        let strength = |arm: usize| 0.1 * arm as f64;
        let (l, r) = ((strength(left) + 0.05).exp(), strength(right).exp());
        let tie = 0.8 * (l * r).sqrt();
        let at = (f64::from(words[2]) + 0.5) / 4_294_967_296.0 * (l + r + tie);
        let outcome = if at < l {
            Outcome::Left
        } else if at < l + tie {
            Outcome::Tie
        } else {
            Outcome::Right
        };
        Vote { prompt: (words[3] % PROMPTS) as usize, rater: (number % RATERS) as usize, left, right, outcome }
    };
    (0..VOTES).map(vote).collect()
}

fn preference(criterion: &mut Criterion) {
    let votes = votes();
    let mut group = criterion.benchmark_group("1,000,000 votes, 8 arms");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(VOTES)));
    group.bench_function("count and fit", |bencher| {
        bencher.iter(|| fit(&Games::of(ARMS, &votes), true, true).expect("a fit"));
    });
    group.measurement_time(Duration::from_secs(60));
    group.bench_function("1,000 resamples", |bencher| {
        bencher.iter(|| bootstrap(ARMS, &votes, RESAMPLES, 1, true));
    });
    group.finish();
}

criterion_group!(benches, preference);
criterion_main!(benches);
