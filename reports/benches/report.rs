//! From the observations of a full-size run to its report: 8 arms x 18,000 images x 4 metrics. The bound is 20 s.

mod large;

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gentron_reports::{analyse_with, write_report};

fn report(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let info = large::write(folder.path());
    let mut group = criterion.benchmark_group("8 arms x 18,000 images x 4 metrics");
    group.sample_size(10).measurement_time(Duration::from_secs(60)).throughput(Throughput::Elements(large::IMAGES * 4));
    group.bench_function("analyse", |bencher| {
        bencher.iter(|| analyse_with(folder.path(), &info).expect("observations"));
    });
    let analysis = analyse_with(folder.path(), &info).expect("observations");
    group.bench_function("write", |bencher| {
        bencher.iter(|| write_report(folder.path(), &info, &analysis).expect("a report"));
    });
    group.finish();
}

criterion_group!(benches, report);
criterion_main!(benches);
