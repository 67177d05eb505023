//! A linear model over hashed features, and how it learns.

use std::collections::{BTreeMap, HashMap};

/// Weights are stored in eighths.
const SCALE: f64 = 8.0;

/// For each feature some labels with their weights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Linear {
    labels: Vec<String>,
    weights: HashMap<u32, Vec<(u8, i8)>>,
}

impl Linear {
    /// The best label's number; of equal ones the first.
    pub fn best(&self, features: &[u32]) -> usize {
        let mut scores = vec![0_i64; self.labels.len()];
        for (label, weight) in features.iter().filter_map(|feature| self.weights.get(feature)).flatten() {
            if let Some(score) = scores.get_mut(usize::from(*label)) {
                *score += i64::from(*weight);
            }
        }
        first_best(&scores)
    }

    /// A label by its number; empty where there is none.
    pub fn label(&self, number: usize) -> &str {
        self.labels.get(number).map_or("", String::as_str)
    }

    /// Number of labels, each as length and letters; number of features (u32, little-endian); for each, by ascending
    /// hash, the hash (u32), the number of pairs, and pairs of label and weight (i8).
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.labels.len() as u8);
        for label in &self.labels {
            bytes.push(label.len() as u8);
            bytes.extend(label.as_bytes());
        }
        bytes.extend((self.weights.len() as u32).to_le_bytes());
        for (hash, pairs) in self.weights.iter().collect::<BTreeMap<_, _>>() {
            bytes.extend(hash.to_le_bytes());
            bytes.push(pairs.len() as u8);
            bytes.extend(pairs.iter().flat_map(|(label, weight)| [*label, weight.to_le_bytes()[0]]));
        }
    }

    /// What [`Self::write`] wrote.
    pub fn read(bytes: &mut &[u8]) -> Option<Self> {
        let count = take(bytes, 1)?[0];
        let mut labels = Vec::new();
        for _ in 0..count {
            let length = take(bytes, 1)?[0];
            labels.push(String::from_utf8(take(bytes, length.into())?.to_vec()).ok()?);
        }
        let features = u32::from_le_bytes(take(bytes, 4)?.try_into().ok()?);
        let mut weights = HashMap::with_capacity(features as usize);
        for _ in 0..features {
            let hash = u32::from_le_bytes(take(bytes, 4)?.try_into().ok()?);
            let count = take(bytes, 1)?[0];
            let pairs = take(bytes, 2 * usize::from(count))?.chunks_exact(2);
            weights.insert(hash, pairs.map(|pair| (pair[0], i8::from_le_bytes([pair[1]]))).collect());
        }
        Some(Self { labels, weights })
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

fn first_best(scores: &[i64]) -> usize {
    (0..scores.len()).rev().max_by_key(|&label| scores[label]).unwrap_or(0)
}

/// A model that is learning: the averaged perceptron.
pub(super) struct Learner {
    labels: Vec<String>,
    step: i64,
    /// For each feature and label the weight, and the sum of its changes times the step of each.
    weights: HashMap<u32, Vec<[i64; 2]>>,
}

impl Learner {
    pub fn new(labels: Vec<String>) -> Self {
        Self { labels, step: 0, weights: HashMap::new() }
    }

    /// Decides, and where that was wrong moves towards the right label's number. Returns the decision.
    pub fn learn(&mut self, features: &[u32], right: usize) -> usize {
        self.step += 1;
        let mut scores = vec![0; self.labels.len()];
        for weights in features.iter().filter_map(|feature| self.weights.get(feature)) {
            scores.iter_mut().zip(weights).for_each(|(score, [weight, _])| *score += weight);
        }
        let decided = first_best(&scores);
        if decided != right {
            for &feature in features {
                let weights = self.weights.entry(feature).or_insert_with(|| vec![[0, 0]; self.labels.len()]);
                for (label, change) in [(right, 1), (decided, -1)] {
                    weights[label][0] += change;
                    weights[label][1] += change * self.step;
                }
            }
        }
        decided
    }

    /// The average over all steps in eighths, without the features none of whose weights is at least `smallest`.
    pub fn finish(self, smallest: i8) -> Linear {
        let rounded = |[weight, sum]: [i64; 2]| {
            let average = weight as f64 - sum as f64 / self.step.max(1) as f64;
            (average * SCALE).round().clamp(-127.0, 127.0) as i8
        };
        let kept = |(feature, weights): (u32, Vec<[i64; 2]>)| {
            let pairs: Vec<(u8, i8)> = (0..).zip(weights.into_iter().map(rounded)).filter(|pair| pair.1 != 0).collect();
            pairs.iter().any(|pair| pair.1.abs() >= smallest).then_some((feature, pairs))
        };
        Linear { labels: self.labels, weights: self.weights.into_iter().filter_map(kept).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_told_apart_is_learnt_and_survives_writing() {
        let mut learner = Learner::new(vec!["even".into(), "odd".into()]);
        for round in 0..20_u32 {
            learner.learn(&[7, 100 + round % 4], (round % 2) as usize);
        }
        let learnt = learner.finish(1);
        assert_eq!([0, 1, 2, 3].map(|n| learnt.label(learnt.best(&[7, 100 + n]))), ["even", "odd", "even", "odd"]);
        let mut bytes = Vec::new();
        learnt.write(&mut bytes);
        assert_eq!(Linear::read(&mut bytes.as_slice()), Some(learnt));
    }
}
