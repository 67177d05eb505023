//! UniDet 2D spatial, put right.

use gentron_suites::RelationKind;

use super::super::plane::{RelationScore, blend, position_2d};
use super::pair::best_pair;
use crate::perception::Detection;

/// The 2D score with these repairs; weights and the cut below 0.5 are the official ones.
///
/// - A noun is compared with labels word by word ([`super::super::naming()`]): `cattle, cow` is a cow, a `tv` a
///   television, and each of man, woman, boy, girl is found under its own label, else as a `person`.
/// - One box does not stand for both nouns; of two things, the two surest different ones are judged.
/// - Near is near in both directions ([`position_2d_fixed`]).
///
/// `subject` and `object` are names for the noun, the most specific first ("coat rack", "rack"). A relation that the
/// official code does not know ("on top of") has been found by then: [`crate::wanted`].
#[must_use]
pub fn unidet_2d_fixed(
    detections: &[Detection],
    relation: RelationKind,
    subject: &[String],
    object: &[String],
) -> RelationScore {
    let pair = best_pair(detections, subject, object);
    let mut score = blend(detections, pair, pair, |a, b| position_2d_fixed(relation, a, b));
    if score.value < 0.5 {
        score.value = 0.0;
    }
    score
}

/// The position term: next to, near and on side of give 1 where `|dx| < 150` **and** `|dy| < 150`, else
/// `150 / max(|dx|, |dy|)`. The official code has "or", so that any two boxes that are level count as near. The four
/// directions are as official.
#[must_use]
pub fn position_2d_fixed(relation: RelationKind, first: [f32; 4], second: [f32; 4]) -> f64 {
    use RelationKind::{Near, NextTo, OnSideOf};
    match relation {
        NextTo | Near | OnSideOf => {
            let (a, b) = (first.map(f64::from), second.map(f64::from));
            let wide = ((b[0] + b[2]) / 2.0 - (a[0] + a[2]) / 2.0).abs();
            let tall = ((b[1] + b[3]) / 2.0 - (a[1] + a[3]) / 2.0).abs();
            if wide < 150.0 && tall < 150.0 { 1.0 } else { 150.0 / wide.max(tall) }
        }
        direction => position_2d(Some(direction), first, second),
    }
}

#[cfg(test)]
mod tests {
    use super::super::pair::tests::{called, found};
    use super::*;
    use crate::formulas::unidet_2d;

    const LEFT: [f32; 4] = [0.0, 0.0, 100.0, 100.0];
    const RIGHT: [f32; 4] = [300.0, 0.0, 400.0, 100.0];

    #[test]
    fn level_but_far_is_not_near() {
        assert_eq!(position_2d(Some(RelationKind::Near), LEFT, RIGHT), 1.0);
        assert_eq!(position_2d_fixed(RelationKind::Near, LEFT, RIGHT), 0.5);
        let close = [120.0, 20.0, 220.0, 120.0];
        assert_eq!(position_2d_fixed(RelationKind::NextTo, LEFT, close), 1.0);
    }

    #[test]
    fn merged_labels_score() {
        let boxes = [found("cattle, cow", 1.0, LEFT), found("tv", 0.8, RIGHT)];
        assert_eq!(unidet_2d(&boxes, Some(RelationKind::LeftOf), "cow", "television").value, 0.0);
        let score = unidet_2d_fixed(&boxes, RelationKind::LeftOf, &called("cow"), &called("television"));
        assert!((score.value - 0.95).abs() < 1e-7, "{score:?}");
        assert_eq!(unidet_2d_fixed(&boxes, RelationKind::RightOf, &called("cow"), &called("television")).value, 0.0);
    }

    #[test]
    fn a_direction_is_judged_as_officially() {
        for relation in [RelationKind::LeftOf, RelationKind::RightOf, RelationKind::TopOf, RelationKind::BottomOf] {
            assert_eq!(position_2d_fixed(relation, LEFT, RIGHT), position_2d(Some(relation), LEFT, RIGHT));
        }
    }
}
