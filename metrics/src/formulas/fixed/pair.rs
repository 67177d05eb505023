//! Which boxes stand for which nouns.

use super::super::naming::{Naming, naming};
use super::super::plane::iou;
use crate::perception::Detection;

/// Boxes of one thing under two labels overlap at least so much.
const SAME_THING: f64 = 0.9;

/// Indices of the detections that any of `names` means, in order. The first name that anything is called wins, and
/// wider words count only where nothing narrower was found.
pub(super) fn meant(detections: &[Detection], names: &[String]) -> Vec<usize> {
    let called = |name: &String, how: Naming| -> Vec<usize> {
        (0..detections.len()).filter(|&i| naming(&detections[i].label, name) == Some(how)).collect()
    };
    let ways = [Naming::Same, Naming::Wider];
    let found = ways.iter().flat_map(|&how| names.iter().map(move |name| called(name, how)));
    found.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

/// Two different things for the two nouns, together the surest. Where there are no two, the surest of either noun; with
/// one thing that both nouns could mean, it is the subject.
pub(super) fn best_pair(
    detections: &[Detection],
    subject: &[String],
    object: &[String],
) -> (Option<usize>, Option<usize>) {
    let (subjects, objects) = (meant(detections, subject), meant(detections, object));
    let mut best: Option<(f64, usize, usize)> = None;
    for &a in &subjects {
        for &b in &objects {
            let confidence = f64::from(detections[a].score) + f64::from(detections[b].score);
            let apart = a != b && iou(detections[a].bbox, detections[b].bbox) <= SAME_THING;
            if apart && best.is_none_or(|(least, ..)| confidence > least) {
                best = Some((confidence, a, b));
            }
        }
    }
    match (best, subjects.first(), objects.first()) {
        (Some((_, a, b)), ..) => (Some(a), Some(b)),
        (None, Some(&a), _) => (Some(a), None),
        (None, None, b) => (None, b.copied()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn found(label: &str, score: f32, bbox: [f32; 4]) -> Detection {
        Detection { label: label.to_owned(), score, bbox, attributes: Vec::new() }
    }

    pub(in super::super) fn called(name: &str) -> Vec<String> {
        vec![name.to_owned()]
    }

    const LEFT: [f32; 4] = [0.0, 0.0, 100.0, 100.0];
    const RIGHT: [f32; 4] = [200.0, 0.0, 300.0, 100.0];

    #[test]
    fn one_thing_does_not_stand_for_two_nouns() {
        let boxes = [found("person", 0.9, LEFT)];
        assert_eq!(best_pair(&boxes, &called("girl"), &called("boy")), (Some(0), None));
        let boxes = [found("person", 0.9, LEFT), found("person", 0.4, RIGHT)];
        assert_eq!(best_pair(&boxes, &called("girl"), &called("boy")), (Some(0), Some(1)));
    }

    #[test]
    fn one_thing_under_two_labels_is_one_thing() {
        let boxes = [found("person", 0.9, LEFT), found("woman", 0.8, LEFT), found("person", 0.3, RIGHT)];
        assert_eq!(best_pair(&boxes, &called("woman"), &called("man")), (Some(1), Some(2)));
    }

    #[test]
    fn the_narrower_name_is_tried_first() {
        let boxes = [found("wine rack", 0.9, LEFT), found("coat rack", 0.8, RIGHT)];
        assert_eq!(meant(&boxes, &["coat rack".into(), "rack".into()]), [1]);
        assert_eq!(meant(&boxes[..1], &["coat rack".into(), "rack".into()]), [0]);
    }
}
