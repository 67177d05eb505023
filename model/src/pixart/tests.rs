//! Parity with diffusers.

use candle_core::{DType, Device};

use super::{PixArt, PixArtConfig, Size};
use crate::checkpoint::{Naming, load};
use crate::gentron::mask_to_bias;
use crate::goldens::{goldens, on_a_gpu};

#[test]
fn pixart_parity_with_diffusers() {
    check(DType::F32, 2e-5);
}

#[test]
fn pixart_parity_in_the_operations_of_a_gpu() {
    on_a_gpu(check);
}

fn check(dtype: DType, bound: f64) {
    let goldens = goldens("components", "pixart");
    // Told the size of the image, and not.
    assert_eq!(goldens.len(), 2);
    for golden in goldens {
        let config: PixArtConfig = serde_json::from_value(golden.config.clone()).expect("a config");
        let naming = Naming { prefix: "model.", ignore: &PixArt::BUFFERS, ..Naming::default() };
        let model = load(&golden.path, naming, (dtype, &Device::Cpu), |vb| PixArt::new(vb, &config));
        let model = model.unwrap_or_else(|error| panic!("{error}"));
        let text = model.project(&golden.tensor("in.text")).expect("projected text");
        let bias = mask_to_bias(&golden.tensor("in.mask")).expect("a bias");
        let (latent, t) = (golden.tensor("in.latent"), golden.tensor("in.timesteps"));
        let size = Size { height: 96.0, width: 144.0 };
        golden.check("out.sample", &model.forward(&latent, &t, (&text, &bias), size).expect("noise"), bound);
    }
}

#[test]
fn another_network_is_refused_by_its_configuration() {
    let other = PixArtConfig { norm_type: "ada_norm_zero".into(), ..PixArtConfig::default() };
    assert!(other.problem().expect("a problem").contains("ada_norm_zero"));
    assert_eq!(PixArtConfig::default().problem(), None);
    // Both published sizes: 512 pixels, and 1024 pixels, which is told its size.
    assert!(!PixArtConfig::default().is_told_sizes());
    assert!(PixArtConfig { sample_size: 128, ..PixArtConfig::default() }.is_told_sizes());
}
