//! 3-in-1: the score of complex prompts.

use gentron_suites::ComplexKind;

/// Averages the parts that a complex prompt is about: attributes and place, attributes and action, or all three.
///
/// `attribute` is B-VQA, `spatial` UniDet 2D, `clip` the raw cosine; the kind says which are used and the others are
/// ignored. The cosine lives on another scale (about 0.15 to 0.4 for natural images), so values of different kinds of
/// prompt are not comparable: that is so officially.
#[must_use]
pub fn three_in_one(kind: ComplexKind, attribute: f64, spatial: f64, clip: f64) -> f64 {
    match kind {
        ComplexKind::Spatial => (spatial + attribute) / 2.0,
        ComplexKind::Action => (clip + attribute) / 2.0,
        ComplexKind::SpatialAction => (attribute + spatial + clip) / 3.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_averages_its_own_parts() {
        assert_eq!(three_in_one(ComplexKind::Spatial, 0.25, 0.75, 9.0), 0.5);
        assert_eq!(three_in_one(ComplexKind::Action, 0.25, 9.0, 0.75), 0.5);
        assert_eq!(three_in_one(ComplexKind::SpatialAction, 0.3, 0.6, 0.9), 0.6);
    }
}
