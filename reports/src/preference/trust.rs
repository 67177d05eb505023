//! How far an automatic metric can be trusted: how often it chooses the picture that a person chose, beside how often another person does.

use std::collections::BTreeMap;

use serde::Serialize;

use super::votes::{Input, Outcome, Question, Vote};
use crate::observations::{Name, Observations};
use crate::statistics::{Interval, LEVEL, clustered_mean, clusters_by};

/// A share, clustered by prompt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// The share.
    pub share: f64,
    /// Its 95 % interval; none where prompts are too few or all alike.
    pub interval: Option<Interval>,
    /// Votes.
    pub votes: usize,
}

/// A metric against the votes of one question in one category.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trust {
    /// Id of the question.
    pub question: String,
    /// Id of the metric.
    pub metric: String,
    /// Suite.
    pub suite: String,
    /// Category.
    pub category: String,
    /// Votes for the picture that the metric scores higher, equal scores counting half, of all votes for either picture.
    pub agreement: Share,
    /// Other people's votes for the same picture as a vote's, of all of theirs for either picture: as well as anything can do.
    pub ceiling: Option<Share>,
    /// Votes on pictures that the metric has no score of.
    pub unscored: usize,
}

impl Trust {
    /// Whether it is better than a coin, as far as these votes tell.
    pub fn is_better_than_a_coin(&self) -> bool {
        self.agreement.interval.is_some_and(|interval| interval.low > 0.5)
    }
}

/// Every metric of a run against the votes on its first images. Ties of people say nothing about which picture is better, and are left
/// out on both sides. It assumes that a higher score is meant to be better, and that prompts are independent.
pub fn trust(input: &Input, observations: &Observations) -> Vec<Trust> {
    let scores = Scores::of(input, observations);
    let mut found = Vec::new();
    for question in &input.questions {
        let people = people(question);
        for (metric, suite, category) in scores.cells() {
            let inside = |prompt: usize| {
                let prompt = &input.prompts[prompt];
                prompt.suite == suite && prompt.category == category
            };
            let votes = || question.votes.iter().filter(|vote| inside(vote.prompt)).filter_map(decided);
            let (mut values, mut unscored) = (Vec::new(), 0);
            for (vote, [chosen, other]) in votes() {
                match (scores.get(metric, vote.prompt, chosen), scores.get(metric, vote.prompt, other)) {
                    (Some(chosen), Some(other)) => values.push((vote.prompt, credit(chosen, other))),
                    _ => unscored += 1,
                }
            }
            let Some(agreement) = share(values) else { continue };
            let ceiling = share(people.iter().filter(|(prompt, _)| inside(*prompt)).copied().collect());
            let text = |name: &str| name.to_owned();
            found.push(Trust {
                question: question.id.clone(),
                metric: text(observations.names.text(metric)),
                suite: text(suite),
                category: text(category),
                agreement,
                ceiling,
                unscored,
            });
        }
    }
    found
}

/// Scores of the first images, by metric, prompt and arm.
struct Scores<'a> {
    input: &'a Input,
    values: BTreeMap<(Name, usize, usize), f64>,
}

impl<'a> Scores<'a> {
    fn of(input: &'a Input, observations: &Observations) -> Self {
        let arms: BTreeMap<&str, usize> =
            input.arms.iter().enumerate().map(|(index, arm)| (arm.id.as_str(), index)).collect();
        let prompts: BTreeMap<(&str, &str), usize> = input
            .prompts
            .iter()
            .enumerate()
            .map(|(index, prompt)| ((prompt.suite.as_str(), prompt.id.as_str()), index))
            .collect();
        let text = |name| observations.names.text(name);
        let first = observations.rows.iter().filter(|row| row.k == 0);
        let place = |row: &crate::observations::Row| {
            let prompt = prompts.get(&(text(row.suite), text(row.prompt)))?;
            Some(((row.metric, *prompt, *arms.get(text(row.arm))?), row.value.ok()?))
        };
        Self { input, values: first.filter_map(place).collect() }
    }

