//! UniDet against an independent one in PyTorch, weights by formula (`tests/reference/unidet.py`).

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use gentron_metrics::detector::unidet::{Backbone, UniDetConfig, UniDetNetwork};
use serde::Deserialize;

use crate::formula::{Formula, Listing};
use crate::own;
use crate::pixels::formula_image;

#[derive(Deserialize)]
struct Golden {
    sizes: Sizes,
    anchors_a_level: usize,
    proposals_kept: usize,
    detections_kept: usize,
    width: u32,
    height: u32,
    params: BTreeMap<String, Vec<usize>>,
    levels: Vec<Level>,
    proposals: Vec<[f32; 4]>,
    found: Vec<Found>,
}

#[derive(Deserialize)]
struct Sizes {
    stem: usize,
    bottleneck: usize,
    stage: usize,
    blocks: [usize; 4],
    pyramid: usize,
    convs: usize,
    fcs: usize,
    head: usize,
    classes: usize,
    mean: [f32; 3],
    std: [f32; 3],
}

#[derive(Deserialize)]
struct Level {
    shape: [usize; 3],
    mean_abs: f64,
    values: Vec<f64>,
}

#[derive(Deserialize)]
struct Found {
    class: u32,
    score: f64,
    #[serde(rename = "box")]
    bbox: [f32; 4],
}

/// `weight()` of the reference script.
fn weight(name: &str, shape: &[usize], v: f64) -> f64 {
    let inner: usize = shape[1..].iter().product();
    let gain = match name {
        _ if name.contains("anchor_deltas") => 0.15,
        _ if name.contains("bbox_pred") => 0.4,
        _ if name.contains(".conv1_1.") => 0.08,
        _ if name.contains(".stem.conv1.") => 0.0005,
        _ => 1.0,
    };
    match shape.len() {
        1 if name.ends_with("running_var") || name.ends_with("weight") => 1.0 + 0.2 * v,
        1 if name.contains("cls_score.bias") => 0.4 * v - 1.5,
        1 => 0.2 * v,
        _ => v * gain * 2.0 * (6.0 / inner as f64).sqrt(),
    }
}

fn config(backbone: Backbone, golden: &Golden) -> UniDetConfig {
    let s = &golden.sizes;
    UniDetConfig {
        backbone,
        stem: s.stem,
        bottleneck: s.bottleneck,
        stage: s.stage,
        blocks: s.blocks,
        pyramid: s.pyramid,
        head_convolutions: s.convs,
        head_layers: s.fcs,
        head: s.head,
        classes: s.classes,
        pixel_mean: s.mean,
        pixel_std: s.std,
        anchors_a_level: golden.anchors_a_level,
        proposals: golden.proposals_kept,
        detections: golden.detections_kept,
    }
}

/// Grey levels, blue first.
pub fn picture(width: u32, height: u32) -> Tensor {
    let image = formula_image(width, height);
    let channel = |c: usize| image.pixels().map(move |pixel| f32::from(pixel.0[c]));
    let values: Vec<f32> = channel(2).chain(channel(1)).chain(channel(0)).collect();
    Tensor::from_vec(values, (3, height as usize, width as usize), &Device::Cpu).unwrap()
}

/// The tiny network of a golden.
pub fn tiny(file: &str) -> UniDetNetwork {
    let golden: Golden = own::read(file);
    UniDetNetwork::load(&Formula::new(weight), &config(Backbone::ResNet, &golden)).unwrap()
}

fn compare(file: &str, backbone: Backbone) {
    let golden: Golden = own::read(file);
    let weights = Formula::new(weight);
    let network = UniDetNetwork::load(&weights, &config(backbone, &golden)).unwrap();
    assert_eq!(weights.asked(), golden.params, "{file}: names and shapes");
    let trace = network.trace(&picture(golden.width, golden.height)).unwrap();

    let mut worst = 0f64;
    for (level, want) in trace.levels.iter().zip(&golden.levels) {
        assert_eq!(level.dims()[1..], want.shape);
        let values = level.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let step = (values.len() / 40).max(1);
        for (got, want_value) in values.iter().step_by(step).zip(&want.values) {
            worst = worst.max((f64::from(*got) - want_value).abs() / want.mean_abs);
        }
    }
    let apart = |a: [f32; 4], b: [f32; 4]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
    assert_eq!(trace.proposals.len(), golden.proposals.len(), "{file}");
    let moved = trace.proposals.iter().zip(&golden.proposals).map(|(a, b)| apart(*a, *b)).fold(0f32, f32::max);
    assert_eq!(trace.found.len(), golden.found.len(), "{file}");
    let (mut score, mut edge) = (0f64, 0f32);
    for (got, want) in trace.found.iter().zip(&golden.found) {
        assert_eq!(got.class, want.class, "{file}");
        score = score.max((f64::from(got.score) - want.score).abs());
        edge = edge.max(apart(got.bbox, want.bbox));
    }
    println!(
        "{file}: levels within {worst:.1e} of their mean, proposals {moved:.1e} px, {} detections: scores {score:.1e}, boxes {edge:.1e} px",
        golden.found.len()
    );
    assert!(!golden.found.is_empty());
    assert!(worst < 2e-5 && score < 2e-5, "{file}");
    // 2e-5 of the picture's longer side.
    assert!(moved.max(edge) < 2e-5 * golden.width.max(golden.height) as f32, "{file}");
}

#[test]
fn parity_of_unidet_with_resnet() {
    compare("unidet_resnet.json", Backbone::ResNet);
}

#[test]
fn parity_of_unidet_with_resnest() {
    compare("unidet_resnest.json", Backbone::ResNest);
}

/// The published sizes as the names of their files: counts of parameters that the architecture has.
#[test]
fn the_published_networks_have_their_names() {
    for (config, last_block) in [(UniDetConfig::R50, "res4.5"), (UniDetConfig::RS200, "res4.35")] {
        let listing = Listing::default();
        UniDetNetwork::load(&listing, &config).unwrap();
        let names = listing.sorted();
        let shape = |name: &str| names.iter().find(|(n, _)| n == name).map(|(_, shape)| shape.clone());
        let conv3 = format!("backbone.bottom_up.{last_block}.conv3.weight");
        assert_eq!(shape(&conv3), Some(vec![1024, 256, 1, 1]), "{conv3}");
        assert_eq!(shape("roi_heads.box_head.2.fc1.weight"), Some(vec![1024, 12544]));
        assert_eq!(shape("roi_heads.box_predictor.2.cls_score.weight"), Some(vec![723, 1024]));
        let count: usize = names
            .iter()
            .filter(|(name, _)| {
                !name.contains("running_") && !name.contains("cell_anchors") && !name.starts_with("pixel_")
            })
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum();
        println!("{:?}: {count} numbers that are learnt", config.backbone);
    }
}
