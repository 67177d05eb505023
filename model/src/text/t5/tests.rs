//! Parity with transformers, and gradients.

use candle_core::{DType, Device, Tensor};

use super::{T5Config, T5Encoder, T5Model, T5TextEncoder};
use crate::checkpoint::{Naming, load};
use crate::goldens::{flat, goldens, on_a_gpu};
use crate::gradients;
use crate::text::{TextEncoder, word_level_t5};

#[test]
fn t5_parity_with_transformers() {
    check(DType::F32, 2e-5);
}

#[test]
fn t5_parity_in_the_operations_of_a_gpu() {
    on_a_gpu(check);
}

fn check(dtype: DType, bound: f64) {
    for golden in goldens("components", "flan_t5") {
        let config: T5Config = serde_json::from_value(golden.config.clone()).expect("a config");
        let naming = Naming { prefix: "model.", ..T5Encoder::NAMING };
        let model = load(&golden.path, naming, (dtype, &Device::Cpu), |vb| T5Encoder::new(vb, &config));
        let model = model.unwrap_or_else(|error| panic!("{error}"));
        let [ids, mask] = ["in.ids", "in.mask"].map(|name| golden.tensor(name).to_dtype(DType::U32).expect("ids"));
        golden.check("out.tokens", &model.forward(&ids, Some(&mask)).expect("tokens"), bound);
    }
}

fn tiny() -> T5Config {
    T5Config {
        vocab_size: 11,
        d_model: 6,
        d_kv: 5,
        d_ff: 7,
        num_layers: 2,
        num_decoder_layers: Some(3),
        num_heads: 2,
        relative_attention_num_buckets: 8,
        relative_attention_max_distance: 6,
        ..T5Config::default()
    }
}

fn ids(rows: &[&[u32]]) -> Tensor {
    Tensor::from_vec(rows.concat(), (rows.len(), rows[0].len()), &Device::Cpu).expect("ids")
}

#[test]
fn every_tensor_of_t5_gets_its_gradient() {
    for tie_word_embeddings in [false, true] {
        let config = T5Config { tie_word_embeddings, ..tiny() };
        let (map, model) = gradients::variables(0.5, |vb| T5Model::new(vb, &config));
        let text = ids(&[&[2, 3, 4, 5, 6, 7, 8, 1], &[9, 10, 3, 1, 0, 0, 0, 0]]);
        let labels = ids(&[&[10, 4, 5, 9, 1], &[8, 7, 1, 0, 0]]);
        let mask = text.ne(0u32).expect("a mask");
        gradients::check(&map, |_| false, || model.loss(&text, Some(&mask), &labels));
    }
}

#[test]
fn padding_changes_nothing() {
    let (_, model) = gradients::variables(0.5, |vb| T5Model::new(vb, &tiny()));
    let short = (ids(&[&[4, 5, 6, 1]]), ids(&[&[7, 8, 1]]));
    let padded = (ids(&[&[4, 5, 6, 1, 0, 0]]), ids(&[&[7, 8, 1, 0, 0]]));
    let [short, padded] = [short, padded].map(|(text, labels)| {
        let mask = text.ne(0u32).expect("a mask");
        flat(&model.loss(&text, Some(&mask), &labels).expect("a loss"))[0]
    });
    assert!((short - padded).abs() < 1e-5, "{short} {padded}");
}

#[test]
fn the_decoder_does_not_look_ahead() {
    let (_, model) = gradients::variables(0.5, |vb| T5Model::new(vb, &tiny()));
    let memory = model.encoder().forward(&ids(&[&[4, 5, 6, 1]]), None).expect("states");
    let logits = |last: u32| flat(&model.decode(&ids(&[&[0, 7, 8, last]]), &memory, None).expect("logits"));
    let (a, b) = (logits(2), logits(3));
    assert_eq!(a[..33], b[..33]);
    assert_ne!(a[33..], b[33..]);
    assert_eq!(flat(&model.shift_right(&ids(&[&[7, 8, 1]])).expect("shifted")), [0.0, 7.0, 8.0]);
}

#[test]
fn the_encoder_masks_padding_and_pools_the_rest() {
    let words: Vec<String> = "a circle red square".split(' ').map(str::to_owned).collect();
    let tokenizer = word_level_t5(&words, 6).expect("a tokenizer");
    let config = T5Config { vocab_size: tokenizer.vocabulary(), ..tiny() };
    let (_, model) = gradients::variables(0.5, |vb| T5Encoder::new(vb, &config));
    let encoder = T5TextEncoder::new("t5", model, tokenizer, &Device::Cpu);
    let encoding = encoder.encode(&["a red circle", ""]).expect("an encoding");
    assert_eq!(flat(&encoding.mask), [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let (tokens, pooled) = (flat(&encoding.tokens), flat(&encoding.pooled));
    for i in 0..6 {
        let mean = (0..4).map(|token| tokens[6 * token + i]).sum::<f64>() / 4.0;
        assert!((pooled[i] - mean).abs() < 1e-5);
        assert!((pooled[6 + i] - tokens[36 + i]).abs() < 1e-6, "the empty text is its end token");
    }
}

#[test]
fn ungated_t5_is_refused_by_name() {
    let config: T5Config = serde_json::from_str(r#"{"d_model": 8, "model_type": "t5"}"#).expect("a config");
    assert!(config.problem().expect("a problem").contains("feed_forward_proj"));
    let flan: T5Config = serde_json::from_str(r#"{"feed_forward_proj": "gated-gelu"}"#).expect("a config");
    assert_eq!(flan.problem(), None);
}
