//! Parity with diffusers.

use candle_core::{DType, Device};

use super::{Added, UNet, UNetConfig};
use crate::checkpoint::{Naming, load};
use crate::goldens::{goldens, on_a_gpu};

#[test]
fn unet_parity_with_diffusers() {
    check(DType::F32, 2e-5);
}

#[test]
fn unet_parity_in_the_operations_of_a_gpu() {
    on_a_gpu(check);
}

fn check(dtype: DType, bound: f64) {
    let goldens = goldens("components", "unet");
    // Stable Diffusion 1.5's, 2.1's and XL's way of building.
    assert_eq!(goldens.len(), 3);
    for golden in goldens {
        let config: UNetConfig = serde_json::from_value(golden.config.clone()).expect("a config");
        let naming = Naming { prefix: "model.", ..Naming::default() };
        let model = load(&golden.path, naming, (dtype, &Device::Cpu), |vb| UNet::new(vb, &config));
        let model = model.unwrap_or_else(|error| panic!("{error}"));
        let [latent, t, text] = ["in.latent", "in.timesteps", "in.text"].map(|name| golden.tensor(name));
        let added = config.has_added().then(|| (golden.tensor("in.pooled"), golden.tensor("in.sizes")));
        let added = added.as_ref().map(|(pooled, sizes)| Added { pooled, sizes });
        golden.check("out.sample", &model.forward(&latent, &t, &text, added).expect("a prediction"), bound);
    }
}

#[test]
fn another_network_is_refused_by_its_configuration() {
    assert_eq!(UNetConfig::default().problem(), None);
    let broken = [
        UNetConfig { act_fn: "gelu".into(), ..UNetConfig::default() },
        UNetConfig { down_block_types: vec!["AttnDownBlock2D".into(); 4], ..UNetConfig::default() },
        UNetConfig { block_out_channels: vec![320, 640, 1280, 1290], ..UNetConfig::default() },
        UNetConfig { addition_embed_type: Some("image".into()), ..UNetConfig::default() },
        UNetConfig { flip_sin_to_cos: false, ..UNetConfig::default() },
    ];
    for config in broken {
        assert!(config.problem().is_some(), "{config:?}");
    }
}
