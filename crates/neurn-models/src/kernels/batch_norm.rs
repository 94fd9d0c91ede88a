//! Batch norm, with what follows it, in two passes over the images.

use burn::nn::BatchNorm;
use burn::tensor::{Device, Tensor};

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

/// What a batch norm does with running statistics: `x * scale + shift`, by channel, where
/// `bias` is still to be added to x.
pub(crate) fn scale_and_shift(
    norm: &BatchNorm,
    bias: Option<Tensor<1>>,
    device: &Device,
) -> (Tensor<1>, Tensor<1>) {
    let mean = norm.running_mean.value().to_device(device);
    let variance = norm.running_var.value().to_device(device);
    let scale = norm.gamma.val() / (variance + norm.epsilon).sqrt();
    let mean = match bias {
        Some(bias) => mean - bias,
        None => mean,
    };
    let shift = norm.beta.val() - mean * scale.clone();
    (scale, shift)
}

#[cfg(feature = "flex")]
mod kernel {
    use std::mem::MaybeUninit;

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

    use super::super::activation::{Activation, Bounds};
    use super::super::flex::{Real, contiguous, each, for_dtype, tensor, written};

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
        let (scale, shift) = super::scale_and_shift(norm, None, &x.device());
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
            let [mut x, scale, shift] = [x, scale, shift].map(contiguous);
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
            let inputs = [x, gamma, beta].map(contiguous);
            for_dtype!(inputs[0], forward(inputs.each_ref(), epsilon, activation))
        }
    }

    impl NormalizeGradient for Flex {
        fn normalize_backward(
            state: State<Flex>,
            by_output: FlexTensor,
        ) -> (FlexTensor, FlexTensor, FlexTensor) {
            for_dtype!(by_output, backward(state, by_output))
        }
    }

    /// How values lie: an image after another, of each a plane after another, one for each
    /// channel.
    #[derive(Clone, Copy)]
    struct Planes {
        channels: usize,
        /// Values of a plane.
        size: usize,
    }

    impl Planes {
        fn of(tensor: &FlexTensor) -> Self {
            let [_, channels, height, width] = tensor.shape().dims();
            Self {
                channels,
                size: height * width,
            }
        }

        /// Those of one channel, in order.
        fn channel<T>(self, values: &[T], channel: usize) -> impl Iterator<Item = &[T]> {
            let planes = values.chunks_exact(self.size).skip(channel);
            planes.step_by(self.channels)
        }

        /// Values of so many planes that a thread has something to do: it takes them at
        /// a time.
        fn piece(self) -> usize {
            const VALUES: usize = 1 << 14;
            (VALUES / self.size).max(1) * self.size
        }

        /// Planes whose values are summed in single precision: few, so that little is lost.
        fn together(self) -> usize {
            const VALUES: usize = 1 << 13;
            (VALUES / self.size).max(1)
        }
    }

    /// Numbers that are summed side by side.
    const LANES: usize = 64;

    fn total<T: Real>(lanes: &[T; LANES]) -> f64 {
        lanes.iter().map(|lane| lane.elem::<f64>()).sum()
    }

    fn scale_planes<T: Real>(
        x: &mut FlexTensor,
        factors: [&FlexTensor; 2],
        activation: Activation,
    ) {
        let planes = Planes::of(x);
        let [scale, shift] = factors.map(T::values);
        let piece = planes.piece();
        each(true, T::own_values(x), piece, |index, values| {
            let first = index * piece / planes.size;
            scale_piece(values, planes, first, [scale, shift], activation.bounds());
        });
    }

    /// `first` is the number of the first plane of a piece.
    #[macerator::with_simd]
    fn scale_piece<S: Simd, T: Real>(
        values: &mut [T],
        planes: Planes,
        first: usize,
        factors: [&[T]; 2],
        bounds: Bounds<T>,
    ) {
        for (plane, values) in values.chunks_exact_mut(planes.size).enumerate() {
            let channel = (first + plane) % planes.channels;
            let [scale, shift] = factors.map(|factors| factors[channel]);
            for value in values {
                *value = bounds.of(*value * scale + shift);
            }
        }
    }

    fn forward<T: Real>(
        inputs: [&FlexTensor; 3],
        epsilon: f64,
        activation: Activation,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let planes = Planes::of(inputs[0]);
        let [x, gamma, beta] = inputs.map(T::values);
        let count = (x.len() / planes.channels) as f64;
        let statistics = (0..planes.channels).into_par_iter().map(|channel| {
            let mean = T::of(sum(x, planes, channel) / count);
            let variance = sum_of_squares(x, planes, channel, mean) / count;
            (mean, T::of(variance))
        });
        let (mean, variance): (Vec<T>, Vec<T>) = statistics.unzip();
        let factors: Vec<[T; 3]> = (0..planes.channels)
            .map(|channel| {
                let deviation = (variance[channel] + T::of(epsilon)).root();
                [mean[channel], gamma[channel] / deviation, beta[channel]]
            })
            .collect();
        let piece = planes.piece();
        // SAFETY: pieces are whole planes, of which each value is written.
        #[allow(unsafe_code)]
        let output = unsafe {
            written(x.len(), |output| {
                each(true, output, piece, |index, output| {
                    let x = &x[index * piece..][..output.len()];
                    let first = index * piece / planes.size;
                    normalize_piece(output, x, planes, first, &factors, activation.bounds());
                });
            })
        };
        let statistics = [mean, variance].map(|values| tensor(values, [planes.channels]));
        let [mean, variance] = statistics;
        (
            tensor(output, inputs[0].shape().dims::<4>()),
            mean,
            variance,
        )
    }

    /// The sum of a channel.
    #[macerator::with_simd]
    fn sum<S: Simd, T: Real>(x: &[T], planes: Planes, channel: usize) -> f64 {
        sum_of(x, planes, channel, |value| value)
    }

    /// The sum of squared differences from the mean of a channel.
    #[macerator::with_simd]
    fn sum_of_squares<S: Simd, T: Real>(x: &[T], planes: Planes, channel: usize, mean: T) -> f64 {
        sum_of(x, planes, channel, |value| {
            let difference = value - mean;
            difference * difference
        })
    }

    /// The sum over a channel of a function of its values.
    #[inline(always)]
    fn sum_of<T: Real>(x: &[T], planes: Planes, channel: usize, f: impl Fn(T) -> T) -> f64 {
        let mut x = planes.channel(x, channel).peekable();
        let mut sum = 0.0;
        while x.peek().is_some() {
            let mut lanes = [T::ZERO; LANES];
            for values in x.by_ref().take(planes.together()) {
                for values in values.chunks(LANES) {
                    let pairs = lanes.iter_mut().zip(values);
                    pairs.for_each(|(lane, value)| *lane += f(*value));
                }
            }
            sum += total(&lanes);
        }
        sum
    }

    #[macerator::with_simd]
    fn normalize_piece<S: Simd, T: Real>(
        output: &mut [MaybeUninit<T>],
        x: &[T],
        planes: Planes,
        first: usize,
        factors: &[[T; 3]],
        bounds: Bounds<T>,
    ) {
        let planes_of_x = x.chunks_exact(planes.size);
        let pairs = output.chunks_exact_mut(planes.size).zip(planes_of_x);
        for (plane, (output, x)) in pairs.enumerate() {
            let [mean, scale, shift] = factors[(first + plane) % planes.channels];
            for (output, x) in output.iter_mut().zip(x) {
                output.write(bounds.of((*x - mean) * scale + shift));
            }
        }
    }

    fn backward<T: Real>(
        state: State<Flex>,
        by_output: FlexTensor,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let input = contiguous(state.x);
        let mut by_output = contiguous(by_output);
        let planes = Planes::of(&input);
        let vectors = [state.gamma, state.beta, state.mean, state.variance].map(contiguous);
        let [gamma, beta, mean, variance] = vectors.each_ref().map(T::values);
        let bounds = state.activation.bounds();
        let mut channels: Vec<Channel<T>> = (0..planes.channels)
            .map(|channel| Channel {
                mean: mean[channel],
                scale: T::ONE / (variance[channel] + T::of(state.epsilon)).root(),
                gamma: gamma[channel],
                beta: beta[channel],
                by_gamma: T::ZERO,
                by_beta: T::ZERO,
            })
            .collect();
        let x = T::values(&input);
        let count = T::of((x.len() / planes.channels) as f64);
        let values = T::values(&by_output);
        let sums = channels.par_iter_mut().enumerate().map(|(index, channel)| {
            let sums = gradient_sums(channel, x, values, planes, index, bounds);
            let (by_gamma, by_beta) = (T::of(sums.0), T::of(sums.1));
            (channel.by_gamma, channel.by_beta) = (by_gamma / count, by_beta / count);
            (by_gamma, by_beta)
        });
        let (by_gamma, by_beta): (Vec<T>, Vec<T>) = sums.unzip();
        let piece = planes.piece();
        // In the place of the gradient by the output, which nothing else needs as a rule.
        each(
            true,
            T::own_values(&mut by_output),
            piece,
            |index, gradient| {
                let x = &x[index * piece..][..gradient.len()];
                let first = index * piece / planes.size;
                gradient_piece(gradient, x, planes, first, &channels, bounds);
            },
        );
        let vectors = [by_gamma, by_beta].map(|values| tensor(values, [planes.channels]));
        let [by_gamma, by_beta] = vectors;
        (by_output, by_gamma, by_beta)
    }

    /// What the way back knows of a channel.
    struct Channel<T> {
        mean: T,
        /// One over the standard deviation.
        scale: T,
        gamma: T,
        beta: T,
        /// The gradients by gamma and beta, over the number of values.
        by_gamma: T,
        by_beta: T,
    }

    impl<T: Real> Channel<T> {
        /// The normalized x, and the gradient by what the activation is of.
        #[inline(always)]
        fn at(&self, x: T, by_output: T, bounds: Bounds<T>) -> (T, T) {
            let normalized = (x - self.mean) * self.scale;
            let output = normalized * self.gamma + self.beta;
            (normalized, bounds.gradient(output, by_output))
        }
    }

    /// The sums of gradient times normalized x, and of gradients, of a channel.
    #[macerator::with_simd]
    fn gradient_sums<S: Simd, T: Real>(
        channel: &Channel<T>,
        x: &[T],
        by_output: &[T],
        planes: Planes,
        index: usize,
        bounds: Bounds<T>,
    ) -> (f64, f64) {
        let (x, by_output) = (planes.channel(x, index), planes.channel(by_output, index));
        let mut pairs = x.zip(by_output).peekable();
        let mut sums = (0.0, 0.0);
        while pairs.peek().is_some() {
            let mut products = [T::ZERO; LANES];
            let mut gradients = [T::ZERO; LANES];
            for (x, by_output) in pairs.by_ref().take(planes.together()) {
                for (x, by_output) in x.chunks(LANES).zip(by_output.chunks(LANES)) {
                    let lanes = products.iter_mut().zip(&mut gradients);
                    for ((product, sum), (x, by_output)) in lanes.zip(x.iter().zip(by_output)) {
                        let (normalized, gradient) = channel.at(*x, *by_output, bounds);
                        *product += gradient * normalized;
                        *sum += gradient;
                    }
                }
            }
            sums.0 += total(&products);
            sums.1 += total(&gradients);
        }
        sums
    }

    /// The gradient by x, which the mean and the variance depend on too, in the place of
    /// that by the output.
    #[macerator::with_simd]
    fn gradient_piece<S: Simd, T: Real>(
        gradient: &mut [T],
        x: &[T],
        planes: Planes,
        first: usize,
        channels: &[Channel<T>],
        bounds: Bounds<T>,
    ) {
        let planes_of_x = x.chunks_exact(planes.size);
        let pairs = gradient.chunks_exact_mut(planes.size).zip(planes_of_x);
        for (plane, (gradient, x)) in pairs.enumerate() {
            let channel = &channels[(first + plane) % planes.channels];
            let scale = channel.gamma * channel.scale;
            for (gradient, x) in gradient.iter_mut().zip(x) {
                let (normalized, by_output) = channel.at(*x, *gradient, bounds);
                *gradient = (by_output - channel.by_beta - normalized * channel.by_gamma) * scale;
            }
        }
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
