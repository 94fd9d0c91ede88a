//! Max-pool that keeps, for the way back, which value of its window won.

use burn::nn::pool::MaxPool2d;
use burn::tensor::Tensor;

/// What a [`MaxPool2d`] computes.
pub(crate) fn max_pool(pool: &MaxPool2d, images: Tensor<4>) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if let Some(windows) = kernel::Windows::new(pool, &images) {
        return kernel::max_pool(images, windows);
    }
    pool.forward(images)
}

#[cfg(feature = "flex")]
mod kernel {
    use std::mem::MaybeUninit;

    use burn::backend::autodiff::checkpoint::base::Checkpointer;
    use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
    use burn::backend::autodiff::grads::Gradients;
    use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
    use burn::backend::flex::FlexTensor;
    use burn::backend::tensor::{FloatTensor, IntTensor};
    use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
    use burn::nn::PaddingConfig2d;
    use burn::nn::pool::MaxPool2d;
    use burn::tensor::Tensor;
    use macerator::Simd;
    use rayon::prelude::*;

    use super::super::flex::{Real, for_dtype, serves, tensor, written};

    /// The windows of a pool on images.
    #[derive(Clone, Copy, Debug)]
    pub(super) struct Windows {
        size: [usize; 2],
        stride: [usize; 2],
        /// Pixels beyond the border above, and to the left.
        padding: [usize; 2],
        image: [usize; 2],
        output: [usize; 2],
    }

    impl Windows {
        /// None, if the kernel does not compute such a pool.
        pub fn new(pool: &MaxPool2d, images: &Tensor<4>) -> Option<Self> {
            let [n, c, height, width] = images.dims();
            let padding = match pool.padding {
                PaddingConfig2d::Valid => [0; 2],
                PaddingConfig2d::Explicit(top, left, bottom, right)
                    if (top, left) == (bottom, right) =>
                {
                    [top, left]
                }
                _ => return None,
            };
            let (size, stride, image) = (pool.kernel_size, pool.stride, [height, width]);
            let plain = pool.dilation == [1, 1] && !pool.ceil_mode && !stride.contains(&0);
            // A window of more values than a byte can count, or one beyond the border.
            let odd = size[0] * size[1] >= usize::from(u8::MAX)
                || (0..2).any(|axis| {
                    padding[axis] >= size[axis] || size[axis] > image[axis] + 2 * padding[axis]
                });
            if !plain || odd || n * c == 0 || !serves(images) {
                return None;
            }
            let output = [0, 1]
                .map(|axis| (image[axis] + 2 * padding[axis] - size[axis]) / stride[axis] + 1);
            Some(Self {
                size,
                stride,
                padding,
                image,
                output,
            })
        }

        /// Along an axis: the places of a window that lie on the image, and the pixel at the
        /// first of them.
        fn inside(&self, axis: usize, window: usize) -> (std::ops::Range<usize>, usize) {
            let (first, padding) = (window * self.stride[axis], self.padding[axis]);
            let begin = padding.saturating_sub(first);
            let end = (self.image[axis] + padding - first).min(self.size[axis]);
            (begin..end, first + begin - padding)
        }

        /// Along an axis: the windows all of whose places lie on the image.
        fn on_image(&self, axis: usize) -> std::ops::Range<usize> {
            let (stride, padding) = (self.stride[axis], self.padding[axis]);
            let begin = padding.div_ceil(stride).min(self.output[axis]);
            let room = (self.image[axis] + padding).checked_sub(self.size[axis]);
            let end = room.map_or(0, |room| room / stride + 1);
            begin..end.clamp(begin, self.output[axis])
        }
    }

    pub(super) fn max_pool(images: Tensor<4>, windows: Windows) -> Tensor<4> {
        Tensor::from_dispatch(Dispatch::max_pool(images.into_dispatch(), windows))
    }

    #[backend_extension(Flex, Autodiff)]
    trait MaxPoolBackend: Backend {
        fn max_pool(images: FloatTensor<Self>, windows: Windows) -> FloatTensor<Self>;
    }

    /// With the winners, and the way back from them.
    trait MaxPoolGradient: Backend {
        fn max_pool_with_winners(
            images: FloatTensor<Self>,
            windows: Windows,
        ) -> (FloatTensor<Self>, IntTensor<Self>);

        fn max_pool_backward(
            by_output: FloatTensor<Self>,
            winners: IntTensor<Self>,
            windows: Windows,
        ) -> FloatTensor<Self>;
    }

    #[derive(Debug)]
    struct MaxPool;

