use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::{
    Backbone, BackboneConfig, Frontend, FrontendConfig, LayerName, Normalization, UnknownLayer,
};

/// Configuration to create a [`Classifier`] with
/// [`init`](ClassifierConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct ClassifierConfig {
    /// What comes first, or after a layer of the backbone.
    pub frontend: FrontendConfig,
    /// What comes last.
    pub backbone: BackboneConfig,
    /// The layer of the backbone that the frontend follows. Default: none, it
    /// comes first
    #[config(default = "None")]
    pub after: Option<String>,
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
    /// [`BackboneConfig::init`], or if the backbone has no layer called `after`.
    pub fn init(&self, device: &Device) -> Classifier {
        let backbone = self.backbone.init(device);
        if let Some(layer) = &self.after {
            assert!(
                backbone.has_layer(layer),
                "the frontend cannot follow `{layer}`: the backbone's layers are {}",
                backbone.layer_names().join(", ")
            );
        }
        Classifier {
            frontend: self.frontend.init(),
            normalization: Normalization::new(&self.mean, &self.std, self.backbone.channels()),
            backbone,
            after: self.after.clone(),
        }
    }
}

/// From raw images to logits: frontend, normalization, backbone; or the frontend
/// after a layer of the backbone.
///
/// The normalization comes after the frontend. Before NeuRN it would scale the
/// channels differently and so change the ratio of their contrasts, or, with
/// one mean and std for all channels, change nothing at all.
///
/// Should be created using [`ClassifierConfig`].
#[derive(Module, Debug)]
pub struct Classifier {
    /// What comes first, or after a layer of the backbone.
    pub frontend: Frontend,
    /// What comes next.
    pub normalization: Normalization,
    /// What comes last.
    pub backbone: Backbone,
    /// The layer of the backbone that the frontend follows; none: it comes first.
    pub after: Option<String>,
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
        self.forward_from_frontend(self.through_frontend(images))
    }

    /// Whether the frontend comes first, so that images can pass it once instead
    /// of in every epoch.
    pub fn frontend_first(&self) -> bool {
        self.after.is_none()
    }

    /// The logits of images that have been through the frontend already, if it
    /// comes first. If it follows a layer, of images as they are.
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
        let images = self.normalization.forward(images);
        let mut after = |layer: &LayerName, x| self.after_layer(layer, x);
        self.backbone.forward_with(images, &mut after)
    }

    /// What follows a layer of the backbone: the frontend, if this is its place,
    /// or nothing. For [`Backbone::forward_with`].
    pub fn after_layer(&self, layer: &LayerName, x: Tensor<4>) -> Tensor<4> {
        match &self.after {
            Some(after) if layer.is(after) => self.frontend.forward(x),
            _ => x,
        }
    }

    fn through_frontend(&self, images: Tensor<4>) -> Tensor<4> {
        match self.frontend_first() {
            true => self.frontend.forward(images),
            false => images,
        }
    }

    /// The outputs of the backbone's layers called `layers`, from raw images; of a
    /// layer that the frontend follows, that of the frontend.
    ///
    /// # Shapes
    ///
    /// - input: `[N, channels, H, W]`
    /// - output: `[N, C, h, w]` with each layer's C, h and w
    ///
    /// # Errors
    ///
    /// If the backbone has no layer of one of these names.
    ///
    /// # Panics
    ///
    /// As [`forward`](Classifier::forward).
    pub fn features(
        &self,
        images: Tensor<4>,
        layers: &[&str],
    ) -> Result<Vec<Tensor<4>>, UnknownLayer> {
        let images = self.normalization.forward(self.through_frontend(images));
        let mut after = |layer: &LayerName, x| self.after_layer(layer, x);
        self.backbone.features_with(images, layers, &mut after)
    }
}
