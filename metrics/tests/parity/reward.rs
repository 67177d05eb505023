//! ImageReward against an independent one in PyTorch, weights by formula (`tests/reference/image_reward.py`).

use std::collections::BTreeMap;

use candle_core::Device;
use gentron_metrics::blip::{BertConfig, RewardConfig, RewardNetwork, VitConfig};
use gentron_metrics::pixels::{Filter, Normalization, shorter_side_and_crop, to_tensor};
use serde::Deserialize;

use crate::formula::{Formula, Listing, blip};
use crate::own;
use crate::pixels::formula_image;

#[derive(Deserialize)]
struct Golden {
    vit: VitConfig,
    bert: BertConfig,
    head: Vec<usize>,
    params: BTreeMap<String, Vec<usize>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    size: [u32; 2],
    ids: Vec<u32>,
    reward: f64,
}

#[test]
fn parity_of_image_reward() {
    let golden: Golden = own::read("image_reward.json");
    let config = RewardConfig { vit: golden.vit, bert: golden.bert, head: golden.head };
    let source = Formula::new(blip);
    let network = RewardNetwork::load(&source, &config).unwrap();
    assert_eq!(source.asked(), golden.params, "names and shapes");
    let mut worst = 0f64;
    for case in &golden.cases {
        let [width, height] = case.size;
        let seen =
            shorter_side_and_crop(&formula_image(width, height), config.vit.image as u32, Filter::Bicubic).unwrap();
        let picture = to_tensor(&[&seen], Normalization::CLIP, &Device::Cpu).unwrap().squeeze(0).unwrap();
        worst = worst.max((network.reward(&picture, &case.ids).unwrap() - case.reward).abs());
    }
    println!("{} rewards within {worst:.1e}", golden.cases.len());
    assert!(worst < 2e-5, "{worst}");
}

#[test]
fn the_published_image_reward_has_its_size() {
    let listing = Listing::default();
    RewardNetwork::load(&listing, &RewardConfig::default()).unwrap();
    let names = listing.sorted();
    let count: usize = names.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
    println!("{count} numbers in {} tensors", names.len());
    // The parts are countable by hand: ViT-L/16 has 303 million, BERT with cross-attention onto 1024 columns 142 million.
    assert!((440_000_000..455_000_000).contains(&count), "{count}");
}