    impl<B: MaxPoolGradient> Backward<B, 1> for MaxPool {
        type State = (IntTensor<B>, Windows);

        fn backward(
            self,
            ops: Ops<Self::State, 1>,
            gradients: &mut Gradients,
            _checkpointer: &mut Checkpointer,
        ) {
            let [node] = ops.parents;
            let by_output = gradients.consume::<B>(&ops.node);
            let (winners, windows) = ops.state;
            if let Some(node) = node {
                let gradient = B::max_pool_backward(by_output, winners, windows);
                gradients.register::<B>(node.id, gradient);
            }
        }
    }

    impl<B, C> MaxPoolBackend for Autodiff<B, C>
    where
        B: MaxPoolBackend + MaxPoolGradient,
        C: CheckpointStrategy,
    {
        fn max_pool(images: FloatTensor<Self>, windows: Windows) -> FloatTensor<Self> {
            let prepared = MaxPool.prepare::<C>([images.node()]).compute_bound();
            let images = images.into_primitive();
            match prepared.stateful() {
                OpsKind::Tracked(prepared) => {
                    let (output, winners) = B::max_pool_with_winners(images, windows);
                    prepared.finish((winners, windows), output)
                }
                OpsKind::UnTracked(prepared) => prepared.finish(B::max_pool(images, windows)),
            }
        }
    }

    impl MaxPoolBackend for Flex {
        fn max_pool(images: FlexTensor, windows: Windows) -> FlexTensor {
            Self::max_pool_with_winners(images, windows).0
        }
    }

    impl MaxPoolGradient for Flex {
        fn max_pool_with_winners(images: FlexTensor, windows: Windows) -> (FlexTensor, FlexTensor) {
            for_dtype!(images, forward(&images.to_contiguous(), &windows))
        }

        fn max_pool_backward(
            by_output: FlexTensor,
            winners: FlexTensor,
            windows: Windows,
        ) -> FlexTensor {
            for_dtype!(
                by_output,
                backward(&by_output.to_contiguous(), &winners, &windows)
            )
        }
    }

    /// Planes that a thread takes at a time.
    const PLANES: usize = 8;

    fn forward<T: Real>(images: &FlexTensor, windows: &Windows) -> (FlexTensor, FlexTensor) {
        let [n, c, _, _] = images.shape().dims();
        let [height, width] = windows.output;
        let count = height * width;
        let size = n * c * count;
        let mut winners = vec![0_u8; size];
        let write = |output: &mut [MaybeUninit<T>]| {
            let pixels = windows.image[0] * windows.image[1];
            let planes = T::values(images).par_chunks(PLANES * pixels);
            let results = output.par_chunks_mut(PLANES * count);
            let results = results.zip(winners.par_chunks_mut(PLANES * count));
            results.zip(planes).for_each(|((output, winners), planes)| {
                let results = output.chunks_exact_mut(count);
                let results = results.zip(winners.chunks_exact_mut(count));
                let planes = planes.chunks_exact(pixels);
                for ((output, winners), plane) in results.zip(planes) {
                    pool(output, winners, plane, windows);
                }
            });
        };
        // SAFETY: each plane is pooled, and `pool` writes each window of it.
        #[allow(unsafe_code)]
        let output = unsafe { written(size, write) };
        let shape = [n, c, height, width];
        (tensor(output, shape), tensor(winners, shape))
    }

    /// Pools a plane. The first of equal values wins, and NaN over all.
    #[macerator::with_simd]
    fn pool<S: Simd, T: Real>(
        output: &mut [MaybeUninit<T>],
        winners: &mut [u8],
        plane: &[T],
        windows: &Windows,
    ) {
        match (windows.size, windows.stride) {
            ([2, 2], [2, 2]) => pool_plane::<T, 2, 2>(output, winners, plane, windows),
            ([3, 3], [2, 2]) => pool_plane::<T, 3, 2>(output, winners, plane, windows),
            _ => {
                let rows = output
                    .chunks_exact_mut(windows.output[1])
                    .zip(winners.chunks_exact_mut(windows.output[1]));
                for (y, (output, winners)) in rows.enumerate() {
                    pool_any(output, winners, plane, windows, [y, 0]);
                }
            }
        }
    }

