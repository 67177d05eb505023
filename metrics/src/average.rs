//! Averages that know what is missing.

use std::collections::BTreeMap;

use crate::observation::Outcome;

/// The plain mean over images, as every headline number of T2I-CompBench is, with a count of what is missing.
///
/// A missing score is neither 0 nor 1 and is not left out silently: [`Average::mean`] is withheld until every image has
/// a score. [`Average::bounds`] says between what it must lie.
///
/// An image whose prompt the metric cannot be asked of ([`Outcome::Outside`]) misses nothing: the mean is over the others,
/// and is to be printed with both counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Average {
    range: [f64; 2],
    sum: f64,
    scored: usize,
    missing: BTreeMap<String, usize>,
    outside: BTreeMap<String, usize>,
}

impl Average {
    /// Of nothing yet; `range` is the metric's smallest and largest value ([`crate::MetricCard::range`]).
    #[must_use]
    pub fn new(range: [f64; 2]) -> Self {
        Self { range, sum: 0.0, scored: 0, missing: BTreeMap::new(), outside: BTreeMap::new() }
    }

    /// Of these outcomes, in this order: the sum is sequential in f64, as the official scripts add.
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>, range: [f64; 2]) -> Self {
        let mut average = Self::new(range);
        outcomes.into_iter().for_each(|outcome| average.add(outcome));
        average
    }

    /// Takes one more image in.
    pub fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Scored { value, .. } => {
                self.sum += value;
                self.scored += 1;
            }
            Outcome::Unscored { why } => *self.missing.entry(why.clone()).or_default() += 1,
            Outcome::Outside { why } => *self.outside.entry(why.clone()).or_default() += 1,
        }
    }

    /// How many images have a score.
    #[must_use]
    pub fn scored(&self) -> usize {
        self.scored
    }

    /// How many should have a score and have none.
    #[must_use]
    pub fn unscored(&self) -> usize {
        self.missing.values().sum()
    }

    /// Why, and how many each.
    #[must_use]
    pub fn reasons(&self) -> &BTreeMap<String, usize> {
        &self.missing
    }

    /// How many images are of prompts that the metric cannot be asked of.
    #[must_use]
    pub fn outside(&self) -> usize {
        self.outside.values().sum()
    }

    /// Why it cannot, and how many images each.
    #[must_use]
    pub fn reasons_outside(&self) -> &BTreeMap<String, usize> {
        &self.outside
    }

    /// The mean over all images of prompts that the metric can be asked of; `None` while any is unscored, and of no image at all.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.scored > 0 && self.missing.is_empty()).then(|| self.sum / self.scored as f64)
    }

    /// The least and the greatest [`Average::mean`] that the missing scores allow; `None` of no image at all.
    #[must_use]
    pub fn bounds(&self) -> Option<[f64; 2]> {
        let all = self.scored + self.unscored();
        // Nothing missing times an end that is infinite is nothing.
        let missing = |extreme: f64| if self.unscored() == 0 { 0.0 } else { extreme * self.unscored() as f64 };
        let bound = |extreme: f64| (self.sum + missing(extreme)) / all as f64;
        (all > 0).then(|| self.range.map(bound))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(value: f64) -> Outcome {
        Outcome::Scored { value, reasons: Vec::new() }
    }

    fn missing() -> Outcome {
        Outcome::Unscored { why: "the image is missing".into() }
    }

    #[test]
    fn a_missing_image_withholds_the_mean_and_leaves_bounds() {
        let complete = Average::of(&[scored(0.5), scored(1.0)], [0.0, 1.0]);
        assert_eq!((complete.mean(), complete.bounds()), (Some(0.75), Some([0.75, 0.75])));
        let gap = Average::of(&[scored(0.5), missing(), scored(1.0), missing()], [0.0, 1.0]);
        assert_eq!((gap.mean(), gap.bounds()), (None, Some([0.375, 0.875])));
        assert_eq!((gap.scored(), gap.unscored()), (2, 2));
        assert_eq!(gap.reasons().get("the image is missing"), Some(&2));
    }

    #[test]
    fn a_prompt_that_the_metric_cannot_be_asked_of_is_left_out_and_counted() {
        let outside = || Outcome::Outside { why: "no class for \"wallet\"".into() };
        let average = Average::of(&[scored(0.5), outside(), scored(1.0)], [0.0, 1.0]);
        assert_eq!((average.mean(), average.bounds()), (Some(0.75), Some([0.75, 0.75])));
        assert_eq!((average.scored(), average.unscored(), average.outside()), (2, 0, 1));
        assert_eq!(average.reasons_outside().get("no class for \"wallet\""), Some(&1));
        // A missing image still withholds, and leaves bounds over those that can be asked.
        let gap = Average::of(&[scored(0.5), outside(), missing()], [0.0, 1.0]);
        assert_eq!((gap.mean(), gap.bounds()), (None, Some([0.25, 0.75])));
        assert_eq!(Average::of(&[outside()], [0.0, 1.0]).mean(), None);
    }

    #[test]
    fn bounds_follow_the_metrics_range() {
        assert_eq!(Average::of(&[missing()], [-1.0, 1.0]).bounds(), Some([-1.0, 1.0]));
        let endless = [f64::NEG_INFINITY, f64::INFINITY];
        assert_eq!(Average::of(&[scored(3.0)], endless).bounds(), Some([3.0, 3.0]));
        assert_eq!(Average::of(&[scored(3.0), missing()], endless).bounds(), Some(endless));
    }

    #[test]
    fn nothing_has_no_mean() {
        let none = Average::new([0.0, 1.0]);
        assert_eq!((none.mean(), none.bounds()), (None, None));
    }
}
