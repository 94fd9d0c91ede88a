//! Shapes of the features of every layer, and of the logits.

use burn::tensor::{Device, Tensor};
use neurn_models::{
    BackboneConfig, Head, Model, ResNetConfig, ResNetDepth, ResNetV2Config, Stem, VggConfig,
    VggDepth,
};

use crate::architectures::{at_32, at_224};

/// The models whose layers stand in a table here. `references.rs` has all.
const TABLES: [&str; 17] = [
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

/// Every model takes the smallest image that it names, and images whose sides are
/// odd and not alike.
#[test]
fn the_smallest_images_and_odd_ones() {
    let device = Device::default();
    for model in Model::all() {
        let config = model.config(3, 2, 32);
        let backbone = config.init(&device);
        let smallest = config.smallest_image();
        for [height, width] in [[smallest, smallest], [smallest + 9, smallest + 16]] {
            let takes_one_size = ["digit", "vit"]
                .iter()
                .any(|name| model.name().starts_with(name));
            if takes_one_size && height != 32 {
                continue;
            }
            let logits = backbone.forward(Tensor::ones([1, 2, height, width], &device));
            assert_eq!(logits.dims(), [1, 3], "{model} {height}x{width}");
        }
    }
}

fn images(side: usize, device: &Device) -> Tensor<4> {
    Tensor::ones([1, 3, side, side], device)
}

#[test]
fn every_layer_of_every_model_at_32() {
    let device = Device::default();
    for model in TABLES {
        let backbone = BackboneConfig::from_name(model, 10, 3, 32)
            .unwrap()
            .init(&device);
        let expected = at_32(model);
        let names: Vec<_> = expected.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(backbone.layer_names(), names, "{model}");
        let features = backbone.features(images(32, &device), &names).unwrap();
        for (features, (name, (channels, side))) in features.iter().zip(expected) {
            assert_eq!(features.dims(), [1, channels, side, side], "{model} {name}");
        }
        let logits = backbone.forward(images(32, &device));
        assert_eq!(logits.dims(), [1, 10], "{model}");
    }
}

#[test]
fn ends_of_stages_at_224() {
    let device = Device::default();
    for (model, names) in [
        ("vgg11", &["conv1_1", "pool1", "pool5"][..]),
        ("resnet18", &["stem", "layer2.0", "layer4.1"]),
        ("resnet50v2", &["stem", "layer1.1", "layer1.2", "post"]),
        (
            "mobilenet-v1",
            &["conv1", "conv_pw_1", "conv_dw_12", "conv_pw_13"],
        ),
    ] {
        let backbone = BackboneConfig::from_name(model, 10, 3, 224)
            .unwrap()
            .init(&device);
        let expected = at_224(model);
        let features = backbone.features(images(224, &device), names).unwrap();
        for (features, name) in features.iter().zip(names) {
            let (_, (channels, side)) = expected.iter().find(|(n, _)| n == name).unwrap();
            assert_eq!(
                features.dims(),
                [1, *channels, *side, *side],
                "{model} {name}"
            );
        }
    }
}

#[test]
fn a_stage_is_its_last_block() {
    let device = Device::default();
    for model in ["resnet18", "resnet50v2"] {
        let backbone = BackboneConfig::from_name(model, 10, 1, 32)
            .unwrap()
            .init(&device);
        let images = Tensor::ones([1, 1, 32, 32], &device);
        for (stage, last) in [
            ("layer1", "layer1.1"),
            ("layer3", "layer3.1"),
            ("layer4", "layer4.1"),
        ] {
            let last = match model {
                "resnet18" => last.to_string(),
                // 3, 4, 6, 3 blocks
                _ => match stage {
                    "layer3" => "layer3.5".to_string(),
                    _ => format!("{stage}.2"),
                },
            };
            let features = backbone.features(images.clone(), &[stage, &last]).unwrap();
            let [stage_data, last] = [0, 1].map(|index| features[index].to_data());
            assert_eq!(stage_data, last, "{model} {stage}");
        }
    }
}

#[test]
fn an_unknown_layer_is_an_error() {
    let device = Device::default();
    let backbone = BackboneConfig::from_name("digit-net-small", 10, 3, 32)
        .unwrap()
        .init(&device);
    let error = backbone
        .features(images(32, &device), &["pool1", "layer3"])
        .unwrap_err();
    assert_eq!(error.name, "layer3");
    assert_eq!(error.layers, backbone.layer_names());
}

#[test]
fn the_cifar_stem_keeps_the_size() {
    let device = Device::default();
    for (config, last) in [
        (
            BackboneConfig::ResNet(
                ResNetConfig::new(ResNetDepth::ResNet18, 10).with_stem(Stem::Cifar),
            ),
            [1, 512, 4, 4],
        ),
        (
            BackboneConfig::ResNetV2(ResNetV2Config::new(10).with_stem(Stem::Cifar)),
            [1, 2048, 4, 4],
        ),
    ] {
        let backbone = config.init(&device);
        let features = backbone.features(images(32, &device), &["stem", "layer4"]);
        let dims: Vec<_> = features.unwrap().iter().map(Tensor::dims).collect();
        assert_eq!(dims, [[1, 64, 32, 32], last]);
        assert_eq!(backbone.forward(images(32, &device)).dims(), [1, 10]);
    }
}

/// The adaptive pool stretches the 1x1 of a 32x32 image to the 7x7 that the
/// head was published for.
#[test]
fn the_published_head_of_vgg_takes_small_images() {
    let device = Device::default();
    let vgg = VggConfig::new(VggDepth::Vgg11, 10)
        .with_head(Head::Published)
        .init(&device);
    assert_eq!(vgg.forward(images(32, &device)).dims(), [1, 10]);
}
