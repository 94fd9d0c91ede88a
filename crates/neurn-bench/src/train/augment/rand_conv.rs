use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Int, Tensor, TensorData};
use neurn_models::Classifier;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};
use serde::{Deserialize, Serialize};

/// Random convolutions, which keep shapes and change texture, colour and contrast,
/// and a loss that asks for the same answer whatever they did.
///
/// A convolution of a step has a kernel of side k, drawn from `kernels`, with weights
/// from `N(0, 1 / (C k^2))`, each channel out of each channel, zeros beyond the
/// border. With images x in -1..1 (`2 x - 1` of those in 0..1) they become
///
/// ```text
/// a x + (1 - a) conv(x),    a uniform in 0..1
/// ```
///
/// or stay as they are with the probability `keep`. With a consistency over 0, the
/// images of a step are drawn three times, and
///
/// ```text
/// loss = cross entropy of p1 + consistency * mean of KL(p1 | p), KL(p2 | p), KL(p3 | p)
/// p = (p1 + p2 + p3) / 3
/// ```
///
/// with the predicted distributions p1, p2, p3. The frontend comes after the
/// convolution, as it does when the network is used.
///
/// Source: Xu, Liu, Yang, Raffel & Niethammer, *Robust and Generalizable Visual
/// Representation Learning via Random Convolutions*, ICLR 2021,
/// [arXiv 2007.13003](https://arxiv.org/abs/2007.13003): the variant RC_mix1-7, with
/// the settings of their script for digits. Their program draws the second and third
/// images from the first ones and validates on drawn images too; here all three are
/// drawn from the images themselves, as in the paper, and validation is plain.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandConv {
    /// The probability that a step's images stay as they are. Default: 0
    pub keep: f64,
    /// Sides of the kernel, odd. Default: 1, 3, 5, 7
    pub kernels: [usize; 4],
    /// Weight of the consistency loss; at 0 images are drawn once. Default: 10
    pub consistency: f64,
}

impl Default for RandConv {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl RandConv {
    /// The settings of the paper's digits.
    pub const DEFAULT: Self = Self {
        keep: 0.0,
        kernels: [1, 3, 5, 7],
        consistency: 10.0,
    };

    /// The loss of a step, of images that have not passed the frontend.
    ///
    /// # Shapes
    ///
    /// - images: `[N, channels, H, W]` in 0..=1
    /// - labels: `[N]`
    /// - output: `[1]`
    pub fn loss(
        &self,
        classifier: &Classifier,
        images: Tensor<4>,
        labels: Tensor<1, Int>,
        rng: &mut ChaCha8Rng,
    ) -> Tensor<1> {
        let cross_entropy = CrossEntropyLossConfig::new().init(&images.device());
        let mut logits = || classifier.forward(self.forward(images.clone(), rng));
        let first = logits();
        let loss = cross_entropy.forward(first.clone(), labels);
        match self.consistency > 0.0 {
            true => loss + consistency([first, logits(), logits()]) * self.consistency,
            false => loss,
        }
    }

    /// The images of a step, augmented.
    ///
    /// # Shapes
    ///
    /// - images: `[N, C, H, W]` in 0..=1
    /// - output: `[N, C, H, W]`, which may lie beyond
    pub fn forward(&self, images: Tensor<4>, rng: &mut ChaCha8Rng) -> Tensor<4> {
        if rng.random_bool(self.keep) {
            return images;
        }
        let [_, channels, _, _] = images.dims();
        let k = self.kernels[rng.random_range(0..self.kernels.len())];
        let weights = kernel(channels, k, rng);
        let share: f32 = rng.random();
        (mixed(images * 2.0 - 1.0, weights, share) + 1.0) / 2.0
    }
}

/// The mean of the three divergences from the mean distribution, over a step's images.
fn consistency(logits: [Tensor<2>; 3]) -> Tensor<1> {
    let count = logits[0].dims()[0] as f64;
    let shares = logits.clone().map(|logits| softmax(logits, 1));
    let [first, second, third] = shares.clone();
    let mean = ((first + second + third) / 3.0).clamp(1e-7, 1.0).log();
    let divergences = shares.into_iter().zip(logits).map(|(share, logits)| {
        // 0 log 0 is 0, as log softmax is finite.
        (share * (log_softmax(logits, 1) - mean.clone())).sum() / count
    });
    let divergences: Vec<Tensor<1>> = divergences.collect();
    Tensor::cat(divergences, 0).mean()
}

/// `[C, C, k, k]` from `N(0, 1 / (C k^2))`, with which a convolution keeps the
/// second moment of white noise.
fn kernel(channels: usize, k: usize, rng: &mut ChaCha8Rng) -> TensorData {
    let deviation = 1.0 / ((channels * k * k) as f32).sqrt();
    let normal = Normal::new(0.0, deviation).expect("a deviation over 0");
    let count = channels * channels * k * k;
    let weights: Vec<f32> = (0..count).map(|_| normal.sample(rng)).collect();
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
    use super::super::step_rng;
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn weights_have_their_variance() {
        for k in [1, 3, 5, 7] {
            let mut squares = 0.0;
            let mut count = 0.0;
            for step in 0..200 {
                let weights = kernel(3, k, &mut step_rng(0, 1, step));
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
                    let output = rand_conv.forward(images.clone(), &mut step_rng(3, 2, step));
                    assert_eq!(output.dims(), images.dims());
                    output.into_data() == images.clone().into_data()
                })
                .count()
        };
        assert_eq!((unchanged(1.0), unchanged(0.0)), (100, 0));
        // 50 +- 5 in a binomial distribution; six deviations.
        assert!((20..=80).contains(&unchanged(0.5)));
    }

    /// NumPy, with p = softmax of each row: `np.mean([np.sum(p * (np.log(p) -
    /// np.log(m)), 1).mean() for p in (a, b, c)])`, m their mean.
    #[test]
    fn consistency_is_the_formula() {
        let device = Device::flex();
        let rows = [
            [[1.0_f64, 0.0, -1.0], [0.5, 0.5, 2.0]],
            [[0.0, 0.0, 0.0], [1.0, -1.0, 0.0]],
            [[2.0, 1.0, 0.0], [0.0, 3.0, 0.0]],
        ];
        let shares = rows.map(|rows| {
            rows.map(|row| {
                let sum: f64 = row.iter().map(|x| x.exp()).sum();
                row.map(|x| x.exp() / sum)
            })
        });
        let mut expected = 0.0;
        for share in &shares {
            for (row, values) in share.iter().enumerate() {
                for (class, p) in values.iter().enumerate() {
                    let mean = shares.iter().map(|s| s[row][class]).sum::<f64>() / 3.0;
                    expected += p * (p / mean).ln() / 6.0;
                }
            }
        }
        let logits =
            rows.map(|rows| Tensor::<2>::from_data(rows.map(|r| r.map(|x| x as f32)), &device));
        let found: f32 = consistency(logits).into_scalar();
        // Some thirty roundings of numbers up to 3.
        assert!(
            (f64::from(found) - expected).abs() < 1e-5,
            "{found} for {expected}"
        );
    }
}
