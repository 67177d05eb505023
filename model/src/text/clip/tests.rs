//! Parity with transformers, and gradients.

use candle_core::{DType, Device, Tensor};

use super::{ClipConfig, ClipModel, ClipTextConfig, ClipTextEncoder, ClipTextModel, ClipVisionConfig, pixels};
use crate::checkpoint::{Naming, load};
use crate::goldens::{flat, goldens, on_a_gpu};
use crate::text::{TextEncoder, word_level_clip};
use crate::{gradients, noise};

#[test]
fn clip_parity_with_transformers() {
    check(DType::F32, 2e-5);
}

#[test]
fn clip_parity_in_the_operations_of_a_gpu() {
    on_a_gpu(check);
}

fn check(dtype: DType, bound: f64) {
    for golden in goldens("components", "clip") {
        let config: ClipConfig = serde_json::from_value(golden.config.clone()).expect("a config");
        let naming = Naming { prefix: "model.", ignore: &ClipModel::BUFFERS, ..Naming::default() };
        let model = load(&golden.path, naming, (dtype, &Device::Cpu), |vb| ClipModel::new(vb, &config));
        let model = model.unwrap_or_else(|error| panic!("{error}"));
        let ids = golden.tensor("in.ids").to_dtype(DType::U32).expect("ids");
        let text = model.text_model().forward(&ids).expect("text");
        golden.check("out.text_tokens", &text.tokens, bound);
        golden.check("out.text_pooled", &text.pooled, bound);
        let text = model.embed_text(&ids).expect("text");
        let image = model.embed_image(&golden.tensor("in.pixels")).expect("image");
        golden.check("out.text_embed", &text, bound);
        golden.check("out.image_embed", &image, bound);
        let cosines = flat(&ClipModel::cosines(&image, &text).expect("cosines"));
        let pairs = (0..ids.dims()[0]).map(|i| cosines[i * ids.dims()[0] + i] as f32).collect::<Vec<_>>();
        golden.check("out.cosine", &Tensor::from_vec(pairs, ids.dims()[0], &Device::Cpu).expect("pairs"), bound);
    }
}

fn tiny() -> ClipConfig {
    let text_config = ClipTextConfig {
        vocab_size: 13,
        hidden_size: 6,
        intermediate_size: 10,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        max_position_embeddings: 7,
        bos_token_id: 11,
        eos_token_id: 12,
        ..ClipTextConfig::default()
    };
    let vision_config = ClipVisionConfig {
        hidden_size: 9,
        intermediate_size: 11,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        image_size: 8,
        patch_size: 4,
        ..ClipVisionConfig::default()
    };
    ClipConfig { text_config, vision_config, projection_dim: 5, logit_scale_init_value: 1.0 }
}

#[test]
fn every_tensor_of_clip_gets_its_gradient() {
    let (map, model) = gradients::variables(0.4, |vb| ClipModel::new(vb, &tiny()));
    // All tokens occur, and the longest text fills all positions, so that no row of an embedding is unused.
    let ids: [[u32; 7]; 3] = [[11, 0, 1, 2, 3, 4, 12], [11, 5, 6, 7, 8, 12, 12], [11, 9, 10, 12, 12, 12, 12]];
    let ids = Tensor::new(&ids, &Device::Cpu).expect("ids");
    let pixels = noise::normal(2, "pixels", 0, 0, 3 * 3 * 8 * 8);
    let pixels = Tensor::from_vec(pixels, (3, 3, 8, 8), &Device::Cpu).expect("pixels");
    // A softmax does not see what is added to all its logits: the bias of the keys changes nothing.
    let unused = |name: &str| name.ends_with("k_proj.bias");
    gradients::check(&map, unused, || model.contrastive_loss(&model.embed_image(&pixels)?, &model.embed_text(&ids)?));
    // The third text is one that is false of the second image.
    let two = pixels.narrow(0, 0, 2).expect("two images");
    gradients::check(&map, unused, || model.contrastive_loss(&model.embed_image(&two)?, &model.embed_text(&ids)?));
}

