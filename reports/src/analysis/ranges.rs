//! Between what a metric's values lie: what a mean with missing scores can be at least and at most.

/// The smallest and largest value of a metric, by its score's name (`b-vqa`, `3-in-1@yolo`), where both are within −1 and 1; none for a
/// metric of another scale or of no known one. The harness holds this against the metrics' own cards.
pub fn range_of(metric: &str) -> Option<[f64; 2]> {
    match metric.split('@').next().unwrap_or(metric) {
        "b-vqa"
        | "b-vqa-np2"
        | "unidet-2d"
        | "unidet-2d-fixed"
        | "unidet-3d"
        | "unidet-3d-fixed"
        | "unidet-numeracy"
        | "unidet-numeracy-fixed"
        | "action-vqa"
        | "motion"
        | "flicker"
        | "consistency"
        | "subject-size"
        | "subject-centrality" => Some([0.0, 1.0]),
        "3-in-1" | "3-in-1-np2" | "3-in-1-fixed" => Some([-0.5, 1.0]),
        "clipscore" | "clipsim" | "hpsv2.1" => Some([-1.0, 1.0]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_by_other_networks_has_the_range_of_its_metric() {
        assert_eq!(range_of("b-vqa@blip-hf-384"), Some([0.0, 1.0]));
        assert_eq!(range_of("3-in-1@yolo+clip-shapes"), Some([-0.5, 1.0]));
        assert_eq!(range_of("image-reward"), None);
    }
}
