//! Parity with diffusers, and gradients.

use candle_core::{DType, Device, Tensor};

use super::{AutoencoderKl, AutoencoderKlConfig};
use crate::checkpoint::{Naming, load};
use crate::goldens::{flat, goldens};
use crate::{gradients, noise};

#[test]
fn autoencoder_parity_with_diffusers() {
    for golden in goldens("components", "autoencoder_kl") {
        let config: AutoencoderKlConfig = serde_json::from_value(golden.config.clone()).expect("a config");
        let naming = Naming { prefix: "model.", ..Naming::default() };
        let model = load(&golden.path, naming, (DType::F32, &Device::Cpu), |vb| AutoencoderKl::new(vb, &config));
        let model = model.unwrap_or_else(|error| panic!("{error}"));
        let posterior = model.encode(&golden.tensor("in.image")).expect("latents");
        golden.check("out.mean", &posterior.mean, 2e-5);
        golden.check("out.logvar", &posterior.logvar, 2e-5);
        golden.check("out.image", &model.decode(&golden.tensor("in.latent")).expect("an image"), 2e-5);
    }
}

/// Two resolutions, so that every kind of layer is there: both shortcuts, halving, doubling, attention.
fn tiny() -> AutoencoderKlConfig {
    AutoencoderKlConfig {
        block_out_channels: vec![4, 6],
        layers_per_block: 1,
        latent_channels: 3,
        norm_num_groups: 2,
        sample_size: 8,
        ..AutoencoderKlConfig::default()
    }
}

fn random(shape: &[usize], purpose: u32) -> Tensor {
    Tensor::from_vec(noise::normal(5, "autoencoder", 0, purpose, shape.iter().product()), shape, &Device::Cpu)
        .expect("noise")
}

#[test]
fn every_tensor_of_the_autoencoder_gets_its_gradient() {
    let (map, model) = gradients::variables(0.3, |vb| AutoencoderKl::new(vb, &tiny()));
    let (image, noise, weights) = (random(&[2, 3, 8, 12], 0), random(&[2, 3, 4, 6], 1), random(&[2, 3, 8, 12], 2));
    // A softmax does not see what is added to all its logits: the bias of the keys changes nothing.
    let unused = |name: &str| name.ends_with("to_k.bias");
    gradients::check(&map, unused, || {
        let posterior = model.encode(&image)?;
        let decoded = model.decode(&posterior.sample(&noise)?)?;
        (decoded * &weights)?.mean_all()? + (posterior.kl()? * 0.01)?
    });
}

#[test]
fn scaling_latents_gives_unit_variance_and_is_undone() {
    let config = AutoencoderKlConfig {
        latents_mean: Some(vec![1.0, -2.0, 0.5]),
        latents_std: Some(vec![2.0, 0.5, 4.0]),
        scaling_factor: 1.0,
        ..tiny()
    };
    let (_, model) = gradients::variables(0.1, |vb| AutoencoderKl::new(vb, &config));
    let latent = Tensor::from_vec(vec![3f32, -1.5, 4.5], (1, 3, 1, 1), &Device::Cpu).expect("a latent");
    let scaled = model.scale(&latent).expect("scaled");
    assert_eq!(flat(&scaled), [1.0, 1.0, 1.0]);
    assert_eq!(flat(&model.unscale(&scaled).expect("unscaled")), [3.0, -1.5, 4.5]);
}

#[test]
fn kl_of_a_known_gaussian() {
    // Mean 1, variance e: (1 + e - 1 - 1) / 2 nats an element.
    let mean = Tensor::ones((2, 3, 1, 2), DType::F32, &Device::Cpu).expect("ones");
    let kl = super::Posterior { logvar: mean.clone(), mean }.kl().expect("a divergence");
    assert!((flat(&kl)[0] - 6.0 * (1f64.exp() - 1.0) / 2.0).abs() < 1e-5);
}

#[test]
fn contradictory_sizes_are_named() {
    let config = AutoencoderKlConfig { norm_num_groups: 4, ..tiny() };
    assert_eq!(config.problem().as_deref(), Some("norm_num_groups = 4 does not divide block_out_channels' 6"));
    assert_eq!(tiny().factor(), 2);
    assert_eq!(AutoencoderKlConfig::default().factor(), 8);
}
