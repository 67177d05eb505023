//! pytorch-fid's own Inception with weights by formula, and the distances by numpy.

use std::collections::BTreeMap;

use candle_core::Device;
use gentron_metrics::frechet::{ImageFeatures, Inception, Moments, cmmd, frechet_distance};
use serde::Deserialize;

use crate::formula::{Formula, Listing, noise};
use crate::own;
use crate::pixels::formula_image;

#[derive(Deserialize)]
struct Golden {
    params: BTreeMap<String, Vec<usize>>,
    pictures: Vec<Picture>,
}

#[derive(Deserialize)]
struct Picture {
    width: u32,
    height: u32,
    pool3: Vec<f64>,
}

/// `weight()` of the reference script.
fn weight(name: &str, shape: &[usize], v: f64) -> f64 {
    let inner: usize = shape[1..].iter().product();
    if name.ends_with("bn.weight") || name.ends_with("running_var") {
        1.0 + 0.2 * v
    } else if shape.len() == 1 {
        0.2 * v
    } else {
        v * 2.0 * (6.0 / inner as f64).sqrt()
    }
}

#[test]
fn parity_of_inception() {
    let golden: Golden = own::read("inception_fid.json");
    let network = Inception::load(&Formula::new(weight), &Device::Cpu).unwrap();
    let images: Vec<_> = golden.pictures.iter().map(|picture| formula_image(picture.width, picture.height)).collect();
    let features = network.features(&images.iter().collect::<Vec<_>>()).unwrap();
    for (got, picture) in features.chunks_exact(network.width()).zip(&golden.pictures) {
        let largest = picture.pool3.iter().copied().fold(0.0, f64::max);
        let worst =
            got.iter().zip(&picture.pool3).map(|(got, want)| (f64::from(*got) - want).abs()).fold(0.0, f64::max);
        println!("{} x {}: features within {:.1e} of the largest", picture.width, picture.height, worst / largest);
        assert!(worst <= 5e-6 * largest, "{} x {}: {worst:e} of {largest}", picture.width, picture.height);
    }
}

#[test]
fn parity_of_inceptions_names_and_shapes() {
    let golden: Golden = own::read("inception_fid.json");
    let listing = Listing::default();
    // A zero variance is as good as another: ε is added.
    Inception::load(&listing, &Device::Cpu).unwrap();
    assert_eq!(listing.sorted(), golden.params.into_iter().collect::<Vec<_>>());
}

#[test]
fn parity_of_distances() {
    #[derive(Deserialize)]
    struct Cases {
        cases: Vec<Case>,
    }
    #[derive(Deserialize)]
    struct Case {
        name: String,
        count_a: usize,
        count_b: usize,
        width: usize,
        distance: f64,
        pytorch_fid: f64,
        cmmd: f64,
    }
    let golden: Cases = own::read("frechet.json");
    for case in golden.cases {
        let a = sample(&format!("{}.a", case.name), case.count_a, case.width, 1.0);
        let b = sample(&format!("{}.b", case.name), case.count_b, case.width, 1.3);
        let gaussian = |rows: &[f32]| {
            let mut moments = Moments::new(case.width);
            moments.add(rows).unwrap();
            moments.gaussian().unwrap()
        };
        let distance = frechet_distance(&gaussian(&a), &gaussian(&b)).unwrap();
        let off = distance / case.distance - 1.0;
        println!("{}: off by {off:.1e}, pytorch-fid by {:.1e}", case.name, case.pytorch_fid / case.distance - 1.0);
        // The root of an eigenvalue that is zero but for rounding is 1e-8 of the largest one's.
        assert!(off.abs() < 1e-8, "{}: {distance}, not {}", case.name, case.distance);
        let discrepancy = cmmd(&a, &b, case.width).unwrap();
        assert!((discrepancy / case.cmmd - 1.0).abs() < 1e-10, "{}: {discrepancy}, not {}", case.name, case.cmmd);
    }
}

/// `sample()` of the reference script.
fn sample(name: &str, count: usize, width: usize, scale: f64) -> Vec<f32> {
    let rows: Vec<f64> = noise(name, count * width).collect();
    let mix: Vec<f64> = noise(&format!("{name}.mix"), width * width).collect();
    let mean: Vec<f64> = noise(&format!("{name}.mean"), width).collect();
    let value = |i: usize| {
        let (row, column) = (&rows[i / width * width..][..width], i % width);
        let mixed: f64 = row.iter().enumerate().map(|(k, x)| x * mix[k * width + column]).sum();
        (mixed * scale + mean[column]) as f32
    };
    (0..count * width).map(value).collect()
}
