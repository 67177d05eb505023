//! How much of each kind a pool of examples holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TrainError;

/// How much more often than other kinds some kinds of examples are drawn: `{ texture = 4.0 }`. Kinds that are not named have 1; where
/// none is named, the source's own mixture stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mix(BTreeMap<String, f64>);

impl Mix {
    /// Whether the source's own mixture stands.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The kinds that a pool holds, out of `kinds`, with their shares. `None` where the source's own mixture stands.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] for a kind that is not among `kinds`, and for weights that are negative, not finite, or all 0.
    pub(super) fn shares(&self, kinds: Vec<String>) -> Result<Option<Shares>, TrainError> {
        if self.is_empty() {
            return Ok(None);
        }
        if let Some(unknown) = self.0.keys().find(|kind| !kinds.contains(kind)) {
            let known = if kinds.is_empty() { "these data tell none apart".to_owned() } else { kinds.join(", ") };
            return Err(TrainError::Recipe(format!("frozen.mix: no examples are of the kind {unknown} ({known})")));
        }
        if self.0.values().any(|weight| !weight.is_finite() || *weight < 0.0) {
            return Err(TrainError::Recipe("frozen.mix: weights are numbers from 0 up".to_owned()));
        }
        let weighted = kinds.into_iter().map(|kind| (self.0.get(&kind).copied().unwrap_or(1.0), kind));
        let weighted: Vec<(f64, String)> = weighted.filter(|&(weight, _)| weight > 0.0).collect();
        if weighted.is_empty() {
            return Err(TrainError::Recipe("frozen.mix: every kind has the weight 0".to_owned()));
        }
        let sum: f64 = weighted.iter().map(|(weight, _)| weight).sum();
        let mut end = 0.0;
        let parts = weighted.into_iter().map(|(weight, kind)| {
            end += weight / sum;
            (end, kind)
        });
        Ok(Some(Shares(parts.collect())))
    }
}

/// A checked [`Mix`]: each kind behind the upper end of its part of `0..1`.
pub(super) struct Shares(Vec<(f64, String)>);

impl Shares {
    /// The kind of example `index`. Multiples of the golden ratio fill `0..1` evenly, so that any stretch of indices holds the shares
    /// to within a few examples, without a draw.
    pub fn kind(&self, index: u64) -> &str {
        // The ratio in 64 bits of fraction: the product wraps and loses nothing.
        const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
        let at = (index.wrapping_mul(GOLDEN) >> 11) as f64 / (1u64 << 53) as f64;
        // Rounding may leave the last end just below 1.
        let part = self.0.partition_point(|&(end, _)| end <= at).min(self.0.len() - 1);
        &self.0[part].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds() -> Vec<String> {
        ["color", "shape", "texture"].map(str::to_owned).to_vec()
    }

    fn mix(weights: &[(&str, f64)]) -> Mix {
        Mix(weights.iter().map(|&(kind, weight)| (kind.to_owned(), weight)).collect())
    }

    #[test]
    fn any_stretch_of_examples_holds_the_shares() {
        let shares = mix(&[("texture", 6.0), ("color", 0.0)]).shares(kinds()).unwrap().expect("a mix");
        for start in [0, 1_000_000, u64::MAX / 2] {
            let textures = (start..start + 700).filter(|&index| shares.kind(index) == "texture").count();
            assert!((597..=603).contains(&textures), "{textures} of 700 from {start}");
            assert!((start..start + 700).all(|index| shares.kind(index) != "color"));
        }
    }

    #[test]
    fn without_weights_the_source_decides_and_wrong_ones_are_named() {
        assert!(Mix::default().shares(kinds()).unwrap().is_none());
        let error = |mix: Mix, kinds| mix.shares(kinds).err().expect("an error").to_string();
        assert!(error(mix(&[("colour", 2.0)]), kinds()).contains("colour (color, shape, texture)"));
        assert!(error(mix(&[("color", 2.0)]), Vec::new()).contains("tell none apart"));
        for weight in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(error(mix(&[("color", weight)]), kinds()).contains("from 0 up"));
        }
        let none = mix(&[("color", 0.0), ("shape", 0.0), ("texture", 0.0)]);
        assert!(error(none, kinds()).contains("every kind has the weight 0"));
    }
}
