//! The networks behind the traits: frames, names of scores, depth beside a detector.

use candle_core::Device;
use gentron_metrics::depth::WithDepth;
use gentron_metrics::detector::unidet::{UNIDET_R50_CARD, UniDet, UniDetConfig};
use gentron_metrics::weights::WeightsStatement;
use gentron_metrics::{Backends, Detector, MetricId, Outcome, measure, score_name, shapes::ShapesPerception};
use gentron_suites::{RelationKind, Suite as _, shapes};

use crate::pixels::formula_image;

fn detector() -> UniDet {
    let statement =
        WeightsStatement { card: UNIDET_R50_CARD, path: "".into(), sha256: String::new(), layout: "formula" };
    UniDet::new(crate::unidet::tiny("unidet_resnet.json"), statement, &Device::Cpu)
}

#[test]
fn boxes_live_in_the_official_frame_and_only_the_official_network_has_the_official_name() {
    let detector = detector();
    let found = detector.detect(&formula_image(100, 75)).unwrap();
    assert_eq!(found.frame, Some([480, 360]));
    assert!(!found.boxes.is_empty());
    let labels = detector.vocabulary().unwrap();
    for (i, seen) in found.boxes.iter().enumerate() {
        let [x1, y1, x2, y2] = seen.bbox;
        assert!(0.0 <= x1 && x1 < x2 && x2 <= 480.0 && 0.0 <= y1 && y1 < y2 && y2 <= 360.0, "{seen:?}");
        assert!(seen.score > 0.1 && labels[..7].contains(&seen.label), "{seen:?}");
        assert!(i == 0 || found.boxes[i - 1].score >= seen.score);
    }
    let name = |metric| score_name(metric, &detector);
    assert_eq!(name(MetricId::Unidet3d), "unidet-3d");
    assert_eq!(name(MetricId::UnidetNumeracy), "unidet-numeracy");
    assert_eq!(name(MetricId::Unidet2d), "unidet-2d@unidet-r50");
    assert_eq!(name(MetricId::ThreeInOne), "3-in-1@unidet-r50");
}

#[test]
fn both_networks_are_fed_blue_first_and_only_one_expects_it() {
    // 479 pixels are not resized.
    let image = formula_image(479, 479);
    let network = crate::unidet::tiny("unidet_resnet.json");
    let blue_first = crate::unidet::picture(479, 479);
    let found = network.forward(&blue_first).unwrap();
    let ours = detector().detect(&image).unwrap().boxes;
    assert_eq!(ours.len(), found.len());
    assert!(ours.iter().zip(&found).all(|(a, b)| a.score == b.score && a.bbox == b.bbox));
    let red_first = image::RgbImage::from_fn(479, 479, |x, y| {
        let image::Rgb([red, green, blue]) = image[(x, y)];
        image::Rgb([blue, green, red])
    });
    assert_ne!(detector().detect(&red_first).unwrap().boxes, ours, "the order matters to this network");
    // Blue's mean comes first in one; in the other, which sees the same, red's does: the official defect.
    assert_eq!([UniDetConfig::R50, UniDetConfig::RS200].map(|config| config.pixel_mean[0]), [103.53, 123.68]);
}

#[test]
fn the_relation_in_depth_is_scored_with_a_depth_network_and_not_without() {
    let (detector, depth) = (detector(), crate::depth::tiny_hybrid());
    let suite = shapes::suite();
    let wanted = |prompt: &&gentron_suites::Prompt| {
        prompt.annotation.relation.as_ref().is_some_and(|r| r.kind == RelationKind::InFrontOf)
    };
    let mut prompt = suite.prompts().iter().find(wanted).unwrap().clone();
    // Two labels that the network of seven classes finds.
    let image = formula_image(64, 64);
    let found = detector.detect(&image).unwrap();
    let label = found.boxes[0].label.clone();
    if let Some(relation) = &mut prompt.annotation.relation {
        (relation.subject, relation.object) = (label.clone(), label);
    }
    let eyes = ShapesPerception::new();
    let outcome = |detector: &dyn Detector| {
        let backends = Backends { vqa: &eyes, detector, image_text: None };
        measure(&prompt, &image, &backends, &[MetricId::Unidet3d]).remove(0).outcome
    };
    let Outcome::Unscored { why } = outcome(&detector) else { panic!("scored without depth") };
    assert!(why.contains("no depth"), "{why}");
    let both = WithDepth { detector: &detector, depth: &depth };
    let value = outcome(&both).value().unwrap();
    assert!((0.0..=1.0).contains(&value), "{value}");
    assert_eq!(both.detect(&image).unwrap().depth.map(|map| (map.width, map.height)), Some((479, 479)));
}
