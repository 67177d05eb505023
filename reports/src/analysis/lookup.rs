//! Finding one's way in an [`Analysis`].

use super::types::{Analysis, ArmKey, CategoryKey, Difference, Estimate, MeanDifference, OverallMean};
use super::verdicts::Verdict;

impl Analysis {
    /// The headline estimate of an arm in a category over all prompts.
    pub fn headline(&self, arm: &str, category: &CategoryKey) -> Option<&Estimate> {
        self.of_split(arm, category, "all")
    }

    /// The headline estimate of an arm in a category over one split.
    pub fn of_split(&self, arm: &str, category: &CategoryKey, split: &str) -> Option<&Estimate> {
        self.estimates.iter().find(|e| {
            e.headline && e.arm == arm && e.suite == category.suite && e.category == category.id && e.split == split
        })
    }

    /// The headline difference of an arm to the baseline in a category.
    pub fn difference(&self, arm: &str, category: &CategoryKey) -> Option<&Difference> {
        self.differences
            .iter()
            .find(|d| d.headline && d.arm == arm && d.suite == category.suite && d.category == category.id)
    }

    /// `arm`'s Mean minus `against`'s, whichever way round it is stored.
    pub fn mean_difference(&self, arm: &str, against: &str) -> Option<MeanDifference> {
        self.mean_differences.iter().find_map(|d| {
            if d.arm == arm && d.against == against {
                return Some(d.clone());
            }
            (d.arm == against && d.against == arm).then(|| MeanDifference {
                arm: arm.to_owned(),
                against: against.to_owned(),
                difference: d.difference.map(|x| -x),
                interval: d.interval.map(|i| i.negated()),
                reading: d.reading.reversed(),
                word: d.word.reversed(),
            })
        })
    }

    /// The headline verdict on an arm in a category; of the Mean without one.
    pub fn verdict(&self, arm: &str, category: Option<&CategoryKey>) -> Option<&Verdict> {
        self.verdicts.iter().find(|v| {
            let place = category.map(|c| (c.suite.as_str(), c.id.as_str()));
            v.headline && v.arm == arm && v.suite.as_deref().zip(v.category.as_deref()) == place
        })
    }

    /// The Mean of an arm.
    pub fn mean(&self, arm: &str) -> Option<&OverallMean> {
        self.means.iter().find(|m| m.arm == arm)
    }

    /// How many categories the Mean is over.
    pub fn counted(&self) -> usize {
        self.categories.iter().filter(|category| category.in_mean).count()
    }

    /// The arms other than the baseline.
    pub fn challengers(&self) -> impl Iterator<Item = &ArmKey> {
        self.arms.iter().filter(|arm| arm.id != self.baseline)
    }

    /// The arm of this id.
    pub fn arm(&self, id: &str) -> Option<&ArmKey> {
        self.arms.iter().find(|arm| arm.id == id)
    }

    /// Whether images are still to come.
    pub fn is_unfinished(&self) -> bool {
        self.finished_tasks < self.planned_tasks
    }
}
