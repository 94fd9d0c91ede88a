//! Batch norm, with what follows it, in two passes over the images.

use burn::nn::BatchNorm;
use burn::tensor::Tensor;

use super::activation::Activation;

/// What a [`BatchNorm`] and then an activation compute. In training it updates the running
/// statistics as Burn does.
pub(crate) fn batch_norm(norm: &BatchNorm, x: Tensor<4>, activation: Activation) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if super::flex::serves(&x) && !x.dims().contains(&0) {
        return kernel::batch_norm(norm, x, activation);
    }
    activation.forward(norm.forward(x))
}

#[cfg(feature = "flex")]
mod kernel {
    use burn::backend::autodiff::checkpoint::base::Checkpointer;
    use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
    use burn::backend::autodiff::grads::Gradients;
    use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
    use burn::backend::flex::FlexTensor;
    use burn::backend::tensor::FloatTensor;
    use burn::backend::{
        Autodiff, AutodiffBackend, Backend, Dispatch, Flex, TensorMetadata, backend_extension,
    };
    use burn::nn::BatchNorm;
    use burn::tensor::Tensor;
    use macerator::Simd;
    use rayon::prelude::*;

    use super::super::activation::Activation;
    use super::super::flex::{Real, each, for_dtype, tensor};

    pub(super) fn batch_norm(norm: &BatchNorm, x: Tensor<4>, activation: Activation) -> Tensor<4> {
        let channels = norm.gamma.dims()[0];
        assert_eq!(
            x.dims()[1],
            channels,
            "as many channels as the batch norm has"
        );
        let device = x.device();
        match (device.is_autodiff(), norm.training.is_enabled()) {
            (false, _) => with_running_statistics(norm, x, activation),
            (true, true) => with_own_statistics(norm, x, activation),
            (true, false) => activation.forward(norm.forward(x)),
        }
    }

    fn with_running_statistics(
        norm: &BatchNorm,
        x: Tensor<4>,
        activation: Activation,
    ) -> Tensor<4> {
        let device = x.device();
        let mean = norm.running_mean.value().to_device(&device);
        let variance = norm.running_var.value().to_device(&device);
        let scale = norm.gamma.val() / (variance + norm.epsilon).sqrt();
        let shift = norm.beta.val() - mean * scale.clone();
        Tensor::from_dispatch(Dispatch::scale_and_shift(
            x.into_dispatch(),
            scale.into_dispatch(),
            shift.into_dispatch(),
            activation,
        ))
    }

    fn with_own_statistics(norm: &BatchNorm, x: Tensor<4>, activation: Activation) -> Tensor<4> {
        let device = x.device();
        let (output, mean, variance) = Dispatch::normalize(
            x.into_dispatch(),
            norm.gamma.val().into_dispatch(),
            norm.beta.val().into_dispatch(),
            norm.epsilon,
            activation,
        );
        let running = [(&norm.running_mean, mean), (&norm.running_var, variance)];
        for (running, new) in running {
            let old = running.value_sync().to_device(&device) * (1.0 - norm.momentum);
            let new = Tensor::<1>::from_dispatch(new).detach() * norm.momentum;
            running.update((old + new).detach());
        }
        Tensor::from_dispatch(output)
    }

    #[backend_extension(Flex)]
    trait ScaleBackend: Backend {
        /// `activation(x * scale + shift)`, by channel.
        fn scale_and_shift(
            x: FloatTensor<Self>,
            scale: FloatTensor<Self>,
            shift: FloatTensor<Self>,
            activation: Activation,
        ) -> FloatTensor<Self>;
    }

    #[backend_extension(Flex, Autodiff)]
    trait NormalizeBackend: Backend {
        /// The output, and mean and variance of each channel, which have no gradient.
        fn normalize(
            x: FloatTensor<Self>,
            gamma: FloatTensor<Self>,
            beta: FloatTensor<Self>,
            epsilon: f64,
            activation: Activation,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
    }

    /// The way back.
    trait NormalizeGradient: Backend {
        /// The gradients by x, gamma and beta.
        fn normalize_backward(
            state: State<Self>,
            by_output: FloatTensor<Self>,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
    }

    /// What the way back needs.
    #[derive(Clone, Debug)]
    struct State<B: Backend> {
        x: FloatTensor<B>,
        gamma: FloatTensor<B>,
        beta: FloatTensor<B>,
        mean: FloatTensor<B>,
        variance: FloatTensor<B>,
        epsilon: f64,
        activation: Activation,
    }

    #[derive(Debug)]
    struct Normalize;

    impl<B: NormalizeGradient> Backward<B, 3> for Normalize {
        type State = State<B>;

