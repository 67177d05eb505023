//! The detector's operations against torchvision and PyTorch.

use gentron_metrics::detector::{FeatureMap, Interpolation, Pooling, batched_nms, interpolate, roi_align};
use serde::Deserialize;

use crate::goldens;

#[derive(Deserialize)]
struct Golden {
    feature: String,
    roi_align: Roi,
    batched_nms: Nms,
    bilinear_align_corners_33x41: Vec<f32>,
    bicubic_30x30: Vec<f32>,
    bilinear_30x30: Vec<f32>,
}

#[derive(Deserialize)]
struct Roi {
    boxes: Vec<[f32; 4]>,
    spatial_scale: f32,
    out: usize,
    result: Vec<f32>,
}

#[derive(Deserialize)]
struct Nms {
    boxes: Vec<[f32; 4]>,
    scores: Vec<f32>,
    classes: Vec<u32>,
    iou: f32,
    keep: Vec<usize>,
}

/// The file states: `f[0][c][y][x]=sin(0.3y+0.7x+c)`, 1 x 4 x 20 x 24.
fn feature() -> FeatureMap {
    let (channels, height, width) = (4, 20, 24);
    let value = |i: usize| {
        let (c, y, x) = (i / (height * width), i / width % height, i % width);
        (0.3_f32 * y as f32 + 0.7_f32 * x as f32 + c as f32).sin()
    };
    FeatureMap { channels, height, width, values: (0..channels * height * width).map(value).collect() }
}

fn assert_near(what: &str, ours: &[f32], official: &[f32]) {
    assert_eq!(ours.len(), official.len(), "{what}");
    let far = ours.iter().zip(official).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(far <= 1e-5, "{what}: off by {far}");
}

#[test]
fn parity_of_detector_operations() {
    for (name, golden) in goldens::read_all::<Golden>("torch_ops", ".json") {
        assert!(golden.feature.contains("sin(0.3y+0.7x+c)"), "{name} has another feature map");
        let map = feature();
        let pooling = Pooling { scale: golden.roi_align.spatial_scale, size: golden.roi_align.out };
        assert_near("roi_align", &roi_align(&map, &golden.roi_align.boxes, pooling), &golden.roi_align.result);
        let Nms { boxes, scores, classes, iou, keep } = golden.batched_nms;
        assert_eq!(batched_nms(&boxes, &scores, &classes, iou), keep, "{name}");
        for (height, width, how, official) in [
            (33, 41, Interpolation::BilinearCorners, &golden.bilinear_align_corners_33x41),
            (30, 30, Interpolation::Bicubic, &golden.bicubic_30x30),
            (30, 30, Interpolation::Bilinear, &golden.bilinear_30x30),
        ] {
            assert_near(&format!("{how:?}"), &interpolate(&map, height, width, how).values, official);
        }
    }
}
