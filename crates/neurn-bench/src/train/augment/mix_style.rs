use burn::tensor::{Int, Tensor, TensorData};
use neurn_models::{Classifier, LayerName};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution};
use serde::{Deserialize, Serialize};

/// What a layer makes of an image, with the mean and deviation of each channel
/// between its own and those of another image of the step.
///
/// With mu and sigma over the pixels of a channel, `mu'` and `sigma'` of an image
/// that a random order of the step puts in this one's place, and lambda from
/// `Beta(0.1, 0.1)` for each image:
///
/// ```text
/// y = (l sigma + (1 - l) sigma') (x - mu) / sigma + l mu + (1 - l) mu'
/// sigma = sqrt(variance + 1e-6)
/// ```
///
/// Means and deviations count as constants in the gradient. It happens in each
/// place with a probability.
///
/// Source: Zhou, Yang, Qiao & Xiang, *Domain Generalization with MixStyle*, ICLR
/// 2021, [arXiv 2104.02008](https://arxiv.org/abs/2104.02008): after the first
/// stages of the network and never after its last layer. Here that is after the
/// first two pools of a digit network or a VGG, after the first two stages of a
/// ResNet, and after the last block of a MobileNet at a quarter and at an eighth of
/// the image's size, where those stages end; so after the first pool alone in the
/// published digit network. Deviations are those of the pixels at hand (over n).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MixStyle {
    /// Of styles being mixed, in each place of each step. Default: 0.5
    pub probability: f64,
    /// Both parameters of the Beta distribution. Default: 0.1
    pub alpha: f64,
    /// Whether it may follow the last layer. Default: false
    pub last: bool,
}

impl Default for MixStyle {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The layers that it follows, of all families.
const PLACES: [&str; 6] = [
    "pool1",
    "pool2",
    "layer1",
    "layer2",
    "conv_pw_3",
    "conv_pw_5",
];

/// Added to the variance.
const EPSILON: f64 = 1e-6;

impl MixStyle {
    /// The paper's settings.
    pub const DEFAULT: Self = Self {
        probability: 0.5,
        alpha: 0.1,
        last: false,
    };

    /// The logits of images that have passed the frontend, if it comes first.
    ///
    /// # Shapes
    ///
    /// - images: `[N, channels, H, W]`
    /// - output: `[N, classes]`
    pub fn logits(
        &self,
        classifier: &Classifier,
        images: Tensor<4>,
        rng: &mut ChaCha8Rng,
    ) -> Tensor<2> {
        let images = classifier.normalization.forward(images);
        let last = classifier.backbone.layer_names().pop();
        let is_last = |layer: &LayerName| last.as_ref().is_some_and(|l| layer.is(l));
        let mut after = |layer: &LayerName, x| {
            let x = classifier.after_layer(layer, x);
            match self.follows(layer) && (self.last || !is_last(layer)) {
                true => self.forward(x, rng),
                false => x,
            }
        };
        classifier.backbone.forward_with(images, &mut after)
    }

    /// Whether it follows this layer.
    pub fn follows(&self, layer: &LayerName) -> bool {
        PLACES.iter().any(|place| layer.is(place))
    }

    /// The images of a step with their styles mixed, or as they are.
    ///
    /// # Shapes
    ///
    /// - x: `[N, C, H, W]`
    /// - output: `[N, C, H, W]`
    ///
    /// # Panics
    ///
    /// If `alpha` is not over 0, or `probability` not in `0..=1`.
    pub fn forward(&self, x: Tensor<4>, rng: &mut ChaCha8Rng) -> Tensor<4> {
        if !rng.random_bool(self.probability) {
            return x;
        }
        let [count, _, _, _] = x.dims();
        let beta = Beta::new(self.alpha, self.alpha).expect("alpha over 0");
        let shares: Vec<f64> = (0..count).map(|_| beta.sample(rng)).collect();
        let mut order: Vec<i64> = (0..count as i64).collect();
        order.shuffle(rng);
        mixed(x, &shares, order)
    }
}

/// Image `i` keeps `shares[i]` of its style and takes the rest from image
/// `order[i]`.
fn mixed(x: Tensor<4>, shares: &[f64], order: Vec<i64>) -> Tensor<4> {
    let [count, channels, height, width] = x.dims();
    let device = x.device();
    let flat: Tensor<3> = x
        .clone()
        .detach()
        .reshape([count, channels, height * width]);
    let mean = flat.clone().mean_dim(2);
    let variance = (flat - mean.clone()).square().mean_dim(2);
    let deviation = (variance + EPSILON).sqrt();

    let order = Tensor::<1, Int>::from_data(TensorData::new(order, [count]), &device);
    let share = TensorData::new(shares.to_vec(), [count, 1, 1]).convert_dtype(x.dtype());
    let share = Tensor::<3>::from_data(share, &device);
    let mix = |own: Tensor<3>| {
        let other = own.clone().select(0, order.clone());
        other.clone() + (own - other) * share.clone()
    };
    let wide = |x: Tensor<3>| x.unsqueeze_dim::<4>(3);
    let scale = wide(mix(deviation.clone()) / deviation);
    (x - wide(mean.clone())) * scale + wide(mix(mean))
}

#[cfg(test)]
mod tests {
    use super::super::step_rng;
    use super::*;
    use burn::tensor::Device;

