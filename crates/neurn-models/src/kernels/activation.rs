use burn::tensor::Tensor;
use burn::tensor::activation::relu;

/// What follows a convolution or a batch norm, in one pass with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    None,
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, 0), 6)`
    Relu6,
}

impl Activation {
    /// Composed from Burn's operations.
    pub fn forward(self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::None => x,
            Self::Relu => relu(x),
            Self::Relu6 => x.clamp(0.0, 6.0),
        }
    }
}

#[cfg(feature = "flex")]
impl Activation {
    /// Where the output ends.
    #[inline(always)]
    pub(super) fn bounds<T: super::flex::Real>(self) -> Bounds<T> {
        let none = T::of(f64::NAN);
        let (low, high) = match self {
            Self::None => (none, none),
            Self::Relu => (T::ZERO, none),
            Self::Relu6 => (T::ZERO, T::of(6.0)),
        };
        Bounds { low, high }
    }
}

/// An activation as kernels compute it: without branches, so that a loop over many numbers
/// becomes one over registers. A bound that is not there is NaN, which no number reaches.
#[cfg(feature = "flex")]
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds<T> {
    low: T,
    high: T,
}

#[cfg(feature = "flex")]
impl<T: super::flex::Real> Bounds<T> {
    /// Of a number. NaN stays NaN.
    #[inline(always)]
    pub(super) fn of(self, x: T) -> T {
        let x = if x <= self.low { self.low } else { x };
        if x >= self.high { self.high } else { x }
    }

    /// The gradient by the input, from that by the output and the output itself: 0 where
    /// the output stays the same.
    #[inline(always)]
    pub(super) fn gradient(self, output: T, by_output: T) -> T {
        let stays = (output <= self.low) | (output >= self.high);
        if stays { T::ZERO } else { by_output }
    }
}
