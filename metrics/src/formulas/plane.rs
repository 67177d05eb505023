//! UniDet 2D spatial: where one box lies beside another.

use gentron_suites::RelationKind;

use crate::perception::Detection;

/// The value of a relation score, and what it was made of.
#[derive(Clone, Debug, PartialEq)]
pub struct RelationScore {
    /// 0 to 1.
    pub value: f64,
    /// Index of the detection that stands for the subject.
    pub subject: Option<usize>,
    /// Index of the detection that stands for the object.
    pub object: Option<usize>,
    /// The position term, 0 to 1; 0 where not both were found.
    pub position: f64,
}

/// The official score of a prompt with a relation in the plane.
///
/// `0.25 conf₁ + 0.25 conf₂ + 0.5 position`, or `0.25 conf` where only one noun was found, and then **0 if that is
/// below 0.5**: one object alone, or two that stand wrong, always score 0. A noun matches a label that equals it
/// exactly, the most confident detection first; girl, boy, man and woman are looked for as `person`. `relation` is
/// `None` where the prompt's words have no rule ("on top of"). Boxes are in the official [`super::Frame`].
#[must_use]
pub fn unidet_2d(
    detections: &[Detection],
    relation: Option<RelationKind>,
    subject: &str,
    object: &str,
) -> RelationScore {
    let find = |noun: &str| detections.iter().position(|d| d.label == as_person(noun));
    let (first, second) = (find(subject), find(object));
    let mut score = blend(detections, (first, second), (first, second), |a, b| position_2d(relation, a, b));
    if score.value < 0.5 {
        score.value = 0.0;
    }
    score
}

/// The part that 2D and 3D share: confidences of `trusted` detections, position between the `placed` ones.
pub(super) fn blend(
    detections: &[Detection],
    trusted: (Option<usize>, Option<usize>),
    placed: (Option<usize>, Option<usize>),
    position: impl Fn([f32; 4], [f32; 4]) -> f64,
) -> RelationScore {
    let confidence = |index: usize| f64::from(detections[index].score);
    let (value, position) = match (trusted, placed) {
        (_, (Some(a), Some(b))) => {
            let position = position(detections[a].bbox, detections[b].bbox);
            (0.25 * confidence(a) + 0.25 * confidence(b) + 0.5 * position, position)
        }
        ((Some(one), None) | (None, Some(one)), _) => (0.25 * confidence(one), 0.0),
        _ => (0.0, 0.0),
    };
    RelationScore { value, subject: placed.0, object: placed.1, position }
}

/// Nouns for people are one class for the official scorers.
pub(super) fn as_person(noun: &str) -> &str {
    match noun {
        "girl" | "boy" | "man" | "woman" => "person",
        other => other,
    }
}

/// The official position term in the plane, 0 to 1.
///
/// With `dx`, `dy` from the first box's centre to the second's: next to, near and on side of give 1 where `|dx| < 150`
/// **or** `|dy| < 150`, else
/// `150 / max(|dx|, |dy|)`; the four directions give 0 where the other axis dominates or the sign is wrong, else 1 up
/// to IoU 0.1 and `0.1 / IoU` above. Relations in depth and `None` give 0.
#[must_use]
pub fn position_2d(relation: Option<RelationKind>, first: [f32; 4], second: [f32; 4]) -> f64 {
    use RelationKind::{BottomOf, LeftOf, Near, NextTo, OnSideOf, RightOf, TopOf};
    let (a, b) = (first.map(f64::from), second.map(f64::from));
    let dx = (b[0] + b[2]) / 2.0 - (a[0] + a[2]) / 2.0;
    let dy = (b[1] + b[3]) / 2.0 - (a[1] + a[3]) / 2.0;
    let (wide, tall) = (dx.abs(), dy.abs());
    let holds = match relation {
        Some(NextTo | Near | OnSideOf) if wide < 150.0 || tall < 150.0 => return 1.0,
        Some(NextTo | Near | OnSideOf) => return 150.0 / wide.max(tall),
        Some(RightOf) => dx < 0.0 && wide > tall,
        Some(LeftOf) => dx > 0.0 && wide > tall,
        Some(BottomOf) => dy < 0.0 && tall > wide,
        Some(TopOf) => dy > 0.0 && tall > wide,
        _ => false,
    };
    let overlap = iou(first, second);
    match (holds, overlap < 0.1) {
        (false, _) => 0.0,
        (true, true) => 1.0,
        (true, false) => 0.1 / overlap,
    }
}

/// Intersection over union in f64 without the "+1 pixel" convention; two boxes without area have 0 (the official code
/// divides by zero there).
#[must_use]
pub fn iou(first: [f32; 4], second: [f32; 4]) -> f64 {
    let (a, b) = (first.map(f64::from), second.map(f64::from));
    let area = |r: [f64; 4]| (r[2] - r[0]) * (r[3] - r[1]);
    let shared = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0) * (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
    let union = area(a) + area(b) - shared;
    if union > 0.0 { shared / union } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detection(label: &str, score: f32, bbox: [f32; 4]) -> Detection {
        Detection { label: label.to_owned(), score, bbox, attributes: Vec::new() }
    }

    #[test]
    fn two_right_objects_in_the_right_place_score_their_confidence() {
        let boxes =
            [detection("star", 1.0, [200.0, 0.0, 300.0, 100.0]), detection("heart", 0.5, [0.0, 0.0, 100.0, 100.0])];
        let score = unidet_2d(&boxes, Some(RelationKind::LeftOf), "heart", "star");
        assert_eq!((score.value, score.position), (0.875, 1.0));
        assert_eq!(unidet_2d(&boxes, Some(RelationKind::RightOf), "heart", "star").value, 0.0);
    }

    #[test]
    fn one_object_alone_is_cut_to_nothing() {
        let boxes = [detection("star", 1.0, [200.0, 0.0, 300.0, 100.0])];
        assert_eq!(unidet_2d(&boxes, Some(RelationKind::LeftOf), "heart", "star").value, 0.0);
    }

    #[test]
    fn women_are_looked_for_as_persons() {
        let boxes = [detection("person", 0.9, [0.0, 0.0, 100.0, 100.0])];
        assert_eq!(unidet_2d(&boxes, None, "woman", "dog").subject, Some(0));
    }

    #[test]
    fn boxes_without_area_do_not_divide_by_zero() {
        assert_eq!(iou([1.0; 4], [1.0; 4]), 0.0);
    }
}
