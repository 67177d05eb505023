//! How `tagger.bin` is made from texts that spaCy parsed.

use std::collections::BTreeSet;

use super::features::{Window, chunk_features, class_features};
use super::linear::{Learner, Linear};
use super::tagger::{LABELS, Tagger, last_two};
use crate::rng::{Purpose, Rng};

/// How often every example is seen.
const EPOCHS: usize = 8;
/// The chunker learns from tags by a tagger that never saw the example: one of this many, each taught by the rest.
const FOLDS: usize = 4;
/// Features that weigh less than this many eighths are left out: a third of the bytes, and no agreement lost.
const SMALLEST: i8 = 8;

/// A parsed text to learn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Its tokens.
    pub tokens: Vec<String>,
    /// Their parts of speech, in spaCy's names.
    pub classes: Vec<String>,
    /// Its noun chunks: first token, one past the last.
    pub chunks: Vec<[usize; 2]>,
}

/// The bytes of a tagger that learnt from `examples`. The same examples in the same order give the same bytes.
pub fn learn(examples: &[Example]) -> Vec<u8> {
    let words: Vec<Vec<&str>> = examples.iter().map(|e| e.tokens.iter().map(String::as_str).collect()).collect();
    let windows: Vec<Window<'_>> = words.iter().map(|words| Window::new(words)).collect();
    let labels: BTreeSet<&String> = examples.iter().flat_map(|example| &example.classes).collect();
    let labels: Vec<String> = labels.into_iter().cloned().collect();
    let all: Vec<usize> = (0..examples.len()).collect();
    let classes = learn_classes(examples, &windows, &labels, &all, EPOCHS);
    let mut tags: Vec<Vec<String>> = vec![Vec::new(); examples.len()];
    for fold in 0..FOLDS {
        let others: Vec<usize> = all.iter().copied().filter(|number| number % FOLDS != fold).collect();
        let half_taught = learn_classes(examples, &windows, &labels, &others, EPOCHS / 2);
        let tagger = Tagger { classes: half_taught, chunks: Linear::default() };
        for number in (fold..examples.len()).step_by(FOLDS) {
            tags[number] = tagger.classes(&windows[number]).into_iter().map(str::to_owned).collect();
        }
    }
    Tagger { classes, chunks: learn_chunks(examples, &windows, &tags) }.write()
}

fn learn_classes(
    examples: &[Example],
    windows: &[Window<'_>],
    labels: &[String],
    chosen: &[usize],
    epochs: usize,
) -> Linear {
    let mut learner = Learner::new(labels.to_vec());
    let mut order = chosen.to_vec();
    for epoch in 0..epochs {
        Rng::new(0, epoch as u64, Purpose::Learning).shuffle(&mut order);
        for &number in &order {
            let mut decided: Vec<&str> = Vec::new();
            for (at, class) in examples[number].classes.iter().enumerate() {
                let right = labels.binary_search(class).unwrap_or(0);
                let label = learner.learn(&class_features(&windows[number], &decided, at), right);
                decided.push(&labels[label]);
            }
        }
    }
    learner.finish(SMALLEST)
}

fn learn_chunks(examples: &[Example], windows: &[Window<'_>], tags: &[Vec<String>]) -> Linear {
    let mut learner = Learner::new(LABELS.map(str::to_owned).to_vec());
    let mut order: Vec<usize> = (0..examples.len()).collect();
    for epoch in 0..EPOCHS {
        Rng::new(1, epoch as u64, Purpose::Learning).shuffle(&mut order);
        for &number in &order {
            let tags: Vec<&str> = tags[number].iter().map(String::as_str).collect();
            let mut decided = Vec::new();
            for (at, right) in labels(&examples[number]).into_iter().enumerate() {
                let features = chunk_features(&windows[number], &tags, last_two(&decided), at);
                decided.push(learner.learn(&features, right));
            }
        }
    }
    learner.finish(SMALLEST)
}

/// For every token the number of its label in [`LABELS`].
fn labels(example: &Example) -> Vec<usize> {
    let label = |at: usize| match example.chunks.iter().find(|[begin, end]| (*begin..*end).contains(&at)) {
        Some([begin, _]) if *begin == at => 0,
        Some(_) => 1,
        None => 2,
    };
    (0..example.tokens.len()).map(label).collect()
}
