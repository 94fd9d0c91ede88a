//! The convolution beside Burn's own.

use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{DType, Device, Distribution, Tensor};
use neurn_models::convolution;
use proptest::prelude::*;

/// A convolution's sizes.
#[derive(Clone, Debug)]
struct Case {
    images: [usize; 4],
    outputs: usize,
    kernel: [usize; 2],
    bias: bool,
    options: ConvOptions<2>,
}

impl Case {
    fn weight(&self) -> [usize; 4] {
        let [height, width] = self.kernel;
        [
            self.outputs,
            self.images[1] / self.options.groups,
            height,
            width,
        ]
    }
}

type Convolve = fn(Tensor<4>, Tensor<4>, Option<Tensor<1>>, ConvOptions<2>) -> Tensor<4>;

/// The output, and its gradients by images, weight and bias under one random loss.
struct Values {
    output: Tensor<4>,
    by_images: Tensor<4>,
    by_weight: Tensor<4>,
    by_bias: Option<Tensor<1>>,
}

/// What both convolutions compute of the same random numbers.
struct Inputs {
    images: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    loss: Tensor<4>,
}

impl Inputs {
    fn new(case: &Case, dtype: DType, device: &Device) -> Self {
        let normal = Distribution::Normal(0.0, 1.0);
        let options = (device, dtype);
        let images = Tensor::random(case.images, normal, options);
        let weight = Tensor::random(case.weight(), normal, options);
        let bias = case
            .bias
            .then(|| Tensor::random([case.outputs], normal, options));
        let output = conv2d(images.clone(), weight.clone(), None, case.options.clone());
        let loss = Tensor::random(output.dims(), normal, options);
        Self {
            images,
            weight,
            bias,
            loss,
        }
    }

    fn through(&self, case: &Case, convolve: Convolve) -> Values {
        let images = self.images.clone().require_grad();
        let weight = self.weight.clone().require_grad();
        let bias = self.bias.clone().map(Tensor::require_grad);
        let options = case.options.clone();
        let output = convolve(images.clone(), weight.clone(), bias.clone(), options);
        let gradients = (output.clone() * self.loss.clone()).sum().backward();
        Values {
            output: output.inner(),
            by_images: images.grad(&gradients).unwrap(),
            by_weight: weight.grad(&gradients).unwrap(),
            by_bias: bias.map(|bias| bias.grad(&gradients).unwrap()),
        }
    }
}

/// The largest difference over the largest that rounding can explain: each value is a sum
/// of products, and both sides are within `terms * unit` of the sum of their magnitudes.
fn compare(case: &Case, dtype: DType) {
    let device = Device::flex().autodiff();
    let inputs = Inputs::new(case, dtype, &device);
    let ours = inputs.through(case, convolution);
    let burns = inputs.through(case, conv2d);
    // The sums of magnitudes are what the same convolution gives of magnitudes.
    let magnitudes = Inputs {
        images: inputs.images.clone().abs(),
        weight: inputs.weight.clone().abs(),
        bias: inputs.bias.clone().map(Tensor::abs),
        loss: inputs.loss.clone().abs(),
    };
    let sizes = magnitudes.through(case, conv2d);
    let area = case.kernel[0] * case.kernel[1];
    let [batch, _, height, width] = ours.output.dims();
    let per_group = case.outputs / case.options.groups;
    let check = |name: &str, terms: usize, ours: Tensor<1>, burns: Tensor<1>, size: Tensor<1>| {
        let unit = match dtype {
            DType::F64 => f64::EPSILON / 2.0,
            _ => f64::from(f32::EPSILON) / 2.0,
        };
        let bound = size.cast(DType::F64) * (2.0 * (terms + 2) as f64 * unit);
        let excess = (ours - burns).cast(DType::F64).abs() - bound;
        let worst = excess.max().into_scalar::<f64>();
        assert!(worst <= 0.0, "{name} of {case:?}: {worst} over the bound");
    };
    let terms = case.weight()[1] * area + 1;
    check(
        "output",
        terms,
        flat(ours.output),
        flat(burns.output),
        flat(sizes.output),
    );
    let terms = per_group * area;
    let by_images = [ours.by_images, burns.by_images, sizes.by_images].map(flat);
    let [a, b, c] = by_images;
    check("gradient by images", terms, a, b, c);
    let terms = batch * height * width;
    let [a, b, c] = [ours.by_weight, burns.by_weight, sizes.by_weight].map(flat);
    check("gradient by weight", terms, a, b, c);
    if let (Some(a), Some(b), Some(c)) = (ours.by_bias, burns.by_bias, sizes.by_bias) {
        check("gradient by bias", terms, a, b, c);
    }
}

