use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::{Backbone, BackboneConfig, Frontend, FrontendConfig, Normalization, UnknownLayer};

/// Configuration to create a [`Classifier`] with
/// [`init`](ClassifierConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct ClassifierConfig {
    /// What comes first.
    pub frontend: FrontendConfig,
    /// What comes last.
    pub backbone: BackboneConfig,
    /// What is subtracted in between, once or for each channel. Default: 0.5
    #[config(default = "vec![0.5]")]
    pub mean: Vec<f64>,
    /// What is then divided by, once or for each channel. Default: 0.5
    #[config(default = "vec![0.5]")]
    pub std: Vec<f64>,
}

impl ClassifierConfig {
    /// Initialize a new [`Classifier`].
    ///
    /// # Panics
    ///
    /// As [`FrontendConfig::init`], [`Normalization::new`] and
    /// [`BackboneConfig::init`].
    pub fn init(&self, device: &Device) -> Classifier {
        Classifier {
            frontend: self.frontend.init(),
            normalization: Normalization::new(&self.mean, &self.std, self.backbone.channels()),
            backbone: self.backbone.init(device),
        }
    }
}

/// From raw images to logits: frontend, normalization, backbone.
///
/// The normalization comes after the frontend. Before NeuRN it would scale the
/// channels differently and so change the ratio of their contrasts, or, with
/// one mean and std for all channels, change nothing at all.
///
/// Should be created using [`ClassifierConfig`].
#[derive(Module, Debug)]
pub struct Classifier {
    /// What comes first.
    pub frontend: Frontend,
    /// What comes next.
    pub normalization: Normalization,
    /// What comes last.
    pub backbone: Backbone,
}

impl Classifier {
    /// The logits of a batch of images with pixels in `0..=1`.
    ///
    /// # Shapes
    ///
    /// - input: `[N, channels, H, W]`
    /// - output: `[N, num_classes]`
    ///
    /// # Panics
    ///
    /// As [`Frontend::forward`], [`Normalization::forward`] and
    /// [`Backbone::forward`].
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_from_frontend(self.frontend.forward(images))
    }

    /// The logits of images that have been through the frontend already.
    ///
    /// # Shapes
    ///
    /// - input: `[N, channels, H, W]`
    /// - output: `[N, num_classes]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Classifier::forward).
    pub fn forward_from_frontend(&self, images: Tensor<4>) -> Tensor<2> {
        self.backbone.forward(self.normalization.forward(images))
    }

    /// The output of the backbone's layer called `layer`, from raw images.
    ///
    /// # Shapes
    ///
    /// - input: `[N, channels, H, W]`
    /// - output: `[N, C, h, w]` with the layer's C, h and w
    ///
    /// # Errors
    ///
    /// If the backbone has no layer of this name.
    ///
    /// # Panics
    ///
    /// As [`forward`](Classifier::forward).
    pub fn features(&self, images: Tensor<4>, layer: &str) -> Result<Tensor<4>, UnknownLayer> {
        let images = self.frontend.forward(images);
        self.backbone
            .features(self.normalization.forward(images), layer)
    }
}
