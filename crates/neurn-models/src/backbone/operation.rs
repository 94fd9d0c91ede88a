//! What networks are made of. Every backbone goes through these functions, so
//! that a network can say what it does without doing it.

use std::cell::RefCell;
use std::fmt;

use burn::nn::{BatchNorm, LayerNorm, Linear};
use burn::tensor::{Tensor, activation};

use crate::kernels;

/// One operation of a network, with the sizes that it has for one image.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A convolution.
    Convolution {
        /// Height and width of the kernel.
        kernel: [usize; 2],
        /// Step of the kernel, down and to the right.
        stride: [usize; 2],
        /// Groups of channels that do not mix.
        groups: usize,
        /// Channels of the input and of the output.
        channels: [usize; 2],
        /// Height and width of the output.
        size: [usize; 2],
    },
    /// A linear layer.
    Linear {
        /// Vectors that it takes: 1, or the tokens of a transformer.
        rows: usize,
        /// Length of a vector.
        inputs: usize,
        /// Length of what it gives.
        outputs: usize,
    },
    /// The product of queries, keys and values, over all heads.
    Attention {
        /// Tokens, each of which looks at all.
        tokens: usize,
        /// Length of a token.
        width: usize,
    },
    /// Batch normalization.
    BatchNorm,
    /// Layer normalization.
    LayerNorm,
    /// A function of each value.
    Activation(Activation),
    /// The largest value of each window.
    MaxPool {
        /// Height and width of the window.
        kernel: [usize; 2],
        /// Step of the window, down and to the right.
        stride: [usize; 2],
    },
    /// The mean of each window.
    AveragePool {
        /// Height and width of the window.
        kernel: [usize; 2],
        /// Step of the window, down and to the right.
        stride: [usize; 2],
    },
    /// The mean of each channel, or of as many parts of it as a head asks for.
    GlobalAveragePool,
    /// The sum of two feature maps.
    Add,
    /// Feature maps one after the other, along their channels.
    Concatenate,
    /// Each channel times a number.
    Scale,
}

/// A function of each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// max(x, 0)
    Relu,
    /// min(max(x, 0), 6)
    Relu6,
    /// x / (1 + exp(-x)), also called swish
    Silu,
    /// x times the normal distribution function of x
    Gelu,
    /// 1 / (1 + exp(-x))
    Sigmoid,
}

impl Activation {
    /// What the kernels know it as.
    pub(super) fn fused(self) -> Option<kernels::Activation> {
        match self {
            Self::Relu => Some(kernels::Activation::Relu),
            Self::Relu6 => Some(kernels::Activation::Relu6),
            _ => None,
        }
    }
}

impl Operation {
    /// Multiply-adds for one image, of convolutions, linear layers and
    /// attention. All else counts as 0, as in published tables.
    pub fn multiply_adds(&self) -> u64 {
        let product = |sizes: &[usize]| sizes.iter().map(|&size| size as u64).product::<u64>();
        match *self {
            Self::Convolution {
                kernel: [height, width],
                groups,
                channels: [inputs, outputs],
                size: [rows, columns],
                ..
            } => product(&[height, width, inputs / groups, outputs, rows, columns]),
            Self::Linear {
                rows,
                inputs,
                outputs,
            } => product(&[rows, inputs, outputs]),
            // Queries by keys, and weights by values.
            Self::Attention { tokens, width } => product(&[2, tokens, tokens, width]),
            _ => 0,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Convolution {
                kernel: [height, width],
                groups,
                channels: [inputs, outputs],
                ..
            } => {
                let depthwise = *groups > 1 && groups == inputs;
                let kind = if depthwise { "depthwise " } else { "" };
                write!(f, "{kind}{height}x{width} convolution of {outputs}")
            }
            Self::Linear { outputs, .. } => write!(f, "linear of {outputs}"),
            Self::Attention { .. } => write!(f, "attention"),
            Self::BatchNorm => write!(f, "batch norm"),
            Self::LayerNorm => write!(f, "layer norm"),
            Self::Activation(activation) => write!(f, "{activation:?}"),
            Self::MaxPool { .. } => write!(f, "max-pool"),
            Self::AveragePool { .. } => write!(f, "average pool"),
            Self::GlobalAveragePool => write!(f, "global average pool"),
            Self::Add => write!(f, "add"),
            Self::Concatenate => write!(f, "concatenate"),
            Self::Scale => write!(f, "scale"),
        }
    }
}

thread_local! {
    /// What has been asked for on this thread, while it is only written down.
    static TRACE: RefCell<Option<Vec<Operation>>> = const { RefCell::new(None) };
}

/// The operations that `network` asks for. None of them that takes long is
/// carried out, and no parameter is drawn.
///
/// # Panics
///
/// As `network`.
pub(super) fn trace(network: impl FnOnce()) -> Vec<Operation> {
    /// Ends the trace where `network` panics, too.
    struct End;
    impl Drop for End {
        fn drop(&mut self) {
            TRACE.take();
        }
    }
    TRACE.set(Some(Vec::new()));
    let _end = End;
    network();
    TRACE.take().unwrap_or_default()
}