        fn backward(
            self,
            ops: Ops<Self::State, 3>,
            gradients: &mut Gradients,
            _checkpointer: &mut Checkpointer,
        ) {
            let by_output = gradients.consume::<B>(&ops.node);
            let (by_x, by_gamma, by_beta) = B::normalize_backward(ops.state, by_output);
            for (node, gradient) in ops.parents.into_iter().zip([by_x, by_gamma, by_beta]) {
                if let Some(node) = node {
                    gradients.register::<B>(node.id, gradient);
                }
            }
        }
    }

    impl<B, C> NormalizeBackend for Autodiff<B, C>
    where
        B: NormalizeBackend + NormalizeGradient,
        C: CheckpointStrategy,
    {
        fn normalize(
            x: FloatTensor<Self>,
            gamma: FloatTensor<Self>,
            beta: FloatTensor<Self>,
            epsilon: f64,
            activation: Activation,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
            let parents = [x.node(), gamma.node(), beta.node()];
            let [x, gamma, beta] = [x, gamma, beta].map(|tensor| tensor.into_primitive());
            let inputs = (x.clone(), gamma.clone(), beta.clone());
            let (output, mean, variance) =
                B::normalize(inputs.0, inputs.1, inputs.2, epsilon, activation);
            let statistics =
                [&mean, &variance].map(|tensor| Autodiff::<B, C>::from_inner(tensor.clone()));
            let output = match Normalize.prepare::<C>(parents).compute_bound().stateful() {
                OpsKind::Tracked(prepared) => {
                    let state = State {
                        x,
                        gamma,
                        beta,
                        mean,
                        variance,
                        epsilon,
                        activation,
                    };
                    prepared.finish(state, output)
                }
                OpsKind::UnTracked(prepared) => prepared.finish(output),
            };
            let [mean, variance] = statistics;
            (output, mean, variance)
        }
    }

    impl ScaleBackend for Flex {
        fn scale_and_shift(
            x: FlexTensor,
            scale: FlexTensor,
            shift: FlexTensor,
            activation: Activation,
        ) -> FlexTensor {
            let [mut x, scale, shift] = [x, scale, shift].map(|tensor| tensor.to_contiguous());
            for_dtype!(scale, scale_planes(&mut x, [&scale, &shift], activation));
            x
        }
    }

    impl NormalizeBackend for Flex {
        fn normalize(
            x: FlexTensor,
            gamma: FlexTensor,
            beta: FlexTensor,
            epsilon: f64,
            activation: Activation,
        ) -> (FlexTensor, FlexTensor, FlexTensor) {
            let inputs = [x, gamma, beta].map(|tensor| tensor.to_contiguous());
            for_dtype!(inputs[0], forward(inputs.each_ref(), epsilon, activation))
        }
    }

    impl NormalizeGradient for Flex {
        fn normalize_backward(
            state: State<Flex>,
            by_output: FlexTensor,
        ) -> (FlexTensor, FlexTensor, FlexTensor) {
            let x = state.x.to_contiguous();
            let by_output = by_output.to_contiguous();
            for_dtype!(x, backward(&x, &state, &by_output))
        }
    }

    /// Planes of one channel in all images, in order.
    fn planes<T>(
        values: &[T],
        channel: usize,
        channels: usize,
        size: usize,
    ) -> impl Iterator<Item = &[T]> {
        let planes = values.chunks_exact(size).skip(channel);
        planes.step_by(channels)
    }

    fn scale_planes<T: Real>(
        x: &mut FlexTensor,
        factors: [&FlexTensor; 2],
        activation: Activation,
    ) {
        let [_, channels, height, width] = x.shape().dims();
        let [scale, shift] = factors.map(T::values);
        each(true, T::own_values(x), height * width, |plane, values| {
            let (scale, shift) = (scale[plane % channels], shift[plane % channels]);
            scale_plane(values, scale, shift, activation);
        });
    }

    fn forward<T: Real>(
        inputs: [&FlexTensor; 3],
        epsilon: f64,
        activation: Activation,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let shape: [usize; 4] = inputs[0].shape().dims();
        let [images, channels, height, width] = shape;
        let size = height * width;
        let [x, gamma, beta] = inputs.map(T::values);
        let count = (images * size) as f64;
        let statistics: Vec<(T, T)> = (0..channels)
            .into_par_iter()
            .map(|channel| {
                let planes = || planes(x, channel, channels, size);
                let mean = planes().map(sum::<T>).sum::<f64>() / count;
                let mean = T::of(mean);
                let squares = planes()
                    .map(|plane| sum_of_squares(plane, mean))
                    .sum::<f64>();
                (mean, T::of(squares / count))
            })
            .collect();
        let mut output = vec![T::ZERO; x.len()];
        each(true, &mut output, size, |plane, output| {
            let channel = plane % channels;
            let (mean, variance) = statistics[channel];
            let scale = gamma[channel] / (variance + T::of(epsilon)).root();
            let shift = beta[channel];
            let x = &x[plane * size..][..size];
            normalize_plane(output, x, [mean, scale, shift], activation);
        });
        let (mean, variance): (Vec<T>, Vec<T>) = statistics.into_iter().unzip();
        let [mean, variance] = [mean, variance].map(|values| tensor(values, [channels]));
        (tensor(output, shape), mean, variance)
    }

