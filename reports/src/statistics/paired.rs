//! Paired differences: two arms on the same prompt with the same noise.

use std::collections::BTreeMap;

/// The differences of the pairs that both sides have, and how many observations found no partner.
#[derive(Clone, Debug, PartialEq)]
pub struct Paired<K> {
    /// `left − right` of every key on both sides, in key order.
    pub differences: Vec<(K, f64)>,
    /// Keys that only one side has.
    pub unpaired: usize,
}

/// Pairs two sides by key. Pairing removes what both sides share (how hard the prompt is, what the noise suggests), so the
/// difference is known more precisely than either mean. A key without a partner is counted, never filled in.
pub fn paired_differences<K: Ord + Copy>(left: &BTreeMap<K, f64>, right: &BTreeMap<K, f64>) -> Paired<K> {
    let differences: Vec<(K, f64)> = left.iter().filter_map(|(key, l)| right.get(key).map(|r| (*key, l - r))).collect();
    let unpaired = left.len() + right.len() - 2 * differences.len();
    Paired { differences, unpaired }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_matched_by_key_and_the_rest_is_counted() {
        let left = BTreeMap::from([(1, 0.5), (2, 0.75), (4, 1.0)]);
        let right = BTreeMap::from([(1, 0.25), (2, 1.0), (3, 0.0)]);
        let paired = paired_differences(&left, &right);
        assert_eq!(paired.differences, vec![(1, 0.25), (2, -0.25)]);
        assert_eq!(paired.unpaired, 2);
    }
}