/// Writes an operation down, if a trace is taken. True: it need not be carried
/// out.
pub(super) fn traced(operation: impl FnOnce() -> Operation) -> bool {
    TRACE.with_borrow_mut(|trace| match trace {
        Some(trace) => {
            trace.push(operation());
            true
        }
        None => false,
    })
}

/// Whether a trace is taken.
pub(super) fn tracing() -> bool {
    TRACE.with_borrow(Option::is_some)
}

pub(super) fn batch_norm(norm: &BatchNorm, x: Tensor<4>) -> Tensor<4> {
    match traced(|| Operation::BatchNorm) {
        true => x,
        false => kernels::batch_norm(norm, x, kernels::Activation::None),
    }
}

/// A batch norm and a function of what it gives, in one pass.
pub(super) fn batch_norm_activated(
    norm: &BatchNorm,
    x: Tensor<4>,
    function: Activation,
) -> Tensor<4> {
    match function.fused().filter(|_| !tracing()) {
        Some(fused) => kernels::batch_norm(norm, x, fused),
        None => activate(function, batch_norm(norm, x)),
    }
}

/// Over the last axis.
pub(super) fn layer_norm<const D: usize>(norm: &LayerNorm, x: Tensor<D>) -> Tensor<D> {
    match traced(|| Operation::LayerNorm) {
        true => x,
        false => norm.forward(x),
    }
}

/// Over the last axis.
pub(super) fn linear<const D: usize>(linear: &Linear, x: Tensor<D>) -> Tensor<D> {
    let [inputs, outputs] = linear.weight.lazy_shape().dims();
    let mut dims = x.dims();
    let rows = dims[1..D - 1].iter().product();
    let operation = || Operation::Linear {
        rows,
        inputs,
        outputs,
    };
    match traced(operation) {
        true => {
            dims[D - 1] = outputs;
            Tensor::zeros(dims, &x.device())
        }
        false => linear.forward(x),
    }
}

/// `function` of each value.
pub(super) fn activate<const D: usize>(function: Activation, x: Tensor<D>) -> Tensor<D> {
    if traced(|| Operation::Activation(function)) {
        return x;
    }
    match function {
        Activation::Relu => activation::relu(x),
        Activation::Relu6 => activation::relu6(x),
        Activation::Silu => activation::silu(x),
        Activation::Gelu => activation::gelu(x),
        Activation::Sigmoid => activation::sigmoid(x),
    }
}

pub(super) fn relu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activate(Activation::Relu, x)
}

/// The mean of each channel.
///
/// # Shapes
///
/// - input: `[N, C, H, W]`
/// - output: `[N, C]`
pub(super) fn global_average_pool(x: Tensor<4>) -> Tensor<2> {
    traced(|| Operation::GlobalAveragePool);
    x.flatten::<3>(2, 3).mean_dim(2).squeeze_dim(2)
}

pub(super) fn add<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    match traced(|| Operation::Add) {
        true => a,
        false => a + b,
    }
}

/// Along the channels.
pub(super) fn concatenate(maps: Vec<Tensor<4>>) -> Tensor<4> {
    traced(|| Operation::Concatenate);
    Tensor::cat(maps, 1)
}

/// Each value of `x` times that of `factor`, which has 1 where all of an axis
/// are scaled alike.
pub(super) fn scale<const D: usize>(x: Tensor<D>, factor: Tensor<D>) -> Tensor<D> {
    match traced(|| Operation::Scale) {
        true => x,
        false => x * factor,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::tensor::Device;

    #[test]
    fn global_average_pool_is_the_mean_of_each_channel() {
        let x = Tensor::<4>::from_data(
            [[[[1.0, 2.0], [3.0, 6.0]], [[0.0, 0.0], [0.0, -4.0]]]],
            &Device::default(),
        );
        let pooled = global_average_pool(x);
        assert_eq!(pooled.dims(), [1, 2]);
        assert_eq!(
            pooled.into_data().try_into_vec::<f32>().unwrap(),
            [3.0, -1.0]
        );
    }

    #[test]
    fn nothing_is_written_down_but_in_a_trace() {
        let x = Tensor::<2>::from_data([[-1.0, 2.0]], &Device::default());
        let operations = trace(|| drop(add(relu(x.clone()), x.clone())));
        let expected = [Operation::Activation(Activation::Relu), Operation::Add];
        assert_eq!(operations, expected);
        let values = relu(x).into_data().try_into_vec::<f32>().unwrap();
        assert_eq!(values, [0.0, 2.0]);
    }

    #[test]
    fn a_panic_ends_the_trace() {
        let panics = std::panic::catch_unwind(|| trace(|| panic!("in the middle")));
        assert!(panics.is_err());
        assert!(!traced(|| Operation::Add));
    }

    #[test]
    fn multiply_adds_of_a_grouped_convolution() {
        let convolution = Operation::Convolution {
            kernel: [3, 5],
            stride: [1, 1],
            groups: 2,
            channels: [4, 6],
            size: [7, 8],
        };
        // 15 taps of 2 channels, for 6 channels of 56 pixels
        assert_eq!(convolution.multiply_adds(), 15 * 2 * 6 * 56);
    }
}
