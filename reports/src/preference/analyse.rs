//! A study's votes, concluded.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::agreement::{Level, krippendorff};
use super::davidson::{Games, bootstrap, fit};
use super::fragility::{Fragility, fragility};
use super::net::Net;
use super::sequence::{confidence_sequence, votes_for_gap};
use super::votes::{Arm, Input, Vote};
use crate::statistics::{Interval, LEVEL, Resampler, percentile_interval, stream_of};

/// The gap that a study should be able to show.
const GAP: f64 = 0.05;
/// Prompts listed as those that made the difference.
const LISTED: usize = 5;

/// A study, concluded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preference {
    /// Title of the study.
    pub title: String,
    /// Suites that its prompts are of.
    pub suites: Vec<String>,
    /// A program voted; shown wherever a number of it shows.
    pub simulated: bool,
    /// No vote can come any more.
    pub closed: bool,
    /// Each question with each two arms.
    pub pairs: Vec<PairResult>,
    /// Strengths of all arms, by question.
    pub strengths: Vec<Strength>,
    /// Agreement of the raters, by question.
    pub agreement: Vec<Agreement>,
    /// Raters that the study's own rules flag.
    pub flagged: usize,
}

/// Two arms on one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairResult {
    /// Id of the question.
    pub question: String,
    /// As it was asked.
    pub asked: String,
    /// Label of the arm that wins are of.
    pub first: String,
    /// Label of the other.
    pub second: String,
    /// Ids of the two.
    pub arms: [String; 2],
    /// All votes.
    pub all: Net,
    /// Without flagged raters, where there are any.
    pub without_flagged: Option<Net>,
    /// Interval that holds however often one looked.
    pub sequence: Option<Interval>,
    /// Votes that are lacking to show a gap of 5 points.
    pub more_votes: Option<u64>,
    /// How little would have to go for the winner to change.
    pub fragility: Fragility,
    /// The prompts that made the difference.
    pub prompts: Vec<PromptVotes>,
}

/// What a prompt contributed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptVotes {
    /// Id of the prompt, as in the run.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Votes for the first arm less votes for the second.
    pub net: i64,
    /// Votes.
    pub votes: u64,
    /// Paths of the two arms' pictures in the run's folder, where they are known.
    #[serde(default)]
    pub images: [Option<String>; 2],
}

/// An arm's strength.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strength {
    /// Id of the question.
    pub question: String,
    /// Label of the arm.
    pub arm: String,
    /// Davidson's λ; they sum to zero.
    pub strength: f64,
    /// Bootstrap interval over prompts and raters.
    pub interval: Option<Interval>,
    /// The left side's advantage, of all arms together.
    pub side: f64,
    /// Davidson's ν.
    pub tie: f64,
}

/// Agreement on one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Id of the question.
    pub question: String,
    /// Krippendorff's α, a tie an answer of its own.
    pub alpha: Option<f64>,
    /// Its bootstrap interval over pairs.
    pub interval: Option<Interval>,
    /// Share of pairs of votes on one pair of pictures that are the same.
    pub raw: Option<f64>,
}

/// Concludes; the bootstrap has `replicates` resamples.
pub fn analyse(input: &Input, replicates: u32) -> Preference {
    let (mut pairs, mut strengths, mut agreement) = (Vec::new(), Vec::new(), Vec::new());
    for question in &input.questions {
        let votes = &question.votes;
        let kept: Vec<Vote> = votes.iter().filter(|vote| !input.flagged.contains(&vote.rater)).copied().collect();
        for first in 0..input.arms.len() {
            for second in first + 1..input.arms.len() {
                let Some(all) = Net::of(votes, first, second) else { continue };
                let rows: Vec<(usize, usize, i8)> =
                    votes.iter().filter_map(|vote| Some((vote.prompt, vote.rater, vote.net(first, second)?))).collect();
                let needed = votes_for_gap(&all, GAP);
                pairs.push(PairResult {
                    question: question.id.clone(),
                    asked: question.text.clone(),
                    first: input.arms[first].label.clone(),
                    second: input.arms[second].label.clone(),
                    arms: [first, second].map(|arm| input.arms[arm].id.clone()),
                    without_flagged: if input.flagged.is_empty() { None } else { Net::of(&kept, first, second) },
                    sequence: confidence_sequence(&all, needed.unwrap_or(all.votes()), 1.0 - LEVEL),
                    more_votes: needed.map(|needed| needed.saturating_sub(all.votes())),
                    fragility: fragility(&rows),
                    prompts: prompts(input, &rows),
                    all,
                });
            }
        }
        strengths.extend(strength(input, &question.id, votes, replicates));
        agreement.push(agree(input, &question.id, votes, replicates));
    }
    let (title, flagged) = (input.title.clone(), input.flagged.len());
    let suites: BTreeSet<&String> = input.prompts.iter().map(|prompt| &prompt.suite).collect();
    let suites = suites.into_iter().cloned().collect();
    Preference { title, suites, simulated: input.simulated, closed: input.closed, pairs, strengths, agreement, flagged }
}

