//! NeuRN against a copy of the same tensor, which is what any operation that
//! returns a new tensor has to pay.
//!
//! ```text
//! cargo bench --bench neurn_kernel
//! ```

use burn::tensor::{Device, Distribution, Tensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use neurn_core::NeuRnConfig;

const SHAPES: [[usize; 4]; 3] = [[64, 3, 32, 32], [8, 3, 224, 224], [1, 3, 1080, 1920]];

fn forward(criterion: &mut Criterion) {
    let device = Device::default();
    for shape in SHAPES {
        let images = Tensor::<4>::random(shape, Distribution::Uniform(0.0, 1.0), &device);
        let name = shape.map(|side| side.to_string()).join("x");
        let mut group = criterion.benchmark_group(format!("forward {name}"));
        group.sample_size(20);
        group.throughput(Throughput::Elements(shape.iter().product::<usize>() as u64));
        group.bench_function("copy", |bencher| {
            bencher.iter(|| finish(&device, images.clone() + 0.0));
        });
        for k in [3, 5, 7, 9, 15] {
            let neurn = NeuRnConfig::new(k).init();
            group.bench_with_input(BenchmarkId::new("neurn", k), &k, |bencher, _| {
                bencher.iter(|| finish(&device, neurn.forward(images.clone())));
            });
        }
    }
}

/// Waits until the device has computed the tensor.
fn finish(device: &Device, tensor: Tensor<4>) -> Tensor<4> {
    device.sync().expect("the device computes");
    tensor
}

criterion_group!(benches, forward);
criterion_main!(benches);
