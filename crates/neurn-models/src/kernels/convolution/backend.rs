//! The way to the kernel through Burn's dispatch.

use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::ops::ConvOptions;
use macerator::Simd;

use super::geometry::Geometry;
use super::{dense, depthwise};
use crate::kernels::activation::{Activation, Bounds};
use crate::kernels::flex::{Real, contiguous, each, for_dtype, tensor};

/// A convolution by the kernel.
pub(super) fn convolution(
    images: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions<2>,
    activation: Activation,
) -> Tensor<4> {
    let geometry = Geometry::new(&images.shape(), &weight.shape(), &options);
    let bias = bias.unwrap_or_else(|| {
        let device = images.device();
        Tensor::zeros([geometry.outputs], (&device, images.dtype()))
    });
    Tensor::from_dispatch(Dispatch::convolution(
        images.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        geometry,
        activation,
    ))
}

/// What a backend with a kernel computes.
#[backend_extension(Flex, Autodiff)]
pub(super) trait ConvolutionBackend: Backend {
    /// The output of a convolution and what follows it.
    fn convolution(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
        activation: Activation,
    ) -> FloatTensor<Self>;
}

/// The way back, which is not differentiated itself; see [`autodiff`](super::autodiff).
pub(super) trait ConvolutionGradient: Backend {
    /// The gradient by the input of an activation, from its output.
    fn activation_backward(
        output: FloatTensor<Self>,
        by_output: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self>;

    /// The gradient by the images.
    fn convolution_by_images(
        weight: FloatTensor<Self>,
        by_output: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self>;

    /// The gradients by the weight and by the bias.
    fn convolution_by_weight(
        images: FloatTensor<Self>,
        by_output: FloatTensor<Self>,
        geometry: Geometry,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

impl ConvolutionBackend for Flex {
    fn convolution(
        images: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        geometry: Geometry,
        activation: Activation,
    ) -> FlexTensor {
        let inputs = [images, weight, bias].map(contiguous);
        for_dtype!(inputs[0], forward(&inputs, &geometry, activation))
    }
}

impl ConvolutionGradient for Flex {
    fn activation_backward(
        output: FlexTensor,
        by_output: FlexTensor,
        activation: Activation,
    ) -> FlexTensor {
        let (output, by_output) = (contiguous(output), contiguous(by_output));
        for_dtype!(output, through(activation, &output, by_output))
    }

    fn convolution_by_images(
        weight: FlexTensor,
        by_output: FlexTensor,
        geometry: Geometry,
    ) -> FlexTensor {
        let inputs = [weight, by_output].map(contiguous);
        for_dtype!(inputs[0], by_images(&inputs, &geometry))
    }

    fn convolution_by_weight(
        images: FlexTensor,
        by_output: FlexTensor,
        geometry: Geometry,
    ) -> (FlexTensor, FlexTensor) {
        let inputs = [images, by_output].map(contiguous);
        for_dtype!(inputs[0], by_weight(&inputs, &geometry))
    }
}

fn forward<T: Real>(
    inputs: &[FlexTensor; 3],
    geometry: &Geometry,
    activation: Activation,
) -> FlexTensor {
    let [images, weight, bias] = inputs.each_ref().map(T::values);
    let output = match geometry {
        _ if geometry.output_shape().contains(&0) => Vec::new(),
        _ if geometry.is_depthwise() => {
            depthwise::forward(images, weight, bias, geometry, activation)
        }
        _ => dense::forward(images, weight, bias, geometry, activation),
    };
    tensor(output, geometry.output_shape())
}

fn by_images<T: Real>(inputs: &[FlexTensor; 2], geometry: &Geometry) -> FlexTensor {
    let [weight, by_output] = inputs.each_ref().map(T::values);
    let gradient = match geometry {
        _ if geometry.image_shape().contains(&0) => Vec::new(),
        _ if geometry.is_depthwise() => depthwise::by_images(weight, by_output, geometry),
        _ => dense::by_images(weight, by_output, geometry),
    };
    tensor(gradient, geometry.image_shape())
}

fn by_weight<T: Real>(inputs: &[FlexTensor; 2], geometry: &Geometry) -> (FlexTensor, FlexTensor) {
    let [images, by_output] = inputs.each_ref().map(T::values);
    let (weight, bias) = match geometry.is_depthwise() {
        true => depthwise::by_weight(images, by_output, geometry),
        false => dense::by_weight(images, by_output, geometry),
    };
    (
        tensor(weight, geometry.weight_shape()),
        tensor(bias, [geometry.outputs]),
    )
}

fn through<T: Real>(
    activation: Activation,
    output: &FlexTensor,
    mut by_output: FlexTensor,
) -> FlexTensor {
    const PIECE: usize = 1 << 14;
    let output = T::values(output);
    let gradient = T::own_values(&mut by_output);
    each(true, gradient, PIECE, |piece, gradient| {
        pass_back(gradient, &output[piece * PIECE..], activation.bounds());
    });
    by_output
}

#[macerator::with_simd]
fn pass_back<S: Simd, T: Real>(gradient: &mut [T], output: &[T], bounds: Bounds<T>) {
    for (gradient, output) in gradient.iter_mut().zip(output) {
        *gradient = bounds.gradient(*output, *gradient);
    }
}
