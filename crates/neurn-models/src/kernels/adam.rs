//! Adam in one pass over the parameters.

use burn::config::Config;
use burn::optim::{AdamState, AdaptiveMomentumState, LearningRate, ModuleOptimizer, Optimizer};
use burn::tensor::{Device, Tensor};

/// Configuration to create an optimizer with [`init`](AdamConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct AdamConfig {
    /// How much of the mean gradient stays at each step. Default: 0.9
    #[config(default = 0.9)]
    pub beta_1: f32,
    /// How much of the mean squared gradient stays at each step. Default: 0.999
    #[config(default = 0.999)]
    pub beta_2: f32,
    /// What is added to the root of the mean squared gradient. Default: 1e-8, as in
    /// PyTorch; Burn has 1e-5
    #[config(default = 1e-8)]
    pub epsilon: f32,
}

impl AdamConfig {
    /// Initialize a new optimizer of a module.
    pub fn init(&self) -> ModuleOptimizer {
        ModuleOptimizer::from(Adam {
            config: self.clone(),
        })
    }
}

/// Adam, as Burn computes it, with the same state.
///
/// ```text
/// m = beta_1 * m + (1 - beta_1) * gradient
/// v = beta_2 * v + (1 - beta_2) * gradient^2
/// x = x - rate * m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) + epsilon)
/// ```
///
/// On Burn's CPU backend Flex, in f32 and f64, it is a kernel that reads and writes each
/// number once, on all threads; everywhere else it is composed from Burn's operations.
///
/// Source: Kingma and Ba, *Adam: A Method for Stochastic Optimization*,
/// [arXiv 1412.6980](https://arxiv.org/abs/1412.6980).
///
/// Should be created using [`AdamConfig`].
#[derive(Clone, Debug)]
pub struct Adam {
    config: AdamConfig,
}

/// What a step multiplies with.
#[derive(Clone, Copy, Debug)]
struct Factors {
    beta_1: f32,
    beta_2: f32,
    /// Of m over the root, with the bias of both corrected.
    correction: f32,
    epsilon: f32,
    rate: f64,
}

impl Optimizer for Adam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        x: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let (time, m, v) = match state {
            Some(AdamState { momentum }) => {
                (momentum.time + 1, momentum.moment_1, momentum.moment_2)
            }
            None => (1, x.zeros_like(), x.zeros_like()),
        };
        let factors = self.factors(time, rate);
        let (x, m, v) = step(x, gradient, m, v, factors);
        let momentum = AdaptiveMomentumState::new(time, m, v);
        (x, Some(AdamState::new(momentum)))
    }

    fn to_device<const D: usize>(mut state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.momentum = state.momentum.to_device(device);
        state
    }
}

impl Adam {
    fn factors(&self, time: usize, rate: f64) -> Factors {
        let AdamConfig {
            beta_1,
            beta_2,
            epsilon,
        } = self.config;
        let time = i32::try_from(time).unwrap_or(i32::MAX);
        let root = (1.0 - beta_2.powi(time)).sqrt();
        Factors {
            beta_1,
            beta_2,
            correction: root / (1.0 - beta_1.powi(time)),
            epsilon: epsilon * root,
            rate,
        }
    }
}

fn step<const D: usize>(
    x: Tensor<D>,
    gradient: Tensor<D>,
    m: Tensor<D>,
    v: Tensor<D>,
    factors: Factors,
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    #[cfg(feature = "flex")]
    if super::flex::serves(&x) && !x.is_autodiff() {
        return kernel::step(x, gradient, m, v, factors);
    }
    let m = m * factors.beta_1 + gradient.clone() * (1.0 - factors.beta_1);
    let v = v * factors.beta_2 + gradient.square() * (1.0 - factors.beta_2);
    let change = m.clone() * factors.correction / (v.clone().sqrt() + factors.epsilon);
    (x - change * factors.rate, m, v)
}

#[cfg(feature = "flex")]
mod kernel {
    use std::mem::MaybeUninit;

    use burn::backend::flex::FlexTensor;
    use burn::backend::tensor::FloatTensor;
    use burn::backend::{Backend, Dispatch, Flex, TensorMetadata, backend_extension};
    use burn::tensor::{Tensor, TensorData};
    use macerator::Simd;
    use rayon::prelude::*;

    use super::super::flex::{Real, contiguous, for_dtype, written};
    use super::Factors;