    fn backward<T: Real>(
        input: &FlexTensor,
        state: &State<Flex>,
        by_output: &FlexTensor,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let shape: [usize; 4] = input.shape().dims();
        let [images, channels, height, width] = shape;
        let size = height * width;
        let count = T::of((images * size) as f64);
        let (x, by_output) = (T::values(input), T::values(by_output));
        let vectors = [&state.gamma, &state.beta, &state.mean, &state.variance];
        let vectors = vectors.map(|tensor| tensor.to_contiguous());
        let [gamma, beta, mean, variance] = vectors.each_ref().map(T::values);
        let channel = |channel: usize| Channel {
            mean: mean[channel],
            scale: T::ONE / (variance[channel] + T::of(state.epsilon)).root(),
            gamma: gamma[channel],
            beta: beta[channel],
            activation: state.activation,
        };
        let sums: Vec<(T, T)> = (0..channels)
            .into_par_iter()
            .map(|index| {
                let planes = |values| planes(values, index, channels, size);
                let pairs = planes(x).zip(planes(by_output));
                let sums = pairs.map(|(x, by_output)| gradient_sums(&channel(index), x, by_output));
                let (by_gamma, by_beta) = sums.fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
                (T::of(by_gamma), T::of(by_beta))
            })
            .collect();
        let mut gradient = vec![T::ZERO; x.len()];
        each(true, &mut gradient, size, |plane, gradient| {
            let (by_gamma, by_beta) = sums[plane % channels];
            let means = (by_gamma / count, by_beta / count);
            let (x, by_output) = (&x[plane * size..], &by_output[plane * size..]);
            gradient_plane(&channel(plane % channels), gradient, x, by_output, means);
        });
        let (by_gamma, by_beta): (Vec<T>, Vec<T>) = sums.into_iter().unzip();
        let [by_gamma, by_beta] = [by_gamma, by_beta].map(|values| tensor(values, [channels]));
        (tensor(gradient, shape), by_gamma, by_beta)
    }

    /// What the way back knows of a channel.
    struct Channel<T> {
        mean: T,
        /// One over the standard deviation.
        scale: T,
        gamma: T,
        beta: T,
        activation: Activation,
    }

    impl<T: Real> Channel<T> {
        /// The normalized x, and the gradient by what the activation is of.
        #[inline(always)]
        fn at(&self, x: T, by_output: T) -> (T, T) {
            let normalized = (x - self.mean) * self.scale;
            let output = normalized * self.gamma + self.beta;
            (normalized, self.activation.gradient(output, by_output))
        }
    }

    /// The sums of gradient times normalized x, and of gradients.
    #[macerator::with_simd]
    fn gradient_sums<S: Simd, T: Real>(
        channel: &Channel<T>,
        x: &[T],
        by_output: &[T],
    ) -> (f64, f64) {
        let mut products = [T::ZERO; LANES];
        let mut gradients = [T::ZERO; LANES];
        for (x, by_output) in x.chunks(LANES).zip(by_output.chunks(LANES)) {
            let lanes = products.iter_mut().zip(&mut gradients);
            for ((product, sum), (x, by_output)) in lanes.zip(x.iter().zip(by_output)) {
                let (normalized, gradient) = channel.at(*x, *by_output);
                *product += gradient * normalized;
                *sum += gradient;
            }
        }
        (total(&products), total(&gradients))
    }

    /// The gradient by x, which the mean and the variance depend on too.
    #[macerator::with_simd]
    fn gradient_plane<S: Simd, T: Real>(
        channel: &Channel<T>,
        gradient: &mut [T],
        x: &[T],
        by_output: &[T],
        means: (T, T),
    ) {
        let (by_gamma, by_beta) = means;
        let scale = channel.gamma * channel.scale;
        for (by_x, (x, by_output)) in gradient.iter_mut().zip(x.iter().zip(by_output)) {
            let (normalized, gradient) = channel.at(*x, *by_output);
            *by_x = (gradient - by_beta - normalized * by_gamma) * scale;
        }
    }

