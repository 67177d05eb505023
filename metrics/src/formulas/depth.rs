//! UniDet 3D spatial: which of two overlapping boxes is nearer.

use gentron_suites::RelationKind;
use serde::{Deserialize, Serialize};

use super::plane::{RelationScore, as_person, blend, iou, position_2d};
use crate::perception::{DepthMap, Detection};

/// Which way a box is cut out of the depth map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepthAxes {
    /// As the official code does: `depth[x1:x2, y1:y2]`, with rows and columns swapped. Published numbers were made so.
    Official,
    /// `depth[y1:y2, x1:x2]`, as it was meant.
    Fixed,
}

/// The official score of a prompt with a relation in depth: `0.25 conf₁ + 0.25 conf₂ + 0.5 position`, `0.25 conf` where
/// only one noun was found, and no cut below 0.5 (unlike [`super::unidet_2d`]).
///
/// A noun matches every label that contains it. Of the two ascending lists of matches, with `stop` the larger of their
/// first elements, each noun is represented by its **last** match up to `stop`: a loop in the official code keeps
/// overwriting, so that a weaker box may replace a surer one. Boxes and `depth` share one frame.
#[must_use]
pub fn unidet_3d(
    detections: &[Detection],
    depth: Option<&DepthMap>,
    relation: Option<RelationKind>,
    subject: &str,
    object: &str,
    axes: DepthAxes,
) -> RelationScore {
    let matches = |noun: &str| -> Vec<usize> {
        let noun = as_person(noun);
        (0..detections.len()).filter(|&i| detections[i].label.contains(noun)).collect()
    };
    let (subjects, objects) = (matches(subject), matches(object));
    let trusted = (subjects.first().copied(), objects.first().copied());
    let placed = match trusted {
        (Some(a), Some(b)) => {
            let upto = |list: &[usize]| list.iter().copied().rfind(|&i| i <= a.max(b));
            (upto(&subjects), upto(&objects))
        }
        _ => trusted,
    };
    blend(detections, trusted, placed, |a, b| position_3d(relation, a, b, depth, axes))
}

/// The official position term in depth, 0 to 1.
///
/// `d` = mean depth in the first box − mean depth in the second (larger is nearer). "In front of" holds for `d > 0`,
/// "behind" and "hidden by" for `d < 0`. Where it holds: 1 for IoU > 0.5, `IoU / 0.5` for 0 < IoU < 0.5, and 0 for IoU
/// exactly 0.5 or 0. An empty cut-out has no mean and gives 0. Relations in the plane follow [`position_2d`], as in the
/// official function.
#[must_use]
pub fn position_3d(
    relation: Option<RelationKind>,
    first: [f32; 4],
    second: [f32; 4],
    depth: Option<&DepthMap>,
    axes: DepthAxes,
) -> f64 {
    use RelationKind::{Behind, HiddenBy, InFrontOf};
    let Some(relation @ (InFrontOf | Behind | HiddenBy)) = relation else {
        return position_2d(relation, first, second);
    };
    let nearer = nearer(relation, first, second, depth, axes);
    let overlap = iou(first, second);
    if !nearer || overlap == 0.5 {
        0.0
    } else if overlap > 0.5 {
        1.0
    } else {
        overlap / 0.5
    }
}

/// Whether the mean depths over the two boxes are in the relation's order.
pub(super) fn nearer(
    relation: RelationKind,
    first: [f32; 4],
    second: [f32; 4],
    depth: Option<&DepthMap>,
    axes: DepthAxes,
) -> bool {
    let mean = |bbox| depth.and_then(|depth| mean_depth(depth, bbox, axes));
    match (mean(first), mean(second)) {
        (Some(a), Some(b)) if relation == RelationKind::InFrontOf => a > b,
        (Some(a), Some(b)) => a < b,
        _ => false,
    }
}

/// Mean of the map over a box whose corners are truncated to whole pixels; `None` where nothing is left.
fn mean_depth(depth: &DepthMap, bbox: [f32; 4], axes: DepthAxes) -> Option<f64> {
    let [x1, y1, x2, y2] = bbox.map(|edge| edge.max(0.0) as usize);
    let (rows, columns) = match axes {
        DepthAxes::Official => ((x1, x2), (y1, y2)),
        DepthAxes::Fixed => ((y1, y2), (x1, x2)),
    };
    let (height, width) = (depth.height as usize, depth.width as usize);
    let (rows, columns) = ((rows.0.min(height), rows.1.min(height)), (columns.0.min(width), columns.1.min(width)));
    if rows.0 >= rows.1 || columns.0 >= columns.1 {
        return None;
    }
    let sum: f64 = (rows.0..rows.1)
        .flat_map(|row| &depth.values[row * width + columns.0..row * width + columns.1])
        .map(|&value| f64::from(value))
        .sum();
    Some(sum / ((rows.1 - rows.0) * (columns.1 - columns.0)) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 x 10, the right half near.
    fn right_half_near() -> DepthMap {
        DepthMap { width: 10, height: 10, values: (0..100).map(|i| f32::from(u8::from(i % 10 >= 5))).collect() }
    }

    #[test]
    fn the_axes_decide_which_box_is_near() {
        let (left, right) = ([0.0, 0.0, 6.0, 10.0], [1.0, 0.0, 7.0, 10.0]);
        let depth = right_half_near();
        let position = |axes| position_3d(Some(RelationKind::InFrontOf), right, left, Some(&depth), axes);
        assert_eq!(position(DepthAxes::Fixed), 1.0);
        // With rows and columns swapped both boxes see the same mixture of near and far.
        assert_eq!(position(DepthAxes::Official), 0.0);
    }

    #[test]
    fn behind_is_the_opposite_of_in_front_of() {
        let (left, right) = ([0.0, 0.0, 6.0, 10.0], [4.0, 0.0, 10.0, 10.0]);
        let depth = right_half_near();
        let position = |kind, a, b| position_3d(Some(kind), a, b, Some(&depth), DepthAxes::Fixed);
        assert_eq!(position(RelationKind::HiddenBy, left, right), position(RelationKind::InFrontOf, right, left));
        assert!((position(RelationKind::Behind, left, right) - 0.4).abs() < 1e-12);
        assert_eq!(position(RelationKind::Behind, right, left), 0.0);
    }

    #[test]
    fn boxes_apart_get_no_credit_for_position() {
        let (left, right) = ([0.0, 0.0, 4.0, 10.0], [5.0, 0.0, 10.0, 10.0]);
        let depth = right_half_near();
        assert_eq!(position_3d(Some(RelationKind::InFrontOf), right, left, Some(&depth), DepthAxes::Fixed), 0.0);
    }
}
