//! UniDet 3D spatial, put right.

use gentron_suites::RelationKind;

use super::super::depth::{DepthAxes, position_3d};
use super::super::plane::{RelationScore, blend, iou};
use super::pair::best_pair;
use super::plane::position_2d_fixed;
use crate::perception::{DepthMap, Detection};

/// The 3D score with these repairs; weights and the demand for overlap are the official ones.
///
/// - Boxes are cut out of the depth map with rows for rows and columns for columns.
/// - Nouns are compared word by word, not as substrings: a carpet is no car ([`super::super::naming()`]).
/// - Each noun is represented by its surest box, not by the last one that a loop came across, and one box does not
///   stand for both nouns.
/// - An IoU of exactly 0.5 is worth 1, not 0.
#[must_use]
pub fn unidet_3d_fixed(
    detections: &[Detection],
    depth: Option<&DepthMap>,
    relation: RelationKind,
    subject: &[String],
    object: &[String],
) -> RelationScore {
    let pair = best_pair(detections, subject, object);
    blend(detections, pair, pair, |a, b| position_3d_fixed(relation, a, b, depth))
}

/// The position term, rows and columns right and without the gap at IoU 0.5. Relations in the plane follow
/// [`position_2d_fixed`].
#[must_use]
pub fn position_3d_fixed(relation: RelationKind, first: [f32; 4], second: [f32; 4], depth: Option<&DepthMap>) -> f64 {
    use RelationKind::{Behind, HiddenBy, InFrontOf};
    if !matches!(relation, InFrontOf | Behind | HiddenBy) {
        return position_2d_fixed(relation, first, second);
    }
    if iou(first, second) == 0.5 {
        // Only the order in depth decides here; any overlap shows it.
        let order = super::super::depth::nearer(relation, first, second, depth, DepthAxes::Fixed);
        return f64::from(u8::from(order));
    }
    position_3d(Some(relation), first, second, depth, DepthAxes::Fixed)
}

#[cfg(test)]
mod tests {
    use super::super::pair::tests::{called, found};
    use super::*;
    use crate::formulas::unidet_3d;

    /// 30 columns, 10 rows, the right half near: not square, so that swapped axes leave the map.
    fn right_half_near() -> DepthMap {
        DepthMap { width: 30, height: 10, values: (0..300).map(|i| f32::from(u8::from(i % 30 >= 15))).collect() }
    }

    #[test]
    fn rows_are_rows() {
        let boxes = [found("dog", 1.0, [14.0, 0.0, 28.0, 10.0]), found("cat", 1.0, [10.0, 0.0, 24.0, 10.0])];
        let depth = right_half_near();
        let official =
            unidet_3d(&boxes, Some(&depth), Some(RelationKind::InFrontOf), "dog", "cat", DepthAxes::Official);
        let fixed = unidet_3d_fixed(&boxes, Some(&depth), RelationKind::InFrontOf, &called("dog"), &called("cat"));
        assert_eq!((official.value, fixed.value), (0.5, 1.0));
    }

    #[test]
    fn the_surest_box_stands_for_its_noun_and_a_carpet_is_no_car() {
        let boxes = [
            found("car", 0.8, [10.0, 0.0, 20.0, 10.0]),
            found("carpet", 0.7, [0.0, 0.0, 5.0, 5.0]),
            found("dog", 0.6, [12.0, 0.0, 22.0, 10.0]),
        ];
        let depth = right_half_near();
        let official = unidet_3d(&boxes, Some(&depth), Some(RelationKind::Behind), "car", "dog", DepthAxes::Official);
        assert_eq!(official.subject, Some(1));
        let fixed = unidet_3d_fixed(&boxes, Some(&depth), RelationKind::Behind, &called("car"), &called("dog"));
        assert_eq!((fixed.subject, fixed.position), (Some(0), 1.0));
    }

    #[test]
    fn an_overlap_of_one_half_is_no_gap() {
        let (a, b) = ([12.0, 0.0, 24.0, 10.0], [12.0, 0.0, 18.0, 10.0]);
        assert_eq!(iou(a, b), 0.5);
        let depth = right_half_near();
        let official = position_3d(Some(RelationKind::InFrontOf), a, b, Some(&depth), DepthAxes::Fixed);
        assert_eq!((official, position_3d_fixed(RelationKind::InFrontOf, a, b, Some(&depth))), (0.0, 1.0));
    }
}
