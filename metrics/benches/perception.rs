//! Images per second of the exact perception, by how much there is to see, on one thread.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gentron_metrics::shapes::ShapesPerception;
use gentron_metrics::{Backends, Detector, measure, official_metrics};
use gentron_suites::Suite;
use gentron_suites::shapes::{render, scene_for, suite};

fn perception(criterion: &mut Criterion) {
    let suite = suite();
    let mut group = criterion.benchmark_group("perception");
    group
        .sample_size(10)
        .measurement_time(std::time::Duration::from_secs(2))
        .warm_up_time(std::time::Duration::from_millis(300));
    for things in 1..=5 {
        let prompts: Vec<_> = suite.prompts().iter().filter(|prompt| prompt.annotation.things == things).collect();
        // More pictures than are remembered, so that every call reads its picture anew.
        let scenes = (0..64).flat_map(|seed| prompts.iter().map(move |prompt| scene_for(prompt, seed)));
        let images: Vec<_> = scenes.map(|scene| render(&scene)).take(64).collect();
        if images.is_empty() {
            continue;
        }
        let perception = ShapesPerception::new();
        group.throughput(Throughput::Elements(images.len() as u64));
        group.bench_with_input(BenchmarkId::new("detect", things), &images, |bencher, images| {
            bencher.iter(|| images.iter().for_each(|image| drop(black_box(perception.detect(image)))));
        });
    }
    let pairs: Vec<_> = suite.prompts().iter().map(|prompt| (prompt, render(&scene_for(prompt, 0)))).collect();
    let perception = ShapesPerception::new();
    let backends = Backends::new(&perception, &perception);
    group.throughput(Throughput::Elements(pairs.len() as u64));
    group.bench_function("measure the whole suite", |bencher| {
        bencher.iter(|| {
            for (prompt, image) in &pairs {
                black_box(measure(prompt, image, &backends, &official_metrics(&prompt.category)));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, perception);
criterion_main!(benches);
