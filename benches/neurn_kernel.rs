//! NeuRN's kernel against the same arithmetic composed from Burn operations,
//! forward and backward, with a copy of the tensor beside it: what any
//! operation that returns a new tensor has to pay. At the end strides, NeuRN on large
//! images beside a copy on all threads, and as a part of a training step.
//!
//! ```text
//! cargo bench --bench neurn_kernel
//! ```

use std::hint::black_box;

use burn::tensor::{DType, Device, Distribution, Tensor};
use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use neurn_core::{Border, NeuRn, NeuRnConfig, composed_local_std, local_std};
use neurn_models::{BackboneConfig, ClassifierConfig, FrontendConfig};
use rayon::prelude::*;

const SHAPES: [[usize; 4]; 3] = [[64, 3, 32, 32], [8, 3, 224, 224], [1, 3, 1080, 1920]];
const SIDES: [usize; 5] = [3, 5, 7, 9, 15];

fn forward(criterion: &mut Criterion) {
    for (name, device) in backends() {
        for shape in SHAPES {
            let images = random(shape, &device);
            let mut group = group(criterion, &format!("forward/{name}"), shape);
            group.bench_function("copy", |bencher| {
                bencher.iter(|| finish(&device, images.clone() + 0.0));
            });
            for k in SIDES {
                let neurn = NeuRnConfig::new(k).init();
                group.bench_function(BenchmarkId::new("neurn", k), |bencher| {
                    bencher.iter(|| finish(&device, neurn.forward(images.clone())));
                });
                let border = Border::Symmetric;
                group.bench_function(BenchmarkId::new("sigma", k), |bencher| {
                    bencher.iter(|| finish(&device, local_std(images.clone(), k, border, 1)));
                });
                group.bench_function(BenchmarkId::new("sigma composed", k), |bencher| {
                    let composed = || composed_local_std(images.clone(), k, border, 1);
                    bencher.iter(|| finish(&device, composed()));
                });
            }
        }
    }
}

fn forward_and_backward(criterion: &mut Criterion) {
    for (name, device) in backends() {
        let device = device.autodiff();
        for shape in SHAPES {
            let images = random(shape, &device);
            let weights = random(shape, &device);
            let mut group = group(criterion, &format!("forward and backward/{name}"), shape);
            // What the loss below costs by itself.
            group.bench_function("loss alone", |bencher| {
                bencher.iter(|| gradient(&device, None, &images, &weights));
            });
            for k in SIDES {
                let neurn = NeuRnConfig::new(k).init();
                group.bench_function(BenchmarkId::new("neurn", k), |bencher| {
                    bencher.iter(|| gradient(&device, Some(&neurn), &images, &weights));
                });
            }
        }
    }
}

/// Every patch, every second and every fourth, on flex.
#[cfg(feature = "flex")]
fn strides(criterion: &mut Criterion) {
    let shape = [8, 3, 224, 224];
    let images = random(shape, &Device::flex());
    let mut group = group(criterion, "stride/flex", shape);
    for k in [3, 7] {
        for stride in [1, 2, 4] {
            let neurn = NeuRnConfig::new(k).with_stride(stride).init();
            group.bench_function(format!("neurn {k}, stride {stride}"), |bencher| {
                bencher.iter(|| neurn.forward(images.clone()));
            });
        }
    }
}

/// Images that exceed every cache, on flex.
#[cfg(feature = "flex")]
fn large(criterion: &mut Criterion) {
    let device = Device::flex();
    for n in [1, 8] {
        let shape = [n, 3, 1080, 1920];
        let images = random(shape, &device);
        let values = images.to_data();
        let values = values.as_slice::<f32>().expect("f32");
        let mut group = group(criterion, "large/flex", shape);
        group.bench_function("copy on all threads", |bencher| {
            bencher.iter(|| copy(values));
        });
        let neurn = NeuRnConfig::new(3).init();
        group.bench_function(BenchmarkId::new("neurn", 3), |bencher| {
            bencher.iter(|| neurn.forward(images.clone()));
        });
    }
}

/// Into memory that is allocated for it.
fn copy(values: &[f32]) {
    const PIECE: usize = 1 << 16;
    let mut copy = Vec::with_capacity(values.len());
    copy.spare_capacity_mut()[..values.len()]
        .par_chunks_mut(PIECE)
        .zip(values.par_chunks(PIECE))
        .for_each(|(copy, values)| {
            copy.write_copy_of_slice(values);
        });
    black_box(copy.spare_capacity_mut());
}

/// Forward and backward through the digit network, on flex.
#[cfg(feature = "flex")]
fn training_step(criterion: &mut Criterion) {
    let device = Device::flex().autodiff();
    let images = random([64, 3, 32, 32], &device);
    let backbone = BackboneConfig::from_name("digit-net", 10, 3, 32).expect("a known name");
    let mut group = criterion.benchmark_group("training step/flex/digit-net");
    group.sample_size(20);
    for (name, frontend) in [
        ("none", FrontendConfig::none()),
        ("neurn", FrontendConfig::neurn(NeuRnConfig::new(3))),
    ] {
        let classifier = ClassifierConfig::new(frontend, backbone.clone()).init(&device);
        group.bench_function(name, |bencher| {
            bencher.iter(|| classifier.forward(images.clone()).square().sum().backward());
        });
    }
}

fn gradient(
    device: &Device,
    neurn: Option<&NeuRn>,
    images: &Tensor<4>,
    weights: &Tensor<4>,
) -> Tensor<4> {
    let images = images.clone().detach().require_grad();
    let response = match neurn {
        Some(neurn) => neurn.forward(images.clone()),
        None => images.clone(),
    };
    let gradients = (response * weights.clone()).sum().backward();
    finish(device, images.grad(&gradients).expect("images are tracked"))
}

/// Every backend that is enabled.
fn backends() -> Vec<(&'static str, Device)> {
    vec![
        #[cfg(feature = "flex")]
        ("flex", Device::flex()),
        #[cfg(feature = "ndarray")]
        ("ndarray", ndarray()),
        #[cfg(feature = "wgpu")]
        ("wgpu", Device::wgpu(Default::default())),
        #[cfg(feature = "cuda")]
        ("cuda", Device::cuda(0)),
    ]
}

/// Deprecated upstream and supported here.
#[cfg(feature = "ndarray")]
#[allow(deprecated)]
fn ndarray() -> Device {
    Device::ndarray()
}

fn random(shape: [usize; 4], device: &Device) -> Tensor<4> {
    Tensor::random(shape, Distribution::Uniform(0.0, 1.0), (device, DType::F32))
}

fn group<'a>(
    criterion: &'a mut Criterion,
    name: &str,
    shape: [usize; 4],
) -> BenchmarkGroup<'a, WallTime> {
    let shape_name = shape.map(|side| side.to_string()).join("x");
    let mut group = criterion.benchmark_group(format!("{name}/{shape_name}"));
    group.sample_size(20);
    group.throughput(Throughput::Elements(shape.iter().product::<usize>() as u64));
    group
}

/// Waits until the device has computed the tensor.
fn finish(device: &Device, tensor: Tensor<4>) -> Tensor<4> {
    device.sync().expect("the device computes");
    tensor
}

#[cfg(feature = "flex")]
criterion_group!(
    benches,
    forward,
    forward_and_backward,
    strides,
    large,
    training_step
);
#[cfg(not(feature = "flex"))]
criterion_group!(benches, forward, forward_and_backward);
criterion_main!(benches);
