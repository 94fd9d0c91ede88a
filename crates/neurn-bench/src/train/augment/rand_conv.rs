use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};
use serde::Serialize;

/// Images of a step through one random convolution, which keeps shapes and
/// changes texture, colour and contrast.
///
/// With a chance of `keep` nothing happens. Else a kernel of side k, drawn from
/// `kernels`, with weights from `N(0, 1 / (C k^2))`, is laid over all images of
/// the step, each channel out of each channel, zeros beyond the border, and the
/// images become
///
/// ```text
/// a x + (1 - a) conv(x),    a uniform in 0..1
/// ```
///
/// Source: Xu, Liu, Yang, Raffel & Niethammer, *Robust and Generalizable Visual
/// Representation Learning via Random Convolutions*, ICLR 2021,
/// [arXiv 2007.13003](https://arxiv.org/abs/2007.13003), the variant that they
/// call RC_mix1-7, which has kernels of 1 to 7 and keeps no images. Their
/// consistency loss, over three draws of each image, is left out: "RandConv-style",
/// and not their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RandConv {
    /// The chance that a step's images stay as they are. Default: 0
    pub keep: f64,
    /// Sides of the kernel, odd. Default: 1, 3, 5, 7
    pub kernels: [usize; 4],
}

impl Default for RandConv {
    fn default() -> Self {
        Self {
            keep: 0.0,
            kernels: [1, 3, 5, 7],
        }
    }
}

impl RandConv {
    /// The images of a step, augmented.
    ///
    /// # Shapes
    ///
    /// - images: `[N, C, H, W]`
    /// - output: `[N, C, H, W]`
    pub fn forward(&self, images: Tensor<4>, chance: &mut ChaCha8Rng) -> Tensor<4> {
        if chance.random_bool(self.keep) {
            return images;
        }
        let [_, channels, _, _] = images.dims();
        let k = self.kernels[chance.random_range(0..self.kernels.len())];
        let weights = kernel(channels, k, chance);
        let share: f32 = chance.random();
        mixed(images, weights, share)
    }
}

/// `[C, C, k, k]` from `N(0, 1 / (C k^2))`, with which a convolution keeps the
/// second moment of white noise.
fn kernel(channels: usize, k: usize, chance: &mut ChaCha8Rng) -> TensorData {
    let deviation = 1.0 / ((channels * k * k) as f32).sqrt();
    let normal = Normal::new(0.0, deviation).expect("a deviation over 0");
    let count = channels * channels * k * k;
    let weights: Vec<f32> = (0..count).map(|_| normal.sample(chance)).collect();
    TensorData::new(weights, [channels, channels, k, k])
}

/// `share x + (1 - share) conv(x)`.
fn mixed(images: Tensor<4>, kernel: TensorData, share: f32) -> Tensor<4> {
    let half = kernel.shape()[2] / 2;
    let kernel = Tensor::from_data(kernel, &images.device());
    let options = ConvOptions::new([1, 1], [half, half], [1, 1], 1);
    let convolved = conv2d(images.clone(), kernel, None, options);
    images * share + convolved * (1.0 - share)
}

#[cfg(test)]
mod tests {
    use super::super::chance;
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn weights_have_their_variance() {
        for k in [1, 3, 5, 7] {
            let mut squares = 0.0;
            let mut count = 0.0;
            for step in 0..200 {
                let weights = kernel(3, k, &mut chance(0, 1, step));
                for weight in weights.iter::<f64>() {
                    squares += weight * weight;
                    count += 1.0;
                }
            }
            let ratio = squares / count * (3 * k * k) as f64;
            // The mean of n squares of N(0, 1) deviates by sqrt(2 / n).
            let six = 6.0 * (2.0_f64 / count).sqrt();
            assert!((ratio - 1.0).abs() < six, "k = {k}: {ratio}");
        }
    }

    /// The formula written out, in f64.
    #[test]
    fn a_mixed_convolution_is_the_formula() {
        let (channels, side, k, share) = (2, 4, 3, 0.25_f32);
        let value = |i: usize| ((i * 37 + 11) % 17) as f32 / 17.0 - 0.4;
        let pixels: Vec<f32> = (0..channels * side * side).map(value).collect();
        let weights: Vec<f32> = (0..channels * channels * k * k)
            .map(|i| value(i + 5))
            .collect();
        let images = TensorData::new(pixels.clone(), [1, channels, side, side]);
        let output = mixed(
            Tensor::from_data(images, &Device::flex()),
            TensorData::new(weights.clone(), [channels, channels, k, k]),
            share,
        );
        let output: Vec<f64> = output.into_data().iter::<f64>().collect();
        for to in 0..channels {
            for y in 0..side {
                for x in 0..side {
                    let mut sum = 0.0;
                    for from in 0..channels {
                        for (dy, dx) in (0..k).flat_map(|dy| (0..k).map(move |dx| (dy, dx))) {
                            let (row, column) = (y + dy, x + dx);
                            if (1..=side).contains(&row) && (1..=side).contains(&column) {
                                let weight = weights[((to * channels + from) * k + dy) * k + dx];
                                let place = (from * side + row - 1) * side + column - 1;
                                sum += f64::from(weight) * f64::from(pixels[place]);
                            }
                        }
                    }
                    let place = (to * side + y) * side + x;
                    let share = f64::from(share);
                    let expected = share * f64::from(pixels[place]) + (1.0 - share) * sum;
                    // 18 products of numbers under 1, each rounded twice, and the mix.
                    let bound = 40.0 * f64::from(f32::EPSILON);
                    assert!((output[place] - expected).abs() < bound, "{to} {y} {x}");
                }
            }
        }
    }

    #[test]
    fn shapes_stay_and_images_are_kept_as_often_as_asked() {
        let images = Tensor::<4>::ones([2, 3, 9, 8], &Device::flex());
        let unchanged = |keep| {
            let rand_conv = RandConv {
                keep,
                ..RandConv::default()
            };
            (0..100)
                .filter(|&step| {
                    let output = rand_conv.forward(images.clone(), &mut chance(3, 2, step));
                    assert_eq!(output.dims(), images.dims());
                    output.into_data() == images.clone().into_data()
                })
                .count()
        };
        assert_eq!((unchanged(1.0), unchanged(0.0)), (100, 0));
        // 50 +- 5 in a binomial distribution; six deviations.
        assert!((20..=80).contains(&unchanged(0.5)));
    }
}