    const SHAPE: [usize; 4] = [3, 2, 3, 2];

    fn values() -> Vec<f32> {
        let count = SHAPE.iter().product::<usize>();
        (0..count)
            .map(|i| ((i * 29 + 7) % 31) as f32 / 10.0)
            .collect()
    }

    fn images() -> Tensor<4> {
        Tensor::from_data(TensorData::new(values(), SHAPE), &Device::flex())
    }

    /// Mean and deviation of a channel, in f64.
    fn style(plane: &[f64]) -> (f64, f64) {
        let n = plane.len() as f64;
        let mean = plane.iter().sum::<f64>() / n;
        let variance = plane.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        (mean, (variance + EPSILON).sqrt())
    }

    #[test]
    fn styles_are_mixed_by_the_formula() {
        let (shares, order) = ([0.9, 0.25, 0.0], vec![1_i64, 2, 0]);
        let output = mixed(images(), &shares, order.clone()).into_data();
        let output: Vec<f64> = output.iter::<f64>().collect();
        let input: Vec<f64> = values().into_iter().map(f64::from).collect();
        let plane = 6;
        for (place, channel) in output.chunks(plane).enumerate() {
            let (image, within) = (place / 2, place % 2);
            let own = &input[place * plane..][..plane];
            let other = &input[(order[image] as usize * 2 + within) * plane..][..plane];
            let ((mean, deviation), (mean2, deviation2)) = (style(own), style(other));
            let share = shares[image];
            let scale = (share * deviation + (1.0 - share) * deviation2) / deviation;
            let middle = share * mean + (1.0 - share) * mean2;
            for (y, x) in channel.iter().zip(own) {
                let expected = (x - mean) * scale + middle;
                // Numbers up to 3, scaled by up to 2, a score of roundings.
                let bound = 20.0 * 6.0 * f64::from(f32::EPSILON);
                assert!((y - expected).abs() < bound, "{y} for {expected}");
            }
        }
    }

    /// With its whole own style an image is itself, up to rounding.
    #[test]
    fn a_share_of_one_changes_nothing() {
        let output = mixed(images(), &[1.0; 3], vec![2, 0, 1]);
        let largest = (output - images()).abs().max().into_scalar::<f32>();
        assert!(largest < 10.0 * 3.0 * f32::EPSILON, "{largest}");
    }

    /// The gradient is that of `scale x + const`: nothing flows through means and
    /// deviations.
    #[test]
    fn styles_count_as_constants() {
        let device = Device::flex().autodiff();
        let x = Tensor::<4>::from_data(TensorData::new(values(), SHAPE), &device).require_grad();
        let (shares, order) = ([0.5, 0.2, 0.7], vec![1, 2, 0]);
        let y = mixed(x.clone(), &shares, order.clone());
        let gradient = x.grad(&y.sum().backward()).expect("x is tracked");
        // A channel's output is a straight line of its input; the gradient of the sum
        // is its slope.
        let output = mixed(images(), &shares, order).into_data();
        let output: Vec<f64> = output.iter::<f64>().collect();
        let gradient: Vec<f64> = gradient.into_data().iter::<f64>().collect();
        let input = values();
        for start in (0..input.len()).step_by(6) {
            let rise = output[start + 1] - output[start];
            let slope = rise / f64::from(input[start + 1] - input[start]);
            for slope_here in &gradient[start..start + 6] {
                // Differences of a few tenths of numbers up to 6.
                assert!(
                    (slope_here - slope).abs() < 2e-5,
                    "{slope_here} for {slope}"
                );
            }
        }
    }

    /// A flat channel has a deviation of sqrt(epsilon) and stays finite.
    #[test]
    fn flat_channels_are_finite() {
        let x = Tensor::<4>::zeros(SHAPE, &Device::flex());
        let output = mixed(x, &[0.5; 3], vec![1, 2, 0]);
        assert_eq!(output.abs().max().into_scalar::<f32>(), 0.0);
    }

    #[test]
    fn the_probability_decides_whether() {
        let changed = |probability| {
            let mix_style = MixStyle {
                probability,
                ..MixStyle::default()
            };
            (0..100)
                .filter(|&step| {
                    let output = mix_style.forward(images(), &mut step_rng(1, 1, step));
                    output.into_data() != images().into_data()
                })
                .count()
        };
        assert_eq!(changed(0.0), 0);
        // 50 +- 5 in a binomial distribution; six deviations. Some orders move
        // nothing: one of six.
        assert!((12..=80).contains(&changed(0.5)));
    }
}
