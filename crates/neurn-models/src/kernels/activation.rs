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
    /// Of a number. NaN stays NaN.
    #[inline(always)]
    pub(super) fn of<T: super::flex::Real>(self, x: T) -> T {
        match self {
            Self::None => x,
            Self::Relu if x <= T::ZERO => T::ZERO,
            Self::Relu6 if x <= T::ZERO => T::ZERO,
            Self::Relu6 if x >= T::of(6.0) => T::of(6.0),
            _ => x,
        }
    }

    /// The gradient by the input, from that by the output and the output itself: 0 where
    /// the output stays the same.
    #[inline(always)]
    pub(super) fn gradient<T: super::flex::Real>(self, output: T, by_output: T) -> T {
        let stays = match self {
            Self::None => false,
            Self::Relu => output <= T::ZERO,
            Self::Relu6 => output <= T::ZERO || output >= T::of(6.0),
        };
        if stays { T::ZERO } else { by_output }
    }
}
