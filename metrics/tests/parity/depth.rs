//! DPT-Hybrid against an independent one in PyTorch, weights by formula (`tests/reference/dpt.py`).

use std::collections::BTreeMap;

use candle_core::Device;
use gentron_metrics::depth::{DPT_HYBRID, DptConfig, DptHybrid, DptNetwork};
use gentron_metrics::pixels::{Normalization, to_tensor};
use gentron_metrics::weights::WeightsStatement;
use serde::Deserialize;

use crate::formula::{Formula, Listing};
use crate::own;
use crate::pixels::formula_image;

#[derive(Deserialize)]
struct Golden {
    sizes: Sizes,
    params: BTreeMap<String, Vec<usize>>,
    mean: f64,
    step: usize,
    values: Vec<f64>,
    levels: Vec<f64>,
}

#[derive(Deserialize)]
struct Sizes {
    image: usize,
    groups: usize,
    stem: usize,
    stages: [(usize, usize); 3],
    width: usize,
    blocks: usize,
    heads: usize,
    positions: usize,
    taken: [usize; 2],
    features: usize,
    last: usize,
    classes: usize,
}

/// `w()` of the reference script.
fn weight(name: &str, shape: &[usize], v: f64) -> f64 {
    let inner: usize = shape[1..].iter().product();
    match shape.len() {
        _ if name == "scratch.output_conv.4.bias" => 3.0 + v,
        1 if name.ends_with("weight") => 1.0 + 0.2 * v,
        1 => 0.2 * v,
        _ if name.contains("token") || name.contains("pos_embed") => v,
        _ => v * 2.0 * (3.0 / inner as f64).sqrt(),
    }
}

fn tiny(golden: &Golden) -> (DptNetwork, BTreeMap<String, Vec<usize>>) {
    let s = &golden.sizes;
    let config = DptConfig {
        image: s.image,
        groups: s.groups,
        stem: s.stem,
        stages: s.stages,
        width: s.width,
        blocks: s.blocks,
        heads: s.heads,
        positions: s.positions,
        taken: s.taken,
        features: s.features,
        last: s.last,
        classes: s.classes,
    };
    let weights = Formula::new(weight);
    let network = DptNetwork::load(&weights, &config).unwrap();
    (network, weights.asked())
}

/// The tiny network behind its own face.
pub fn tiny_hybrid() -> DptHybrid {
    let (network, _) = tiny(&own::read("dpt_hybrid.json"));
    let statement = WeightsStatement { card: DPT_HYBRID, path: "".into(), sha256: String::new(), layout: "formula" };
    DptHybrid::new(network, statement, &Device::Cpu)
}

#[test]
fn parity_of_depth() {
    let golden: Golden = own::read("dpt_hybrid.json");
    let (network, params) = tiny(&golden);
    assert_eq!(params, golden.params, "names and shapes");
    let side = golden.sizes.image as u32;
    let image = formula_image(side, side);
    let picture = to_tensor(&[&image], Normalization { mean: [0.5; 3], std: [0.5; 3] }, &Device::Cpu).unwrap();
    let nearness = network.forward(&picture).unwrap();
    let values = nearness.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let apart = values.iter().step_by(golden.step).zip(&golden.values).map(|(a, b)| (f64::from(*a) - b).abs());
    let worst = apart.fold(0.0, f64::max) / golden.mean;
    println!("nearness within {worst:.1e} of its mean");
    assert!(worst < 2e-5);

    let grey = DptHybrid::levels(&nearness, (50, 37)).unwrap();
    assert_eq!(grey.as_raw().len(), golden.levels.len());
    let mut at_the_edge = 0;
    for (got, want) in grey.as_raw().iter().zip(&golden.levels) {
        // f32 may fall on the other side of a whole number: where the exact value is that near to one.
        let near = (want - want.round()).abs() < 5e-3;
        at_the_edge += usize::from(near);
        let allowed = if near { 1.0 } else { 0.0 };
        assert!((f64::from(*got) - want.floor()).abs() <= allowed, "level {got}, exactly {want}");
    }
    println!("{} levels equal, {at_the_edge} of them too near a whole number to tell", golden.levels.len());
    assert!(at_the_edge * 20 < golden.levels.len());

    // The whole way: a picture of the network's size is not resized, and its map is that of the tensor.
    let depth = tiny_hybrid();
    assert_eq!(depth.picture(&image).unwrap(), DptHybrid::levels(&nearness, (side, side)).unwrap());
    let map = depth.depth(&formula_image(64, 48)).unwrap();
    assert_eq!((map.width, map.height, map.values.len()), (480, 360, 480 * 360));
}

/// 123 million numbers, as the published network has.
#[test]
fn the_published_depth_network_has_its_size() {
    let listing = Listing::default();
    DptNetwork::load(&listing, &DptConfig::default()).unwrap();
    let names = listing.sorted();
    let count: usize = names.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
    println!("{count} numbers in {} tensors", names.len());
    assert!((122_000_000..126_000_000).contains(&count), "{count}");
}