    /// Windows of `SIZE` by `SIZE`. Those that lie on the image pass by themselves.
    #[inline(always)]
    fn pool_plane<T: Real, const SIZE: usize, const STRIDE: usize>(
        output: &mut [MaybeUninit<T>],
        winners: &mut [u8],
        plane: &[T],
        windows: &Windows,
    ) {
        let [width, columns] = [windows.image[1], windows.output[1]];
        let [rows, inner] = [0, 1].map(|axis| windows.on_image(axis));
        let lines = output
            .chunks_exact_mut(columns)
            .zip(winners.chunks_exact_mut(columns));
        for (y, (output, winners)) in lines.enumerate() {
            if !rows.contains(&y) || inner.is_empty() {
                pool_any(output, winners, plane, windows, [y, 0]);
                continue;
            }
            for border in [0..inner.start, inner.end..columns] {
                let first = border.start;
                let (output, winners) = (&mut output[border.clone()], &mut winners[border]);
                pool_any(output, winners, plane, windows, [y, first]);
            }
            let top = y * STRIDE - windows.padding[0];
            let left = inner.start * STRIDE - windows.padding[1];
            let lines = std::array::from_fn(|down| {
                let line = &plane[(top + down) * width + left..];
                &line[..(inner.len() - 1) * STRIDE + SIZE]
            });
            let (output, winners) = (&mut output[inner.clone()], &mut winners[inner.clone()]);
            pool_line::<T, SIZE, STRIDE>(output, winners, lines);
        }
    }

    /// Windows that are pooled side by side.
    const LANES: usize = 8;

    /// A row of windows that all lie on the image, from the rows of pixels that they see.
    #[inline(always)]
    fn pool_line<T: Real, const SIZE: usize, const STRIDE: usize>(
        output: &mut [MaybeUninit<T>],
        winners: &mut [u8],
        lines: [&[T]; SIZE],
    ) {
        let count = output.len();
        if count < LANES {
            for x in 0..count {
                let lines = lines.map(|line| &line[x * STRIDE..]);
                pool_lanes::<T, SIZE, STRIDE, 1>(&mut output[x..], &mut winners[x..], lines);
            }
            return;
        }
        // The last lanes begin earlier where they would end beyond the row.
        for x in (0..count).step_by(LANES).map(|x| x.min(count - LANES)) {
            let lines = lines.map(|line| &line[x * STRIDE..]);
            pool_lanes::<T, SIZE, STRIDE, LANES>(&mut output[x..], &mut winners[x..], lines);
        }
    }

    /// The first windows of a row.
    #[inline(always)]
    fn pool_lanes<T: Real, const SIZE: usize, const STRIDE: usize, const LANES: usize>(
        output: &mut [MaybeUninit<T>],
        winners: &mut [u8],
        lines: [&[T]; SIZE],
    ) {
        let lines = lines.map(|line| &line[..(LANES - 1) * STRIDE + SIZE]);
        let mut best: [T; LANES] = std::array::from_fn(|x| lines[0][x * STRIDE]);
        let mut taps = [0; LANES];
        for (down, line) in lines.iter().enumerate() {
            for along in 0..SIZE {
                let tap = (down * SIZE + along) as u8;
                let values: [T; LANES] = std::array::from_fn(|x| line[x * STRIDE + along]);
                for x in 0..LANES {
                    let wins = beats(values[x], best[x]);
                    best[x] = if wins { values[x] } else { best[x] };
                    taps[x] = if wins { tap } else { taps[x] };
                }
            }
        }
        let pairs = output[..LANES].iter_mut().zip(best);
        pairs.for_each(|(output, best)| {
            output.write(best);
        });
        winners[..LANES].copy_from_slice(&taps);
    }

    /// Windows of any kind in a row from `first` on, of which some may reach over the border.
    #[inline(always)]
    fn pool_any<T: Real>(
        output: &mut [MaybeUninit<T>],
        winners: &mut [u8],
        plane: &[T],
        windows: &Windows,
        first: [usize; 2],
    ) {
        let width = windows.image[1];
        let rows = windows.inside(0, first[0]);
        for (x, (output, winner)) in output.iter_mut().zip(winners).enumerate() {
            let columns = windows.inside(1, first[1] + x);
            let mut best = None;
            for (down, row) in rows.0.clone().zip(rows.1..) {
                for (along, column) in columns.0.clone().zip(columns.1..) {
                    let value = plane[row * width + column];
                    if best.is_none_or(|best| beats(value, best)) {
                        best = Some(value);
                        *winner = (down * windows.size[1] + along) as u8;
                    }
                }
            }
            output.write(best.expect("padding is smaller than a window"));
        }
    }

    /// Whether a value wins over those before it.
    #[inline(always)]
    #[allow(clippy::eq_op)]
    fn beats<T: Real>(value: T, best: T) -> bool {
        (value > best) | (value != value)
    }

