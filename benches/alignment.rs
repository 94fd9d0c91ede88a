//! What intervals and predictions cost: 21 sites and 20 layers on 118 scenes, as
//! the Allen Brain Observatory has; 260 neurons and 20 layers on 50 scenes.
//!
//! ```text
//! cargo bench --bench alignment
//! ```
//!
//! The bootstrap stands beside one that sorts every draw anew, which is what
//! ranks are by their definition.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use faer::Mat;
use neurn_bench::measures::{Distance, Rdm, Ridge, SceneBootstrap, gram, spearman};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn patterns(rows: usize, columns: usize, seed: u64) -> Mat<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Mat::from_fn(rows, columns, |_, _| rng.random_range(-1.0..1.0))
}

fn rdms(count: u64, seed: u64) -> Vec<Rdm> {
    (0..count)
        .map(|index| {
            Rdm::of(
                patterns(118, 40, seed + index).as_ref(),
                Distance::Correlation,
            )
        })
        .collect()
}

fn bootstrap(criterion: &mut Criterion) {
    let (sites, layers) = (rdms(21, 0), rdms(20, 100));
    let mut group = criterion.benchmark_group("bootstrap");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(20));
    group.bench_function("10,000 draws of 21 sites x 20 layers", |bencher| {
        bencher.iter(|| SceneBootstrap::new(black_box(&sites), &layers, 10_000, 0));
    });
    group.bench_function("100 draws of 1 site x 1 layer", |bencher| {
        bencher.iter(|| SceneBootstrap::new(black_box(&sites[..1]), &layers[..1], 100, 0));
    });
    group.bench_function("100 draws of 1 site x 1 layer, sorted anew", |bencher| {
        bencher.iter(|| {
            let mut rng = ChaCha8Rng::seed_from_u64(0);
            let draws: Vec<f64> = (0..100)
                .map(|_| {
                    let scenes: Vec<usize> = (0..118).map(|_| rng.random_range(0..118)).collect();
                    let drawn = |rdm: &Rdm| rdm.select(&scenes);
                    spearman(&drawn(&sites[0]), &drawn(&layers[0]))
                })
                .collect();
            draws
        });
    });
    group.finish();
}

fn ridge(criterion: &mut Criterion) {
    let responses = patterns(50, 260, 0);
    let layers: Vec<Mat<f64>> = (0..20)
        .map(|layer| gram(patterns(50, 2_000, 1 + layer).as_ref()))
        .collect();
    let mut group = criterion.benchmark_group("ridge");
    group.sample_size(10);
    group.bench_function("260 neurons x 20 layers x 5 folds", |bencher| {
        bencher.iter(|| {
            let predicted = layers.iter().map(|layer| {
                Ridge::default().predict(layer.as_ref(), black_box(responses.as_ref()))
            });
            predicted.collect::<Vec<_>>()
        });
    });
    group.finish();
}

criterion_group!(benches, bootstrap, ridge);
criterion_main!(benches);