#[test]
fn clip_learns_nothing_from_what_follows_the_end() {
    let (_, model) = gradients::variables(0.4, |vb| ClipTextModel::new(vb, &tiny().text_config));
    let pooled = |ids: &[u32]| {
        let ids = Tensor::from_vec(ids.to_vec(), (1, ids.len()), &Device::Cpu).expect("ids");
        flat(&model.forward(&ids).expect("text").pooled)
    };
    let (short, padded) = (pooled(&[11, 3, 5, 12]), pooled(&[11, 3, 5, 12, 12, 1, 2]));
    assert!(short.iter().zip(&padded).all(|(a, b)| (a - b).abs() < 1e-5));
    assert_ne!(short, pooled(&[11, 3, 6, 12]));
}

#[test]
fn old_configurations_end_texts_at_the_largest_id() {
    let config = ClipTextConfig { eos_token_id: 2, ..tiny().text_config };
    let (_, old) = gradients::variables(0.4, |vb| ClipTextModel::new(vb, &config));
    let (_, new) = gradients::variables(0.4, |vb| ClipTextModel::new(vb, &tiny().text_config));
    let ids = Tensor::new(&[[11u32, 2, 4, 12, 12, 0, 0]], &Device::Cpu).expect("ids");
    let [old, new] = [old, new].map(|model| flat(&model.forward(&ids).expect("text").pooled));
    assert_eq!(old, new);
}

#[test]
fn the_encoder_attends_to_every_position() {
    let words: Vec<String> = "a circle red square".split(' ').map(str::to_owned).collect();
    let (_, model) = gradients::variables(0.4, |vb| ClipTextModel::new(vb, &tiny().text_config));
    let tokenizer = word_level_clip(&words, 7).expect("a tokenizer");
    let encoder = ClipTextEncoder::new("clip", model, tokenizer, &Device::Cpu);
    let encoding = encoder.encode(&["a red circle", "", "a a a a a a"]).expect("an encoding");
    assert_eq!((encoder.width(), encoder.pooled_width(), encoder.length()), (6, 6, 7));
    assert_eq!((encoding.tokens.dims(), encoding.pooled.dims()), (&[3, 7, 6][..], &[3, 6][..]));
    assert_eq!(flat(&encoding.mask), [1.0; 21]);
    assert_eq!(encoding.truncated, [false, false, true]);
}

#[test]
fn pixels_are_normalised_by_channel_and_never_resized() {
    let image = image::RgbImage::from_fn(2, 2, |x, y| image::Rgb([(255 * x) as u8, (255 * y) as u8, 255]));
    let values = flat(&pixels(&[&image], 2, &Device::Cpu).expect("pixels"));
    let (low, high) = ((0.0 - 0.48145466) / 0.26862954, (1.0 - 0.48145466) / 0.26862954);
    assert!(values[..4].iter().zip([low, high, low, high]).all(|(got, want)| (got - want).abs() < 1e-6));
    assert!(values[8..].iter().all(|got| (got - (1.0 - 0.40821073) / 0.27577711f64).abs() < 1e-6));
    assert!(pixels(&[&image], 3, &Device::Cpu).is_err());
}

/// What Stable Diffusion XL reads: of both encoders the state before the last layer, of the second one also the projected end token.
#[test]
fn xl_text_encoders_parity_with_transformers() {
    let goldens = goldens("components", "xl_text");
    assert_eq!(goldens.len(), 2);
    for golden in goldens {
        let config: ClipTextConfig = serde_json::from_value(golden.config.clone()).expect("a config");
        let naming = Naming { prefix: "model.", ignore: &["text_projection."], ..Naming::default() };
        // transformers 5 leaves the tower's name out where there is nothing but the tower; published files have it.
        let named = golden.names().iter().any(|name| name.starts_with("model.text_model."));
        let model = load(&golden.path, naming, (DType::F32, &Device::Cpu), |vb| {
            ClipTextModel::new(if named { vb.pp("text_model") } else { vb }, &config)
        });
        let model = model.unwrap_or_else(|error| panic!("{error}"));
        let text = model.forward(&golden.tensor("in.ids").to_dtype(DType::U32).expect("ids")).expect("states");
        golden.check("out.penultimate", &text.penultimate, 2e-5);
        if golden.names().iter().any(|name| name == "out.projected") {
            let projection = golden.tensor("model.text_projection.weight");
            let projected = crate::ops::linear(&text.pooled, &projection, None).expect("a projection");
            golden.check("out.projected", &projected, 2e-5);
        }
    }
}