/// Those whose net votes are farthest from none, the farthest first.
fn prompts(input: &Input, rows: &[(usize, usize, i8)]) -> Vec<PromptVotes> {
    let mut sums = BTreeMap::<usize, (i64, u64)>::new();
    for (prompt, _, net) in rows {
        let sum = sums.entry(*prompt).or_default();
        sum.0 += i64::from(*net);
        sum.1 += 1;
    }
    let mut sums: Vec<(usize, (i64, u64))> = sums.into_iter().filter(|(_, (net, _))| *net != 0).collect();
    sums.sort_by_key(|(prompt, (net, _))| (std::cmp::Reverse(net.abs()), *prompt));
    let line = |(prompt, (net, votes)): (usize, (i64, u64))| {
        let prompt = input.prompts.get(prompt)?;
        Some(PromptVotes { id: prompt.id.clone(), text: prompt.text.clone(), net, votes, images: [None, None] })
    };
    sums.into_iter().take(LISTED).filter_map(line).collect()
}

fn strength(input: &Input, question: &str, votes: &[Vote], replicates: u32) -> Vec<Strength> {
    let Ok(best) = fit(&Games::of(input.arms.len(), votes), true, true) else { return Vec::new() };
    let resamples = bootstrap(input.arms.len(), votes, replicates, input.seed, true);
    let line = |(arm, known): (usize, &Arm)| {
        let mut values: Vec<f64> = resamples.iter().map(|fit| fit.strengths[arm]).collect();
        // Where resamples fail to connect the arms, those that do are no fair sample of all.
        let enough = values.len() * 100 >= replicates as usize * 95;
        let interval = if enough { percentile_interval(&mut values, LEVEL) } else { None };
        Strength {
            question: question.to_owned(),
            arm: known.label.clone(),
            strength: best.strengths[arm],
            interval,
            side: best.side,
            tie: best.tie,
        }
    };
    input.arms.iter().enumerate().map(line).collect()
}

fn agree(input: &Input, question: &str, votes: &[Vote], replicates: u32) -> Agreement {
    let mut units = BTreeMap::<(usize, usize, usize), Vec<usize>>::new();
    for vote in votes {
        let (first, second) = (vote.left.min(vote.right), vote.left.max(vote.right));
        let Some(net) = vote.net(first, second) else { continue };
        units.entry((vote.prompt, first, second)).or_default().push((1 - net) as usize);
    }
    let units: Vec<Vec<usize>> = units.into_values().filter(|unit| unit.len() > 1).collect();
    let (mut same, mut pairs) = (0usize, 0usize);
    for unit in &units {
        pairs += unit.len() * (unit.len() - 1);
        same += (0..3)
            .map(|value| unit.iter().filter(|given| **given == value).count())
            .map(|n| n * n.saturating_sub(1))
            .sum::<usize>();
    }
    let sampler = Resampler { seed: input.seed };
    let mut alphas: Vec<f64> = (0..replicates)
        .filter_map(|replicate| {
            let mut drawn = Vec::with_capacity(units.len());
            sampler.draw(stream_of(question), replicate, units.len() as u32, |index| drawn.push(units[index].clone()));
            krippendorff(&drawn, Level::Nominal)
        })
        .collect();
    Agreement {
        question: question.to_owned(),
        alpha: krippendorff(&units, Level::Nominal),
        interval: percentile_interval(&mut alphas, LEVEL),
        raw: (pairs > 0).then(|| same as f64 / pairs as f64),
    }
}
