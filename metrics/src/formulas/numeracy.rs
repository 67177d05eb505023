//! UniDet numeracy: how many of what.

use gentron_suites::Count;

use crate::perception::Detection;

/// The value of a numeracy score, and what was counted.
#[derive(Clone, Debug, PartialEq)]
pub struct NumeracyScore {
    /// 0 to 1.
    pub value: f64,
    /// How many of each wanted noun were found, in the order of the counts.
    pub found: Vec<u32>,
}

/// The official score of a prompt that asks for numbers of things: for each of `n` wanted nouns `0.5 / n` if any was
/// found and another `0.5 / n` if exactly as many as wanted were.
///
/// Detections come most confident first; duplicates are dropped ([`drop_duplicates`]). Nouns are looked up under the
/// detector's names (girl → person, ship → boat, …). A noun that is not among the labels takes over **every** label
/// that contains it, and later nouns see the renamed labels: `two cats and three cattle` loses its cattle. `None`
/// without any wanted noun (the official code divides by zero there).
#[must_use]
pub fn unidet_numeracy(detections: &[Detection], wanted: &[Count]) -> Option<NumeracyScore> {
    if wanted.is_empty() {
        return None;
    }
    let mut labels: Vec<&str> = drop_duplicates(detections).into_iter().map(|i| detections[i].label.as_str()).collect();
    let share = 0.5 / wanted.len() as f64;
    let mut score = NumeracyScore { value: 0.0, found: Vec::with_capacity(wanted.len()) };
    for target in wanted {
        let noun = detector_name(&target.noun);
        if !labels.contains(&noun) {
            labels.iter_mut().filter(|label| label.contains(noun)).for_each(|label| *label = noun);
        }
        let found = labels.iter().filter(|&&label| label == noun).count() as u32;
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

/// The name under which the official script looks for a noun.
fn detector_name(noun: &str) -> &str {
    match noun {
        "boy" | "girl" | "man" | "woman" => "person",
        "ship" => "boat",
        // Spelt so there; `television` itself is not mapped.
        "telivision" => "tv",
        "goldfish" => "fish",
        "painting" => "picture",
        other => other,
    }
}

/// Indices of the detections that are kept: one goes when an earlier kept one has the same label and [`is_duplicate`]
/// holds.
#[must_use]
pub fn drop_duplicates(detections: &[Detection]) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::with_capacity(detections.len());
    for (index, candidate) in detections.iter().enumerate() {
        let repeats = |&earlier: &usize| {
            detections[earlier].label == candidate.label && is_duplicate(detections[earlier].bbox, candidate.bbox)
        };
        if !kept.iter().any(repeats) {
            kept.push(index);
        }
    }
    kept
}

/// Whether two boxes are the same thing: IoU, or the share of either box that lies in the other, above 0.9, every width
/// and height counted with one pixel more.
#[must_use]
pub fn is_duplicate(first: [f32; 4], second: [f32; 4]) -> bool {
    let (a, b) = (first.map(f64::from), second.map(f64::from));
    let area = |r: [f64; 4]| (r[2] - r[0] + 1.0) * (r[3] - r[1] + 1.0);
    let shared = (a[2].min(b[2]) - a[0].max(b[0]) + 1.0).max(0.0) * (a[3].min(b[3]) - a[1].max(b[1]) + 1.0).max(0.0);
    let (first, second) = (area(a), area(b));
    shared / (first + second - shared) > 0.9 || shared / first > 0.9 || shared / second > 0.9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(labels: &[&str]) -> Vec<Detection> {
        let place = |i: usize| [i as f32 * 50.0, 0.0, i as f32 * 50.0 + 40.0, 40.0];
        labels
            .iter()
            .enumerate()
            .map(|(i, l)| Detection { label: (*l).into(), score: 0.9, bbox: place(i), attributes: vec![] })
            .collect()
    }

    fn wanted(pairs: &[(&str, u32)]) -> Vec<Count> {
        pairs.iter().map(|&(noun, count)| Count { noun: noun.into(), count }).collect()
    }

    #[test]
    fn the_wrong_number_earns_half() {
        let score =
            |labels: &[&str], pairs: &[(&str, u32)]| unidet_numeracy(&boxes(labels), &wanted(pairs)).map(|s| s.value);
        assert_eq!(score(&["star", "star"], &[("star", 2)]), Some(1.0));
        assert_eq!(score(&["star"], &[("star", 2)]), Some(0.5));
        assert_eq!(score(&["heart"], &[("star", 2)]), Some(0.0));
        assert_eq!(score(&["star", "heart"], &[("star", 2), ("heart", 1)]), Some(0.75));
        assert_eq!(score(&["star"], &[]), None);
    }

    #[test]
    fn an_absent_noun_takes_over_every_label_that_contains_it() {
        let score = unidet_numeracy(&boxes(&["cattle, cow", "catch basin"]), &wanted(&[("cat", 2), ("cow", 1)]));
        assert_eq!(score.map(|s| (s.value, s.found)), Some((0.5, vec![2, 0])));
    }

    #[test]
    fn a_box_within_a_box_of_the_same_label_is_one_thing() {
        let mut pair = boxes(&["star", "star"]);
        pair[1].bbox = [5.0, 5.0, 15.0, 15.0];
        assert_eq!(drop_duplicates(&pair), vec![0]);
        pair[1].label = "heart".into();
        assert_eq!(drop_duplicates(&pair), vec![0, 1]);
    }
}
