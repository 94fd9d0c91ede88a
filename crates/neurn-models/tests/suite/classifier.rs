//! Frontend, normalization and backbone together.

use burn::config::{Config, config_to_json};
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use neurn_models::{
    BackboneConfig, ClassifierConfig, FrontendConfig, MODELS, NeuRnConfig, Normalization,
    UnknownLayer,
};

fn frontends() -> [FrontendConfig; 3] {
    [
        FrontendConfig::none(),
        FrontendConfig::neurn(NeuRnConfig::new(5)),
        "standardize".parse().unwrap(),
    ]
}

fn small() -> BackboneConfig {
    BackboneConfig::from_name("digit-net-small", 10, 3, 32).unwrap()
}

/// The only layer of those asked for.
fn feature(features: Result<Vec<Tensor<4>>, UnknownLayer>) -> TensorData {
    features.unwrap().remove(0).into_data()
}

fn images(device: &Device) -> Tensor<4> {
    Tensor::random([4, 3, 32, 32], Distribution::Uniform(0.0, 1.0), device)
}

#[test]
fn forward_is_forward_from_frontend_after_the_frontend() {
    let device = Device::default();
    for frontend in frontends() {
        let classifier = ClassifierConfig::new(frontend, small()).init(&device);
        let images = images(&device);
        let once = classifier.frontend.forward(images.clone());
        assert_eq!(
            classifier.forward(images).into_data(),
            classifier.forward_from_frontend(once).into_data()
        );
    }
}

#[test]
fn the_normalization_comes_after_the_frontend() {
    let device = Device::default();
    let (mean, std) = ([0.4, 0.5, 0.6], [0.1, 0.2, 0.3]);
    for frontend in frontends() {
        let classifier = ClassifierConfig::new(frontend.clone(), small())
            .with_mean(mean.to_vec())
            .with_std(std.to_vec())
            .init(&device);
        let images = images(&device);
        let x = frontend.init().forward(images.clone());
        let x = Normalization::new(&mean, &std, 3).forward(x);
        assert_eq!(
            classifier.forward(images.clone()).into_data(),
            classifier.backbone.forward(x.clone()).into_data()
        );
        assert_eq!(
            feature(classifier.features(images, &["conv2"])),
            feature(classifier.backbone.features(x, &["conv2"]))
        );
    }
}

#[test]
fn with_neurn_brightness_and_contrast_do_not_matter() {
    let device = Device::default();
    let frontend = FrontendConfig::neurn(NeuRnConfig::new(3));
    let classifier = ClassifierConfig::new(frontend, small()).init(&device);
    let images = images(&device);
    let logits = classifier.forward(images.clone());
    let changed = classifier.forward(images * 0.5 + 0.25);
    let scale = logits.clone().abs().max().into_scalar::<f32>();
    let difference = (logits - changed).abs().max().into_scalar::<f32>();
    assert!(difference < 1e-4 * scale, "{difference} of {scale}");
}

#[test]
fn unknown_layers_are_errors() {
    let device = Device::default();
    let classifier = ClassifierConfig::new(FrontendConfig::none(), small()).init(&device);
    let error = classifier
        .features(images(&device), &["conv9"])
        .unwrap_err();
    assert_eq!(error.name, "conv9");
}

#[test]
fn json_round_trip() {
    for model in MODELS {
        for frontend in frontends() {
            let backbone = BackboneConfig::from_name(model, 7, 1, 32).unwrap();
            let config = ClassifierConfig::new(frontend, backbone)
                .with_mean(vec![0.1307])
                .with_std(vec![0.3081]);
            let json = config_to_json(&config);
            let read = ClassifierConfig::load_binary(json.as_bytes()).unwrap();
            assert_eq!(read, config, "{json}");
        }
    }
}

#[test]
#[should_panic(expected = "mean must be 1 number, or 3 for images of 3 channels; got 2")]
fn means_for_other_channels_than_the_backbone_takes_are_rejected() {
    ClassifierConfig::new(FrontendConfig::none(), small())
        .with_mean(vec![0.5, 0.5])
        .init(&Device::default());
}

#[test]
fn display_shows_the_parts() {
    let frontend = FrontendConfig::neurn(NeuRnConfig::new(5));
    let classifier = ClassifierConfig::new(frontend, small()).init(&Device::default());
    let text = classifier.to_string();
    for part in [
        "NeuRn {k: 5",
        "Normalization {mean: [0.5]",
        "Conv2d",
        "Linear",
    ] {
        assert!(text.contains(part), "{text}");
    }
}
