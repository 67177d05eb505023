//! Invented checkpoints load as the real ones would.

use std::collections::BTreeMap;

use candle_core::{DType, Device};

use super::{Invention, Network, Published, invent_gentron};
use crate::autoencoder::{AutoencoderKl, AutoencoderKlConfig};
use crate::checkpoint::{Naming, load};
use crate::gentron::{GenTron, GenTronConfig, Preset};
use crate::text::TextEncoder;
use crate::text::clip::{ClipConfig, ClipModel, ClipTextConfig, ClipTextEncoder, ClipVisionConfig};
use crate::text::t5::{T5Config, T5TextEncoder};

const CPU: (DType, &Device) = (DType::F32, &Device::Cpu);

fn invention() -> Invention {
    Invention { dtype: DType::BF16, encoder_only: false, part: None, seed: 1 }
}

/// T5 with the published vocabulary, and little else.
fn t5() -> Published {
    let sizes = T5Config { d_model: 6, d_ff: 10, d_kv: 2, num_layers: 2, num_heads: 3, ..T5Config::default() };
    Published { key: "t5", repository: "nobody/t5", network: Network::T5(sizes) }
}

#[test]
fn a_t5_in_parts_encodes_and_its_decoder_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = t5().invent(folder.path(), Invention { part: Some(100_000), ..invention() }).expect("a checkpoint");
    let names: Vec<String> =
        written.files.iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect();
    assert!(names.len() > 2 && names[0].starts_with("model-00001-of-000"), "{names:?}");
    assert_eq!(names.last().map(String::as_str), Some("model.safetensors.index.json"));
    let encoder = T5TextEncoder::load(folder.path(), "t5", 12, CPU).expect("an encoder");
    let encoding = encoder.encode(&["a red circle", ""]).expect("an encoding");
    assert_eq!(encoding.tokens.dims(), [2, 12, 6]);
    let real =
        encoding.mask.to_vec2::<u8>().expect("a mask").iter().map(|row| row.iter().sum::<u8>()).collect::<Vec<_>>();
    assert_eq!(real, [12, 1], "a piece a character, cut at the limit; the empty text is its end");
}

#[test]
fn a_clip_loads_with_both_towers_and_with_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let text_config = ClipTextConfig {
        hidden_size: 6,
        intermediate_size: 10,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        eos_token_id: 2,
        ..ClipTextConfig::default()
    };
    let vision_config = ClipVisionConfig {
        hidden_size: 8,
        intermediate_size: 12,
        num_hidden_layers: 1,
        num_attention_heads: 2,
        image_size: 28,
        patch_size: 14,
        ..ClipVisionConfig::default()
    };
    let config = ClipConfig { text_config, vision_config, projection_dim: 7, ..ClipConfig::default() };
    let clip = Published { key: "clip", repository: "nobody/clip", network: Network::Clip(config) };
    clip.invent(folder.path(), Invention { dtype: DType::F16, ..invention() }).expect("a checkpoint");
    ClipModel::load(folder.path(), CPU).expect("both towers");
    let encoder = ClipTextEncoder::load(folder.path(), "clip", CPU).expect("the text tower");
    let [one, other] =
        ["a red circle", "a red square"].map(|text| encoder.encode(&[text]).expect("an encoding").pooled);
    let distance = (one - other).and_then(|d| d.abs()?.sum_all()?.to_scalar::<f32>()).expect("a distance");
    assert!(distance > 1e-3, "texts differ by {distance}");
}

#[test]
fn an_autoencoder_and_a_gentron_load_and_every_tensor_is_random() {
    let folder = tempfile::tempdir().expect("a folder");
    let config =
        AutoencoderKlConfig { block_out_channels: vec![4, 8], norm_num_groups: 2, ..AutoencoderKlConfig::default() };
    let autoencoder = Published { key: "vae", repository: "nobody/vae", network: Network::Autoencoder(config) };
    autoencoder.invent(&folder.path().join("vae"), invention()).expect("a checkpoint");
    AutoencoderKl::load(&folder.path().join("vae"), CPU).expect("an autoencoder");

    let config = GenTronConfig {
        depth: 2,
        hidden_size: 24,
        num_heads: 3,
        ..Preset::find("gentron-shapes/2").expect("a preset").config
    };
    let written = invent_gentron(&folder.path().join("gentron"), &config, invention()).expect("a checkpoint");
    assert_eq!(written.parameters, config.parameter_count().expect("a count"));
    load(&folder.path().join("gentron"), Naming::default(), CPU, |vb| GenTron::new(vb, &config)).expect("a GenTron");
    let tensors = candle_core::safetensors::load(&written.files[0], &Device::Cpu).expect("tensors");
    let constant: BTreeMap<_, _> = tensors
        .iter()
        .filter(|(_, tensor)| {
            let values = tensor.to_dtype(DType::F32).and_then(|x| x.flatten_all()?.to_vec1::<f32>()).expect("values");
            values.iter().all(|&value| value == values[0])
        })
        .collect();
    assert!(constant.is_empty(), "{:?}", constant.keys());
}