    fn get(&self, metric: Name, prompt: usize, arm: usize) -> Option<f64> {
        self.values.get(&(metric, prompt, arm)).copied()
    }

    /// Metric, suite and category, each once, in the order of the prompts.
    fn cells(&self) -> Vec<(Name, &'a str, &'a str)> {
        let mut cells: Vec<(usize, Name, &str, &str)> = Vec::new();
        for &(metric, prompt, _) in self.values.keys() {
            let of = &self.input.prompts[prompt];
            let cell = (metric, of.suite.as_str(), of.category.as_str());
            match cells.iter_mut().find(|known| (known.1, known.2, known.3) == cell) {
                Some(known) => known.0 = known.0.min(prompt),
                None => cells.push((prompt, cell.0, cell.1, cell.2)),
            }
        }
        cells.sort_unstable();
        cells.into_iter().map(|(_, metric, suite, category)| (metric, suite, category)).collect()
    }
}

/// A vote for either picture: the arm that was chosen, and the other.
fn decided(vote: &Vote) -> Option<(&Vote, [usize; 2])> {
    match vote.outcome {
        Outcome::Left => Some((vote, [vote.left, vote.right])),
        Outcome::Right => Some((vote, [vote.right, vote.left])),
        Outcome::Tie => None,
    }
}

fn credit(chosen: f64, other: f64) -> f64 {
    match chosen.total_cmp(&other) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    }
}

/// For each vote for either picture that has company: its prompt, and the share of the others' that are for the same.
fn people(question: &Question) -> Vec<(usize, f64)> {
    let mut units = BTreeMap::<(usize, usize, usize), Vec<usize>>::new();
    for (vote, [chosen, other]) in question.votes.iter().filter_map(decided) {
        units.entry((vote.prompt, chosen.min(other), chosen.max(other))).or_default().push(chosen);
    }
    let mut found = Vec::new();
    for ((prompt, ..), chosen) in units.into_iter().filter(|(_, chosen)| chosen.len() > 1) {
        for one in &chosen {
            let same = chosen.iter().filter(|other| *other == one).count() - 1;
            found.push((prompt, same as f64 / (chosen.len() - 1) as f64));
        }
    }
    found
}

fn share(values: Vec<(usize, f64)>) -> Option<Share> {
    let clusters = clusters_by(values);
    let mean = clustered_mean(clusters.values())?;
    let within = |interval: Interval| Interval { low: interval.low.max(0.0), high: interval.high.min(1.0) };
    Some(Share { share: mean.mean, interval: mean.interval(LEVEL).map(within), votes: mean.count })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vote(prompt: usize, rater: usize, outcome: Outcome) -> Vote {
        Vote { prompt, rater, left: 0, right: 1, outcome }
    }

    #[test]
    fn people_are_held_against_each_other_and_ties_say_nothing() {
        use Outcome::{Left, Right, Tie};
        let votes = vec![vote(0, 0, Left), vote(0, 1, Left), vote(0, 2, Right), vote(0, 3, Tie), vote(1, 0, Left)];
        let question = Question { id: "quality".into(), text: String::new(), votes };
        // Two lefts agree with one of two others each, the right with none; the lonely vote has no company.
        assert_eq!(people(&question), [(0, 0.5), (0, 0.5), (0, 0.0)]);
        let ceiling = share(people(&question)).unwrap();
        assert!((ceiling.share - 1.0 / 3.0).abs() < 1e-12 && ceiling.interval.is_none());
    }

    #[test]
    fn the_same_picture_is_one_equal_scores_are_half() {
        assert_eq!([credit(0.9, 0.1), credit(0.5, 0.5), credit(0.1, 0.9)], [1.0, 0.5, 0.0]);
        assert_eq!(decided(&vote(0, 0, Outcome::Right)).unwrap().1, [1, 0]);
        assert!(decided(&vote(0, 0, Outcome::Tie)).is_none());
    }
}
