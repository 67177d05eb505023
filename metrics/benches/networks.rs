//! The networks at full size with random weights, and what comes before and after them. `networks.py` beside this file
//! measures PyTorch on the same work: run both in the same minute and compare.

use std::hint::black_box;
use std::time::Duration;

use candle_core::{Device, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gentron_metrics::blip::{BLIP_VQA, BlipConfig, BlipNetwork, BlipVqa, Layout, Words};
use gentron_metrics::frechet::{ImageFeatures, Inception, Moments, frechet_distance};
use gentron_metrics::pixels::{Filter, Normalization, shorter_side_and_crop, square, to_tensor};
use gentron_metrics::shapes::ShapesPerception;
use gentron_metrics::weights::{TensorSource, WeightsStatement};
use gentron_metrics::{Backends, MetricError, MetricId, measure};
use gentron_suites::{Suite, shapes};
use image::RgbImage;

/// Small random values; variances near 1.
struct Random;

impl TensorSource for Random {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, MetricError> {
        let mut state = name.len() as u32 | 1;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 16_777_216.0 - 0.5
        };
        let shift = if name.ends_with("running_var") { 1.0 } else { 0.0 };
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| 0.07 * next() + shift).collect();
        Ok(Tensor::from_vec(values, shape, &Device::Cpu).expect("as many values as the shape has"))
    }

    fn any_shape(&self, _: &str) -> Result<Option<Tensor>, MetricError> {
        Ok(None)
    }

    fn tied(&self, _: &str, _: &str, _: &[usize]) -> Result<(), MetricError> {
        Ok(())
    }

    fn ignored(&self, _: &str, _: &[usize]) {}
}

fn picture(side: u32) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| image::Rgb([7 * x + 3 * y, x * y, x * x + 5 * y].map(|v| (v % 256) as u8)))
}

/// A network as users have it, with words that are made up.
fn with_words(network: BlipNetwork) -> BlipVqa {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vocab.txt");
    let mut words: Vec<String> = (0..Words::LINES).map(|i| format!("w{i}")).collect();
    for (word, id) in Words::KNOWN {
        words[id as usize] = word.to_owned();
    }
    std::fs::write(&path, words.join("\n")).expect("a file");
    let words = Words::open(&path).expect("a vocabulary");
    let statement = WeightsStatement { card: BLIP_VQA, path, sha256: String::new(), layout: Layout::Original.as_str() };
    BlipVqa::new(network, words, statement, &Device::Cpu)
}

fn preprocessing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("preprocessing");
    group.sample_size(20).measurement_time(Duration::from_secs(3)).throughput(Throughput::Elements(1));
    for side in [512, 1024] {
        let image = picture(side);
        group.bench_with_input(BenchmarkId::new("blip", side), &image, |bencher, image| {
            bencher.iter(|| {
                let image = square(image, 480, Filter::Bicubic).expect("a picture");
                black_box(to_tensor(&[&image], Normalization::CLIP, &Device::Cpu).expect("a tensor"))
            });
        });
        group.bench_with_input(BenchmarkId::new("clip", side), &image, |bencher, image| {
            bencher.iter(|| {
                let image = shorter_side_and_crop(image, 224, Filter::Bicubic).expect("a picture");
                black_box(to_tensor(&[&image], Normalization::CLIP, &Device::Cpu).expect("a tensor"))
            });
        });
    }
    group.finish();
}

fn blip(criterion: &mut Criterion) {
    let network = BlipNetwork::load(&Random, &BlipConfig::default()).expect("a network");
    let picture = to_tensor(&[&picture(480)], Normalization::CLIP, &Device::Cpu)
        .and_then(|x| x.squeeze(0).map_err(|source| MetricError::Network { network: "bench".to_owned(), source }));
    let picture = picture.expect("a picture");
    // Two phrases a picture, as in most prompts of the attribute categories.
    let questions = vec![vec![101, 1037, 2417, 2482, 1029, 102], vec![101, 1037, 2630, 4605, 1029, 102]];
    let mut group = criterion.benchmark_group("blip-vqa");
    group.sample_size(10).measurement_time(Duration::from_secs(10)).throughput(Throughput::Elements(1));
    group.bench_function("picture and two phrases", |bencher| {
        bencher.iter(|| {
            let seen = network.look(&picture).expect("a picture");
            black_box(network.probabilities(&seen, &questions).expect("answers"))
        });
    });
    let seen = network.look(&picture).expect("a picture");
    group.throughput(Throughput::Elements(2));
    group.bench_function("two phrases more", |bencher| {
        bencher.iter(|| black_box(network.probabilities(&seen, &questions).expect("answers")));
    });
    // The same as `score` does it, preprocessing included: both scores of an attribute category.
    let suite = shapes::suite();
    let prompt = suite.prompts().iter().find(|prompt| prompt.annotation.phrases.len() == 2).expect("a prompt");
    let (vqa, eyes) = (with_words(network), ShapesPerception::new());
    let backends = Backends::new(&vqa, &eyes);
    let mut image = self::picture(480);
    let mut count = 0u32;
    group.throughput(Throughput::Elements(1));
    group.bench_function("picture, b-vqa and b-vqa-np2 of two phrases", |bencher| {
        bencher.iter(|| {
            // Another picture each time: answers about the last ones are remembered.
            count += 1;
            let [_, red, green, blue] = count.to_be_bytes();
            image.put_pixel(0, 0, image::Rgb([red, green, blue]));
            black_box(measure(prompt, &image, &backends, &[MetricId::BVqa, MetricId::BVqaNp2]))
        });
    });
    group.finish();
}

fn fid(criterion: &mut Criterion) {
    let network = Inception::load(&Random, &Device::Cpu).expect("a network");
    let image = picture(256);
    let mut group = criterion.benchmark_group("fid");
    group.sample_size(10).measurement_time(Duration::from_secs(5)).throughput(Throughput::Elements(1));
    group.bench_function("inception features", |bencher| {
        bencher.iter(|| black_box(network.features(&[&image]).expect("features")));
    });
    let width = 512;
    let gaussian = |shift: f32| {
        let mut moments = Moments::new(width);
        let rows: Vec<f32> = (0..2 * width * width).map(|i| (i as f32 * 1.618 + shift).sin()).collect();
        moments.add(&rows).and_then(|()| moments.gaussian()).expect("rows")
    };
    let (a, b) = (gaussian(0.0), gaussian(0.5));
    group.bench_function(BenchmarkId::new("frechet distance", width), |bencher| {
        bencher.iter(|| black_box(frechet_distance(&a, &b).expect("a distance")));
    });
    group.finish();
}

criterion_group!(benches, preprocessing, blip, fid);
criterion_main!(benches);