fn flat(tensor: Tensor<4>) -> Tensor<1> {
    tensor.flatten(0, 3)
}

fn case() -> impl Strategy<Value = Case> {
    let groups = prop_oneof![4 => Just(1_usize), 1 => Just(2), 2 => 3..6_usize];
    let sizes = (1..5_usize, 1..4_usize, 1..4_usize, groups, any::<bool>());
    let kernel = (1..6_usize, 1..6_usize);
    let axis = || (1..4_usize, 1..3_usize, 0..3_usize, 0..3_usize, 0..20_usize);
    (sizes, kernel, axis(), axis()).prop_map(|(sizes, kernel, down, along)| {
        let (batch, inputs, outputs, groups, bias) = sizes;
        let kernel = [kernel.0, kernel.1];
        let side = |axis: (usize, usize, usize, usize, usize), kernel: usize| {
            let reach = axis.1 * (kernel - 1) + 1;
            reach.saturating_sub(axis.2 + axis.3).max(1) + axis.4
        };
        Case {
            images: [
                batch,
                inputs * groups,
                side(down, kernel[0]),
                side(along, kernel[1]),
            ],
            outputs: outputs * groups,
            kernel,
            bias,
            options: ConvOptions::new_with_padding(
                [down.0, along.0],
                [(down.2, down.3), (along.2, along.3)],
                [down.1, along.1],
                groups,
            ),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn agrees_with_burn(case in case()) {
        compare(&case, DType::F32);
        compare(&case, DType::F64);
    }
}

/// Sizes at which tiles hold whole images, rows of one image, or a part of the channels,
/// and depthwise ones.
#[test]
fn agrees_with_burn_in_every_tiling() {
    let plain = |images, outputs, kernel: usize, padding: usize, stride: usize, groups| Case {
        images,
        outputs,
        kernel: [kernel; 2],
        bias: true,
        options: ConvOptions::new([stride; 2], [padding; 2], [1; 2], groups),
    };
    let cases = [
        plain([64, 3, 32, 32], 16, 3, 1, 1, 1),
        plain([9, 16, 40, 40], 24, 3, 1, 1, 1),
        plain([2, 512, 4, 4], 70, 3, 1, 1, 1),
        plain([40, 96, 2, 2], 33, 3, 1, 1, 1),
        plain([3, 40, 33, 31], 20, 5, 0, 2, 1),
        plain([10, 33, 20, 20], 65, 1, 0, 1, 1),
        plain([10, 32, 20, 20], 64, 1, 0, 2, 1),
        plain([1, 3, 70, 70], 8, 7, 3, 2, 1),
        plain([12, 32, 17, 17], 32, 3, 1, 1, 32),
        plain([12, 32, 17, 17], 32, 3, 1, 2, 32),
        plain([3, 24, 30, 30], 48, 3, 1, 1, 4),
    ];
    for case in &cases {
        compare(case, DType::F32);
    }
}

/// What a pool of so many threads computes.
fn with_threads(count: usize, case: &Case, inputs: &Inputs) -> Vec<Vec<u32>> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(count)
        .build()
        .unwrap();
    let values = pool.install(|| inputs.through(case, convolution));
    let tensors = [values.output, values.by_images, values.by_weight].map(flat);
    let tensors = tensors.into_iter().chain(values.by_bias);
    let bits = |tensor: Tensor<1>| tensor.into_data().try_into_vec::<f32>().unwrap();
    tensors
        .map(|tensor| bits(tensor).into_iter().map(f32::to_bits).collect())
        .collect()
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let device = Device::flex().autodiff();
    for (images, outputs, groups) in [
        ([40, 16, 12, 12], 24, 1),
        ([3, 96, 6, 6], 200, 1),
        ([5, 8, 9, 9], 8, 8),
    ] {
        let case = Case {
            images,
            outputs,
            kernel: [3, 3],
            bias: true,
            options: ConvOptions::new([1, 1], [1, 1], [1, 1], groups),
        };
        let inputs = Inputs::new(&case, DType::F32, &device);
        let one = with_threads(1, &case, &inputs);
        for count in [2, 5] {
            assert_eq!(with_threads(count, &case, &inputs), one, "{count} threads");
        }
    }
}

/// Views of a tensor are convolved as their copies are.
#[test]
fn a_tensor_need_not_be_contiguous() {
    let device = Device::flex();
    let normal = Distribution::Normal(0.0, 1.0);
    let base = Tensor::<4>::random([6, 9, 12, 10], normal, &device);
    let weight = Tensor::<4>::random([3, 3, 4, 5], normal, &device).permute([3, 2, 0, 1]);
    let views = [
        base.clone().permute([0, 3, 1, 2]).slice([0..6, 0..4]),
        base.clone().slice([1..5, 2..6, 3..11, 1..9]),
        base.clone().flip([2, 3]).slice([0..6, 0..4]),
        base.slice([0..1, 0..4]).expand([3, 4, 12, 10]),
    ];
    let options = || ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
    for view in views {
        let copy = |tensor: &Tensor<4>| Tensor::<4>::from_data(tensor.to_data(), &device);
        let ours = convolution(view.clone(), weight.clone(), None, options());
        let expected = convolution(copy(&view), copy(&weight), None, options());
        assert_eq!(ours.into_data(), expected.into_data());
    }
}

#[test]
fn an_empty_batch_has_an_empty_output_and_gradients_of_zero() {
    let device = Device::flex().autodiff();
    for groups in [1, 4] {
        let images = Tensor::<4>::zeros([0, 4, 5, 5], &device).require_grad();
        let outputs = if groups == 1 { 8 } else { 4 };
        let weight = Tensor::<4>::ones([outputs, 4 / groups, 3, 3], &device).require_grad();
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], groups);
        let output = convolution(images.clone(), weight.clone(), None, options);
        assert_eq!(output.dims()[0], 0);
        let gradients = output.sum().backward();
        assert_eq!(images.grad(&gradients).unwrap().dims(), [0, 4, 5, 5]);
        let by_weight = weight.grad(&gradients).unwrap();
        assert_eq!(by_weight.abs().sum().into_scalar::<f32>(), 0.0);
    }
}

