//! Box pairs: position in the plane, position in depth, duplicates.

use gentron_metrics::DepthMap;
use gentron_metrics::formulas::{DepthAxes, is_duplicate, position_2d, position_3d};
use serde::Deserialize;

use crate::goldens;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    k: u32,
    locality: Option<String>,
    box1: [f32; 4],
    box2: [f32; 4],
    score2d: f64,
    score3d: f64,
    dedup: u8,
}

/// The files state: `depth[r][c] = ((r*a + c*b + k) % 256) / 255`, 479 x 479, `a = 1 + k%3`, `b = 1 + k%5`.
pub fn formula_depth(k: u32) -> DepthMap {
    let (a, b) = (1 + k % 3, 1 + k % 5);
    let value = |i: u32| ((i / 479 * a + i % 479 * b + k) % 256) as f32 / 255.0;
    DepthMap { width: 479, height: 479, values: (0..479 * 479).map(value).collect() }
}

#[test]
fn parity_of_box_geometry() {
    for (name, golden) in goldens::read_all::<Golden>("geometry", ".json") {
        assert!(golden.cases.len() > 500, "{name} has only {} cases", golden.cases.len());
        for case in &golden.cases {
            let relation = goldens::relation(case.locality.as_deref());
            let position = position_2d(relation.filter(|r| !is_depth(*r)), case.box1, case.box2);
            assert!(
                (position - case.score2d).abs() < 1e-12,
                "{name} case {} 2D: {position} for {}",
                case.k,
                case.score2d
            );
            let depth = formula_depth(case.k);
            let position = position_3d(relation, case.box1, case.box2, Some(&depth), DepthAxes::Official);
            assert!(
                (position - case.score3d).abs() < 1e-12,
                "{name} case {} 3D: {position} for {}",
                case.k,
                case.score3d
            );
            assert_eq!(is_duplicate(case.box1, case.box2), case.dedup == 1, "{name} case {} duplicate", case.k);
        }
    }
}

fn is_depth(relation: gentron_suites::RelationKind) -> bool {
    use gentron_suites::RelationKind::{Behind, HiddenBy, InFrontOf};
    matches!(relation, InFrontOf | Behind | HiddenBy)
}
