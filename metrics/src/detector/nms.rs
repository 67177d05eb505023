//! Non-maximum suppression.

use std::collections::HashMap;

/// Indices of the boxes that are kept, by descending score: a box goes when an earlier kept one **of its class** has an
/// intersection over union above `threshold` with it. Boxes are `[x1, y1, x2, y2]`; equal scores keep their order.
///
/// torchvision's `batched_nms`: it moves each class elsewhere and runs one suppression; classes are compared here, so
/// that no precision is lost far from the origin. The three lists are of one length; what is beyond the shortest is not
/// looked at.
#[must_use]
pub fn batched_nms(boxes: &[[f32; 4]], scores: &[f32], classes: &[u32], threshold: f32) -> Vec<usize> {
    first_of_nms(boxes, scores, classes, threshold, usize::MAX)
}

/// The first `most` of [`batched_nms`]: what comes later is not looked at, because it cannot suppress what came before.
pub(super) fn first_of_nms(
    boxes: &[[f32; 4]],
    scores: &[f32],
    classes: &[u32],
    threshold: f32,
    most: usize,
) -> Vec<usize> {
    let count = boxes.len().min(scores.len()).min(classes.len());
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut kept: Vec<usize> = Vec::new();
    let mut of_class: HashMap<u32, Vec<usize>> = HashMap::new();
    for candidate in order {
        if kept.len() >= most {
            break;
        }
        let rivals = of_class.entry(classes[candidate]).or_default();
        if !rivals.iter().any(|&earlier| overlap(boxes[earlier], boxes[candidate]) > threshold) {
            rivals.push(candidate);
            kept.push(candidate);
        }
    }
    kept
}

/// Intersection over union in f32, as the operator computes it.
fn overlap(a: [f32; 4], b: [f32; 4]) -> f32 {
    let area = |r: [f32; 4]| (r[2] - r[0]) * (r[3] - r[1]);
    let width = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0);
    let height = (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
    let shared = width * height;
    shared / (area(a) + area(b) - shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_of_a_class_suppresses_its_neighbours_only() {
        let boxes = [[0.0, 0.0, 10.0, 10.0], [1.0, 0.0, 11.0, 10.0], [1.0, 0.0, 11.0, 10.0], [50.0, 0.0, 60.0, 10.0]];
        assert_eq!(batched_nms(&boxes, &[0.5, 0.9, 0.8, 0.7], &[3, 3, 5, 3], 0.5), [1, 2, 3]);
        assert_eq!(first_of_nms(&boxes, &[0.5, 0.9, 0.8, 0.7], &[3, 3, 5, 3], 0.5, 2), [1, 2]);
        assert!(batched_nms(&[], &[], &[], 0.5).is_empty());
    }
}
