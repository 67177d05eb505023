//! BLIP-VQA against the official modules with weights by formula.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use gentron_metrics::blip::{BlipConfig, BlipNetwork, Layout, pre_question};
use serde::Deserialize;

use crate::formula::{Formula, Listing, blip};
use crate::goldens;

#[derive(Deserialize)]
struct Golden {
    config: BlipConfig,
    questions: Vec<Vec<u32>>,
    params: BTreeMap<String, Vec<usize>>,
    image_embeds: Vec<f64>,
    question_states: Vec<Vec<f64>>,
    logits_yes: Vec<f64>,
    logits_no: Vec<f64>,
    logits_sum: Vec<f64>,
    p: Vec<f64>,
    official_strings: Vec<String>,
}

/// img[b][ch][r][c] = sin(0.37 r + 0.11 c (ch + 1) + b)
fn picture(b: usize, side: usize) -> Tensor {
    let value = |i: usize| {
        let (channel, row, column) = (i / (side * side), i / side % side, i % side);
        (0.37 * row as f64 + 0.11 * column as f64 * (channel + 1) as f64 + b as f64).sin() as f32
    };
    Tensor::from_vec((0..3 * side * side).map(value).collect(), (3, side, side), &Device::Cpu).unwrap()
}

fn flat(x: &Tensor) -> Vec<f64> {
    x.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter().map(f64::from).collect()
}

/// Largest distance.
fn apart(got: &[f64], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len());
    let worse = |worst: f64, delta: f64| if delta.is_nan() || delta > worst { delta } else { worst };
    got.iter().zip(want).map(|(got, want)| (got - want).abs()).fold(0.0, worse)
}

#[test]
fn parity_of_a_tiny_blip_vqa() {
    for (name, golden) in goldens::read_all::<Golden>("blip_vqa_tiny", ".json") {
        let network = BlipNetwork::load(&Formula::new(blip), &golden.config).unwrap();
        let rows: Vec<_> =
            (0..golden.questions.len()).map(|b| network.look(&picture(b, golden.config.vit.image)).unwrap()).collect();
        let tokens: Vec<f64> = rows.iter().flat_map(|seen| flat(seen.tokens())).collect();
        let mut worst = [("picture tokens", apart(&tokens, &golden.image_embeds))].to_vec();
        let vocabulary: Vec<u32> = (0..golden.config.bert.vocab as u32).collect();
        for (b, (seen, ids)) in rows.iter().zip(&golden.questions).enumerate() {
            let question = std::slice::from_ref(ids);
            let states = flat(&network.read(seen, question).unwrap());
            worst.push(("question states", apart(&states, &golden.question_states[b])));
            let logits = flat(&network.logits(seen, question, &vocabulary).unwrap());
            worst.push((
                "yes and no",
                apart(&[logits[2748], logits[2053]], &[golden.logits_yes[b], golden.logits_no[b]]),
            ));
            // A sum over 30,524 logits, relative: rounding adds up over as many terms.
            let sum: f64 = logits.iter().sum();
            let size: f64 = logits.iter().map(|x| x.abs()).sum();
            worst.push(("sum of logits", (sum - golden.logits_sum[b]).abs() / size));
            let p = network.probabilities(seen, question).unwrap()[0];
            worst.push(("P(yes)", (p - golden.p[b]).abs()));
            // The second P is 0.83665001: where the last digit hangs on 1e-8, only the number can be compared.
            let from_a_tie = ((golden.p[b] * 1e4).fract() - 0.5).abs() / 1e4;
            assert!(from_a_tie < 1e-7 || format!("{p:.4}") == golden.official_strings[b], "{name}: {p}");
        }
        for (what, delta) in worst {
            println!("{name}: {what} within {delta:.1e}");
            assert!(delta <= 5e-6, "{name}: {what} differ by {delta:e}");
        }
    }
}

#[test]
fn parity_of_names_and_shapes() {
    #[derive(Deserialize)]
    struct Published {
        params: BTreeMap<String, Vec<usize>>,
    }
    let listed = |config: &BlipConfig| {
        let listing = Listing::default();
        BlipNetwork::load(&listing, config).unwrap();
        listing.sorted()
    };
    for (name, golden) in goldens::read_all::<Published>("blip_vqa_state_dict", ".json") {
        let wanted = listed(&Layout::Original.config());
        assert_eq!(wanted, golden.params.into_iter().collect::<Vec<_>>(), "{name}");
        println!("{name}: all {} names and shapes", wanted.len());
    }
    for (name, golden) in goldens::read_all::<Golden>("blip_vqa_tiny", ".json") {
        assert_eq!(listed(&golden.config), golden.params.into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn parity_of_question_cleaning() {
    #[derive(Deserialize)]
    struct Asked {
        images: Vec<Image>,
    }
    #[derive(Deserialize)]
    struct Image {
        questions: Vec<String>,
        model_text: Vec<String>,
    }
    for (name, golden) in goldens::read_all::<Asked>("blip_vqa_", "_val.json") {
        for image in &golden.images {
            let cleaned: Vec<String> = image.questions.iter().map(|question| pre_question(question)).collect();
            assert_eq!(cleaned, image.model_text, "{name}");
        }
    }
}
