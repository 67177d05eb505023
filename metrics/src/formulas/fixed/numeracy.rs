//! UniDet numeracy, put right.

use gentron_suites::Count;

use super::super::numeracy::{NumeracyScore, is_duplicate};
use super::pair::meant;
use crate::perception::Detection;

/// The numeracy score with these repairs; the shares are the official ones. `None` without any wanted noun.
///
/// - Nouns are compared with labels word by word ([`super::super::naming()`]), television included, and no noun takes
///   the boxes of a later one: nothing is renamed.
/// - Boxes that nearly coincide are one thing under whatever labels: a `person` and a `man` in one place are one man.
#[must_use]
pub fn unidet_numeracy_fixed(detections: &[Detection], wanted: &[Count]) -> Option<NumeracyScore> {
    if wanted.is_empty() {
        return None;
    }
    let share = 0.5 / wanted.len() as f64;
    let mut score = NumeracyScore { value: 0.0, found: Vec::with_capacity(wanted.len()) };
    for target in wanted {
        let found = distinct(detections, &meant(detections, std::slice::from_ref(&target.noun)));
        if found > 0 {
            score.value += share;
        }
        if found > 0 && found == target.count {
            score.value += share;
        }
        score.found.push(found);
    }
    Some(score)
}

/// How many of these boxes, the surest first, are not where an earlier one is.
fn distinct(detections: &[Detection], indices: &[usize]) -> u32 {
    let mut kept: Vec<[f32; 4]> = Vec::new();
    for &index in indices {
        let bbox = detections[index].bbox;
        if !kept.iter().any(|&earlier| is_duplicate(earlier, bbox)) {
            kept.push(bbox);
        }
    }
    kept.len() as u32
}

#[cfg(test)]
mod tests {
    use super::super::pair::tests::found;
    use super::*;
    use crate::formulas::unidet_numeracy;

    fn at(column: u8) -> [f32; 4] {
        let left = f32::from(column) * 50.0;
        [left, 0.0, left + 40.0, 40.0]
    }

    fn wanted(pairs: &[(&str, u32)]) -> Vec<Count> {
        pairs.iter().map(|&(noun, count)| Count { noun: noun.into(), count }).collect()
    }

    #[test]
    fn a_noun_does_not_take_the_boxes_of_another() {
        let boxes = [found("cattle, cow", 0.9, at(0)), found("catch basin", 0.8, at(1))];
        let asked = wanted(&[("cat", 2), ("cow", 1)]);
        assert_eq!(unidet_numeracy(&boxes, &asked).map(|s| s.found), Some(vec![2, 0]));
        assert_eq!(unidet_numeracy_fixed(&boxes, &asked).map(|s| (s.value, s.found)), Some((0.5, vec![0, 1])));
    }

    #[test]
    fn a_man_under_two_labels_is_one_man() {
        let boxes = [found("person", 0.9, at(0)), found("man", 0.8, at(0)), found("man", 0.7, at(2))];
        assert_eq!(unidet_numeracy_fixed(&boxes, &wanted(&[("man", 2)])).map(|s| s.value), Some(1.0));
        assert_eq!(unidet_numeracy_fixed(&boxes, &wanted(&[("person", 2)])).map(|s| s.value), Some(1.0));
    }

    #[test]
    fn a_television_is_found_as_a_tv() {
        let boxes = [found("tv", 0.9, at(0))];
        assert_eq!(unidet_numeracy(&boxes, &wanted(&[("television", 1)])).map(|s| s.value), Some(0.0));
        assert_eq!(unidet_numeracy_fixed(&boxes, &wanted(&[("television", 1)])).map(|s| s.value), Some(1.0));
    }
}