    pub(super) fn step<const D: usize>(
        x: Tensor<D>,
        gradient: Tensor<D>,
        m: Tensor<D>,
        v: Tensor<D>,
        factors: Factors,
    ) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
        let (x, m, v) = Dispatch::adam_step(
            x.into_dispatch(),
            gradient.into_dispatch(),
            m.into_dispatch(),
            v.into_dispatch(),
            factors,
        );
        (
            Tensor::from_dispatch(x),
            Tensor::from_dispatch(m),
            Tensor::from_dispatch(v),
        )
    }

    #[backend_extension(Flex)]
    trait AdamBackend: Backend {
        /// The parameters, m and v after a step.
        fn adam_step(
            x: FloatTensor<Self>,
            gradient: FloatTensor<Self>,
            m: FloatTensor<Self>,
            v: FloatTensor<Self>,
            factors: Factors,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
    }

    impl AdamBackend for Flex {
        fn adam_step(
            x: FlexTensor,
            gradient: FlexTensor,
            m: FlexTensor,
            v: FlexTensor,
            factors: Factors,
        ) -> (FlexTensor, FlexTensor, FlexTensor) {
            let inputs = [x, gradient].map(contiguous);
            let [mut m, mut v] = [m, v].map(contiguous);
            let x = for_dtype!(inputs[0], update(&inputs, [&mut m, &mut v], factors));
            (x, m, v)
        }
    }

    /// Numbers that a thread takes at a time.
    const PIECE: usize = 1 << 14;

    /// The new parameters. The old ones stay, since a training loop keeps a copy of its
    /// module; the moments are changed in place.
    fn update<T: Real>(
        inputs: &[FlexTensor; 2],
        moments: [&mut FlexTensor; 2],
        factors: Factors,
    ) -> FlexTensor {
        let shape = inputs[0].shape();
        let [x, gradient] = inputs.each_ref().map(T::values);
        let [m, v] = moments.map(T::own_values);
        let write = |new: &mut [MaybeUninit<T>]| {
            let inputs = x.par_chunks(PIECE).zip(gradient.par_chunks(PIECE));
            let moments = m.par_chunks_mut(PIECE).zip(v.par_chunks_mut(PIECE));
            new.par_chunks_mut(PIECE).zip(inputs.zip(moments)).for_each(
                |(new, ((x, gradient), (m, v)))| {
                    update_piece(new, [x, gradient], m, v, factors);
                },
            );
        };
        // SAFETY: all slices have one length, so each number is written.
        #[allow(unsafe_code)]
        let new = unsafe { written(x.len(), write) };
        FlexTensor::from_data(TensorData::new(new, shape))
    }

    #[macerator::with_simd]
    fn update_piece<S: Simd, T: Real>(
        new: &mut [MaybeUninit<T>],
        inputs: [&[T]; 2],
        m: &mut [T],
        v: &mut [T],
        f: Factors,
    ) {
        let number = |value: f32| T::of(f64::from(value));
        let (beta_1, beta_2) = (number(f.beta_1), number(f.beta_2));
        let (rest_1, rest_2) = (number(1.0 - f.beta_1), number(1.0 - f.beta_2));
        let (correction, epsilon, rate) = (number(f.correction), number(f.epsilon), T::of(f.rate));
        let [x, gradient] = inputs;
        let inputs = x.iter().zip(gradient);
        for ((new, (x, gradient)), (m, v)) in new.iter_mut().zip(inputs).zip(m.iter_mut().zip(v)) {
            *m = *m * beta_1 + *gradient * rest_1;
            *v = *v * beta_2 + *gradient * *gradient * rest_2;
            new.write(*x - *m * correction / (v.root() + epsilon) * rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::nn::{Linear, LinearConfig};
    use burn::optim::{AdamConfig as BurnsConfig, GradientsParams};
    use burn::tensor::Distribution;

    /// Steps that change a linear layer.
    fn steps(mut layer: Linear, x: &Tensor<2>, mut optimizer: ModuleOptimizer) -> Tensor<2> {
        for _ in 0..5 {
            let loss = layer.forward(x.clone()).square().mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &layer);
            layer = optimizer.step(1e-2, layer.clone(), gradients);
        }
        layer.weight.val().inner()
    }

    /// The same operations in the same order, so the same bits but where Burn multiplies
    /// by a rounded factor in another order; 16 units of the step that each number makes.
    #[test]
    fn agrees_with_burn() {
        let device = Device::flex().autodiff();
        // More numbers than a thread takes at a time.
        let layer: Linear = LinearConfig::new(300, 70).init(&device);
        let x = Tensor::<2>::random([8, 300], Distribution::Normal(0.0, 1.0), &device);
        let ours = steps(layer.clone(), &x, AdamConfig::new().init());
        let burns = steps(layer, &x, BurnsConfig::new().with_epsilon(1e-8).init());
        let worst = (ours - burns).abs().max().into_scalar::<f32>();
        assert!(worst <= 5.0 * 1e-2 * 16.0 * f32::EPSILON, "{worst}");
    }
}