    fn backward<T: Real>(
        by_output: &FlexTensor,
        winners: &FlexTensor,
        windows: &Windows,
    ) -> FlexTensor {
        let [n, c, _, _] = by_output.shape().dims();
        let [height, width] = windows.image;
        let winners = winners
            .as_slice::<u8>()
            .expect("contiguous, as made by forward");
        let mut gradient = vec![T::ZERO; n * c * height * width];
        let count = windows.output[0] * windows.output[1];
        let planes = gradient.par_chunks_mut(PLANES * height * width);
        planes
            .zip(T::values(by_output).par_chunks(PLANES * count))
            .zip(winners.par_chunks(PLANES * count))
            .for_each(|((planes, by_output), winners)| {
                let planes = planes.chunks_exact_mut(height * width);
                let outputs = by_output
                    .chunks_exact(count)
                    .zip(winners.chunks_exact(count));
                planes
                    .zip(outputs)
                    .for_each(|(plane, (by_output, winners))| {
                        unpool(plane, by_output, winners, windows);
                    });
            });
        tensor(gradient, [n, c, height, width])
    }

    /// Adds the gradient of each window to the pixel that won it.
    fn unpool<T: Real>(plane: &mut [T], by_output: &[T], winners: &[u8], windows: &Windows) {
        let [size, stride, padding] = [windows.size, windows.stride, windows.padding];
        let [_, width] = windows.image;
        let border = padding[0] * width + padding[1];
        let taps: Vec<usize> = (0..size[0] * size[1])
            .map(|tap| tap / size[1] * width + tap % size[1])
            .collect();
        let outputs = windows.output[1];
        let rows = by_output
            .chunks_exact(outputs)
            .zip(winners.chunks_exact(outputs));
        for (y, (by_output, winners)) in rows.enumerate() {
            for (x, (by_output, winner)) in by_output.iter().zip(winners).enumerate() {
                let first = y * stride[0] * width + x * stride[1];
                plane[first + taps[usize::from(*winner)] - border] += *by_output;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::nn::PaddingConfig2d;
    use burn::nn::pool::MaxPool2dConfig;
    use burn::tensor::{Device, Distribution, Tensor};

    /// Output and gradient.
    fn both(pool: &MaxPool2d, images: &Tensor<4>, ours: bool) -> (Tensor<4>, Tensor<4>) {
        let device = images.device();
        let images = images.clone().require_grad();
        let output = match ours {
            true => max_pool(pool, images.clone()),
            false => pool.forward(images.clone()),
        };
        let weights = Tensor::arange(0..output.shape().num_elements() as i64, &device);
        let weights = weights.float().reshape(output.dims());
        let gradients = (output.clone() * weights).sum().backward();
        (output.inner(), images.grad(&gradients).unwrap())
    }

    #[test]
    fn agrees_with_burn() {
        let device = Device::flex().autodiff();
        let pads = |pixels| PaddingConfig2d::Explicit(pixels, pixels, pixels, pixels);
        for (size, stride, padding) in [
            ([2, 2], [2, 2], PaddingConfig2d::Valid),
            ([2, 2], [2, 2], pads(1)),
            ([3, 3], [2, 2], PaddingConfig2d::Valid),
            ([3, 3], [2, 2], pads(1)),
            ([3, 2], [1, 3], PaddingConfig2d::Valid),
            ([1, 1], [2, 2], PaddingConfig2d::Valid),
        ] {
            let config = MaxPool2dConfig::new(size).with_strides(stride);
            let pool = config.with_padding(padding).init();
            for size in [[3, 5, 14, 14], [1, 2, 9, 40], [2, 1, 3, 3], [1, 1, 33, 17]] {
                // Small whole numbers, so that many are equal.
                let uniform = Distribution::Uniform(-3.0, 3.0);
                let images = Tensor::<4>::random(size, uniform, &device).round();
                let (output, gradient) = both(&pool, &images, true);
                let (expected, expected_gradient) = both(&pool, &images, false);
                assert_eq!(output.into_data(), expected.into_data(), "{pool:?}");
                assert_eq!(
                    gradient.into_data(),
                    expected_gradient.into_data(),
                    "{pool:?}"
                );
            }
        }
    }

    #[test]
    fn nan_wins() {
        let device = Device::flex();
        let image = Tensor::<4>::from_data([[[[1.0, f32::NAN], [3.0, 2.0]]]], &device);
        let pool = MaxPool2dConfig::new([2, 2]).init();
        assert!(max_pool(&pool, image).into_scalar::<f32>().is_nan());
    }
}
