use std::error::Error;
use std::fmt;

use super::{
    BackboneConfig, DigitNetConfig, DigitNetSize, MobileNetConfig, ResNetConfig, ResNetDepth,
    ResNetV2Config, VggConfig, VggDepth,
};

/// The names that [`BackboneConfig::from_name`] knows.
pub const MODELS: &[&str] = &[
    "digit-net",
    "digit-net-small",
    "vgg11",
    "vgg13",
    "vgg16",
    "vgg19",
    "vgg11-bn",
    "vgg13-bn",
    "vgg16-bn",
    "vgg19-bn",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnet50v2",
    "mobilenet-v1",
];

impl BackboneConfig {
    /// The configuration of a model of [`MODELS`], with everything else at its
    /// default: global average pool for a head and the ImageNet stem.
    ///
    /// Only the digit networks depend on `image_size`, the height and width of
    /// the images.
    ///
    /// # Errors
    ///
    /// If the name is not one of [`MODELS`].
    pub fn from_name(
        name: &str,
        num_classes: usize,
        channels: usize,
        image_size: usize,
    ) -> Result<Self, UnknownModel> {
        let digit_net = |size| {
            Self::DigitNet(
                DigitNetConfig::new(size, num_classes)
                    .with_channels(channels)
                    .with_image_size(image_size),
            )
        };
        let vgg = |depth, batch_norm| {
            Self::Vgg(
                VggConfig::new(depth, num_classes)
                    .with_channels(channels)
                    .with_batch_norm(batch_norm),
            )
        };
        let resnet =
            |depth| Self::ResNet(ResNetConfig::new(depth, num_classes).with_channels(channels));
        Ok(match name {
            "digit-net" => digit_net(DigitNetSize::Published),
            "digit-net-small" => digit_net(DigitNetSize::Small),
            "vgg11" => vgg(VggDepth::Vgg11, false),
            "vgg13" => vgg(VggDepth::Vgg13, false),
            "vgg16" => vgg(VggDepth::Vgg16, false),
            "vgg19" => vgg(VggDepth::Vgg19, false),
            "vgg11-bn" => vgg(VggDepth::Vgg11, true),
            "vgg13-bn" => vgg(VggDepth::Vgg13, true),
            "vgg16-bn" => vgg(VggDepth::Vgg16, true),
            "vgg19-bn" => vgg(VggDepth::Vgg19, true),
            "resnet18" => resnet(ResNetDepth::ResNet18),
            "resnet34" => resnet(ResNetDepth::ResNet34),
            "resnet50" => resnet(ResNetDepth::ResNet50),
            "resnet101" => resnet(ResNetDepth::ResNet101),
            "resnet152" => resnet(ResNetDepth::ResNet152),
            "resnet50v2" => {
                Self::ResNetV2(ResNetV2Config::new(num_classes).with_channels(channels))
            }
            "mobilenet-v1" => {
                Self::MobileNet(MobileNetConfig::new(num_classes).with_channels(channels))
            }
            _ => {
                return Err(UnknownModel {
                    name: name.to_string(),
                });
            }
        })
    }

    /// The name of the model, one of [`MODELS`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::DigitNet(config) => match config.size {
                DigitNetSize::Published => "digit-net",
                DigitNetSize::Small => "digit-net-small",
            },
            Self::Vgg(config) => match (config.depth, config.batch_norm) {
                (VggDepth::Vgg11, false) => "vgg11",
                (VggDepth::Vgg13, false) => "vgg13",
                (VggDepth::Vgg16, false) => "vgg16",
                (VggDepth::Vgg19, false) => "vgg19",
                (VggDepth::Vgg11, true) => "vgg11-bn",
                (VggDepth::Vgg13, true) => "vgg13-bn",
                (VggDepth::Vgg16, true) => "vgg16-bn",
                (VggDepth::Vgg19, true) => "vgg19-bn",
            },
            Self::ResNet(config) => match config.depth {
                ResNetDepth::ResNet18 => "resnet18",
                ResNetDepth::ResNet34 => "resnet34",
                ResNetDepth::ResNet50 => "resnet50",
                ResNetDepth::ResNet101 => "resnet101",
                ResNetDepth::ResNet152 => "resnet152",
            },
            Self::ResNetV2(_) => "resnet50v2",
            Self::MobileNet(_) => "mobilenet-v1",
        }
    }
}

/// No model has the name asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownModel {
    /// The name asked for.
    pub name: String,
}

impl fmt::Display for UnknownModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "there is no model `{}`; the models are {}",
            self.name,
            MODELS.join(", ")
        )
    }
}

impl Error for UnknownModel {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_has_its_name_classes_and_channels() {
        for name in MODELS {
            let config = BackboneConfig::from_name(name, 7, 1, 28).unwrap();
            assert_eq!(config.name(), *name);
            assert_eq!(config.num_classes(), 7, "{name}");
            assert_eq!(config.channels(), 1, "{name}");
        }
    }

    #[test]
    fn an_unknown_model_is_answered_with_the_known_ones() {
        let error = BackboneConfig::from_name("alexnet", 10, 3, 32).unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("there is no model `alexnet`; the models are digit-net, "));
        for name in MODELS {
            assert!(message.contains(name), "{message}");
        }
    }
}