    #[macerator::with_simd]
    fn scale_plane<S: Simd, T: Real>(values: &mut [T], scale: T, shift: T, activation: Activation) {
        for value in values {
            *value = activation.of(*value * scale + shift);
        }
    }

    #[macerator::with_simd]
    fn normalize_plane<S: Simd, T: Real>(
        output: &mut [T],
        x: &[T],
        factors: [T; 3],
        activation: Activation,
    ) {
        let [mean, scale, shift] = factors;
        for (output, x) in output.iter_mut().zip(x) {
            *output = activation.of((*x - mean) * scale + shift);
        }
    }

    /// Numbers that are summed side by side.
    const LANES: usize = 64;

    #[macerator::with_simd]
    fn sum<S: Simd, T: Real>(values: &[T]) -> f64 {
        let mut lanes = [T::ZERO; LANES];
        for values in values.chunks(LANES) {
            lanes
                .iter_mut()
                .zip(values)
                .for_each(|(lane, value)| *lane += *value);
        }
        total(&lanes)
    }

    /// Of the differences from the mean.
    #[macerator::with_simd]
    fn sum_of_squares<S: Simd, T: Real>(values: &[T], mean: T) -> f64 {
        let mut lanes = [T::ZERO; LANES];
        for values in values.chunks(LANES) {
            for (lane, value) in lanes.iter_mut().zip(values) {
                let difference = *value - mean;
                *lane += difference * difference;
            }
        }
        total(&lanes)
    }

    fn total<T: Real>(lanes: &[T; LANES]) -> f64 {
        lanes.iter().map(|lane| lane.elem::<f64>()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::module::Param;
    use burn::nn::BatchNormConfig;
    use burn::tensor::{Device, Distribution, Tensor};

    fn norm(device: &Device) -> BatchNorm {
        let mut norm = BatchNormConfig::new(5).init(device);
        norm.gamma = Param::from_data([1.0, -0.5, 2.0, 0.0, 1.5], device);
        norm.beta = Param::from_data([0.0, 1.0, -1.0, 0.5, 3.0], device);
        norm
    }

    /// Output, gradients and running statistics.
    fn all(x: &Tensor<4>, activation: Activation, ours: bool) -> Vec<Tensor<1>> {
        let device = x.device();
        let norm = norm(&device);
        let x = x.clone().require_grad();
        let output = match ours {
            true => batch_norm(&norm, x.clone(), activation),
            false => activation.forward(norm.forward(x.clone())),
        };
        let weights = output.clone().detach().zeros_like() + x.clone().detach().sin();
        let gradients = (output.clone() * weights).sum().backward();
        let flat = |tensor: Tensor<4>| tensor.flatten::<1>(0, 3);
        vec![
            flat(output.inner()),
            flat(x.grad(&gradients).unwrap()),
            norm.gamma.val().grad(&gradients).unwrap(),
            norm.beta.val().grad(&gradients).unwrap(),
            norm.running_mean.value_sync().inner(),
            norm.running_var.value_sync().inner(),
        ]
    }

    /// In f64 the two differ by rounding alone, far below what is asked.
    #[test]
    fn agrees_with_burn() {
        let device = Device::flex().autodiff();
        for size in [[4, 5, 9, 7], [1, 5, 1, 2], [3, 5, 16, 16]] {
            let normal = Distribution::Normal(30.0, 2.0);
            let x = Tensor::<4>::random(size, normal, &device);
            for activation in [Activation::None, Activation::Relu, Activation::Relu6] {
                let pairs = all(&x, activation, true)
                    .into_iter()
                    .zip(all(&x, activation, false));
                for (index, (ours, burns)) in pairs.enumerate() {
                    // Two passes over values of size 30 in f32, then over a deviation of 2,
                    // and sums over all values of a channel.
                    let size = burns.clone().abs().max().into_scalar::<f32>().max(1.0);
                    let worst = (ours - burns).abs().max().into_scalar::<f32>();
                    assert!(
                        worst <= 2e-4 * size,
                        "{index} of {activation:?}: {worst} of {size}"
                    );
                }
            }
        }
    }

    #[test]
    fn agrees_with_burn_at_inference() {
        let device = Device::flex();
        let x = Tensor::<4>::random([2, 5, 6, 6], Distribution::Normal(0.0, 3.0), &device);
        let norm = norm(&device);
        let ours = batch_norm(&norm, x.clone(), Activation::Relu6);
        let burns = Activation::Relu6.forward(norm.forward(x));
        let worst = (ours - burns).abs().max().into_scalar::<f32>();
        assert!(worst < 1e-5, "{worst}");
    }
}
