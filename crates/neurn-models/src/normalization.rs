use burn::module::{Content, DisplaySettings, Module, ModuleDisplay};
use burn::tensor::{Tensor, TensorData};

/// `y = (x - mean) / std`, with the same two numbers for every image.
///
/// It holds one mean and one standard deviation for all channels, or one of
/// each a channel.
///
/// Should be created as part of a
/// [`ClassifierConfig`](crate::ClassifierConfig), or with
/// [`new`](Normalization::new).
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct Normalization {
    /// What is subtracted.
    #[module(skip)]
    pub mean: Vec<f64>,
    /// What is divided by.
    #[module(skip)]
    pub std: Vec<f64>,
}

impl Normalization {
    /// For images of `channels` channels.
    ///
    /// # Panics
    ///
    /// If `mean` or `std` is neither one number nor one a channel, if a mean
    /// is not finite, or if a standard deviation is not positive and finite.
    pub fn new(mean: &[f64], std: &[f64], channels: usize) -> Self {
        for (name, values) in [("mean", mean), ("std", std)] {
            assert!(
                values.len() == 1 || values.len() == channels,
                "{name} must be 1 number, or {channels} for images of {channels} channels; got {}",
                values.len()
            );
        }
        assert!(
            mean.iter().all(|m| m.is_finite()),
            "a mean must be finite; got {mean:?}"
        );
        assert!(
            std.iter().all(|s| s.is_finite() && *s > 0.0),
            "a std must be positive and finite; got {std:?}"
        );
        Self {
            mean: mean.to_vec(),
            std: std.to_vec(),
        }
    }

    /// Normalizes a batch of images.
    ///
    /// # Shapes
    ///
    /// - input: `[N, C, H, W]`
    /// - output: same shape as input
    ///
    /// # Panics
    ///
    /// If mean or std is one a channel and the input has other channels.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let centered = match self.mean[..] {
            [mean] => images - mean,
            _ => {
                let mean = per_channel(&self.mean, &images);
                images - mean
            }
        };
        match self.std[..] {
            [std] => centered / std,
            _ => {
                let std = per_channel(&self.std, &centered);
                centered / std
            }
        }
    }
}

/// `values` as `[1, C, 1, 1]`, ready to broadcast over `images`.
fn per_channel(values: &[f64], images: &Tensor<4>) -> Tensor<4> {
    let channels = images.dims()[1];
    assert!(
        channels == values.len(),
        "the normalization is of {} channels; the images have {channels}",
        values.len()
    );
    Tensor::from_data(
        TensorData::new(values.to_vec(), [1, channels, 1, 1]),
        (&images.device(), images.dtype()),
    )
}

impl ModuleDisplay for Normalization {
    fn custom_settings(&self) -> Option<DisplaySettings> {
        DisplaySettings::new()
            .with_new_line_after_attribute(false)
            .optional()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        content
            .add_debug_attribute("mean", &self.mean)
            .add_debug_attribute("std", &self.std)
            .optional()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::tensor::Device;

    fn normalized(mean: &[f64], std: &[f64]) -> Vec<f32> {
        let images = Tensor::from_data([[[[0.0, 1.0]], [[0.5, 0.25]]]], &Device::default());
        Normalization::new(mean, std, 2)
            .forward(images)
            .into_data()
            .try_into_vec()
            .unwrap()
    }

    #[test]
    fn one_number_for_all_channels() {
        assert_eq!(normalized(&[0.5], &[0.5]), [-1.0, 1.0, 0.0, -0.5]);
    }

    #[test]
    fn one_number_a_channel() {
        assert_eq!(
            normalized(&[0.5, 0.25], &[0.5, 0.125]),
            [-1.0, 1.0, 2.0, 0.0]
        );
    }

    #[test]
    fn one_mean_and_a_std_a_channel() {
        assert_eq!(normalized(&[0.5], &[0.5, 0.25]), [-1.0, 1.0, 0.0, -1.0]);
    }

    #[test]
    #[should_panic(expected = "mean must be 1 number, or 3 for images of 3 channels; got 2")]
    fn another_number_of_means_than_channels_is_rejected() {
        Normalization::new(&[0.5, 0.5], &[0.5], 3);
    }

    #[test]
    #[should_panic(expected = "a std must be positive and finite; got [0.0]")]
    fn a_std_of_0_is_rejected() {
        Normalization::new(&[0.5], &[0.0], 3);
    }

    #[test]
    #[should_panic(expected = "the normalization is of 2 channels; the images have 3")]
    fn images_of_other_channels_are_rejected() {
        Normalization::new(&[0.5, 0.5], &[0.5], 2)
            .forward(Tensor::zeros([1, 3, 2, 2], &Device::default()));
    }

    #[test]
    fn display() {
        let normalization = Normalization::new(&[0.5], &[0.25], 3);
        assert_eq!(
            normalization.to_string(),
            "Normalization {mean: [0.5], std: [0.25]}"
        );
    }
}