/// In f64, against the slope of the loss between two points nearby. The loss is linear in
/// each input, so the two differ by rounding alone: 1e-16 of sums of some hundred terms,
/// over a step of 1e-2.
#[test]
fn gradients_agree_with_finite_differences() {
    let device = Device::flex().autodiff();
    for (stride, groups) in [(1, 1), (2, 1), (2, 4)] {
        let case = Case {
            images: [2, 4, 6, 5],
            outputs: 4,
            kernel: [3, 2],
            bias: true,
            options: ConvOptions::new_with_padding([stride, 1], [(1, 2), (0, 1)], [1, 2], groups),
        };
        let inputs = Inputs::new(&case, DType::F64, &device);
        let values = inputs.through(&case, convolution);
        let loss = |images: Tensor<4>, weight: Tensor<4>| {
            let bias = inputs.bias.clone();
            let output = convolution(images, weight, bias, case.options.clone());
            (output * inputs.loss.clone()).sum().into_scalar::<f64>()
        };
        let options = (&device, DType::F64);
        let normal = Distribution::Normal(0.0, 1.0);
        for by_images in [true, false] {
            let (input, gradient) = match by_images {
                true => (&inputs.images, values.by_images.clone()),
                false => (&inputs.weight, values.by_weight.clone()),
            };
            let direction = Tensor::<4>::random(input.dims(), normal, options);
            let at = |step: f64| {
                let moved = input.clone() + direction.clone() * step;
                match by_images {
                    true => loss(moved, inputs.weight.clone()),
                    false => loss(inputs.images.clone(), moved),
                }
            };
            let slope = (at(1e-2) - at(-1e-2)) / 2e-2;
            let expected = (gradient * direction.inner()).sum().into_scalar::<f64>();
            assert!((slope - expected).abs() < 1e-10, "{slope} and {expected}");
        }
    }
}
