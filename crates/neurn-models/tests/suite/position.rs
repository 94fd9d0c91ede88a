//! A frontend after a layer of the backbone.

use burn::config::{Config, config_to_json};
use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use neurn_models::{
    Backbone, BackboneConfig, Classifier, ClassifierConfig, FrontendConfig, NeuRnConfig,
    SigmaConfig,
};

use crate::devices;

const MODELS: [&str; 4] = ["digit-net-small", "vgg11-bn", "resnet18", "resnet50v2"];

fn config(model: &str, after: &str, stride: usize) -> ClassifierConfig {
    let backbone = BackboneConfig::from_name(model, 10, 3, 32).unwrap();
    let frontend = FrontendConfig::neurn(NeuRnConfig::new(3).with_stride(stride));
    ClassifierConfig::new(frontend, backbone).with_after(Some(after.to_string()))
}

fn layers(model: &str) -> Vec<String> {
    let backbone = BackboneConfig::from_name(model, 10, 3, 32).unwrap();
    backbone.init(&Default::default()).layer_names()
}

/// The same computation twice: the same bits where the device repeats them, else
/// within `share` of the values' size.
fn assert_repeats(device: &Device, a: Tensor<4>, b: Tensor<4>, share: f32, what: &str) {
    let [a, b] = [a, b].map(|x| x.into_data().try_into_vec::<f32>().unwrap());
    let size = a.iter().fold(0.0_f32, |size, x| size.max(x.abs()));
    assert!(size.is_finite() && a.len() == b.len(), "{what}");
    let tolerance = if devices::repeats_its_bits(device) {
        0.0
    } else {
        share * size
    };
    for (x, y) in a.iter().zip(&b) {
        assert!((x - y).abs() <= tolerance, "{what} {device:?}: {x} {y}");
    }
}

/// Up to the layer by `features`, then NeuRN: what `features` gives with NeuRN
/// after the layer. The layer before it has not seen it, and the logits depend
/// on it.
#[test]
fn a_frontend_after_a_layer_takes_its_output() {
    for device in devices::all() {
        for model in MODELS {
            let names = layers(model);
            let shape = [2, 3, 32, 32];
            let images = Tensor::random(shape, Distribution::Uniform(0.0, 1.0), &device);
            let neurn = NeuRnConfig::new(3).init();
            // Few places of the deeper networks: they all take the same way.
            let places = names.iter().enumerate().filter(|(i, _)| i % 5 == 1);
            for (index, layer) in places {
                let with = config(model, layer, 1).init(&device);
                let without = Classifier {
                    after: None,
                    frontend: FrontendConfig::none().init(),
                    ..with.clone()
                };
                let features = |classifier: &Classifier, layer: &str| {
                    let features = classifier.features(images.clone(), &[layer]);
                    features.unwrap().remove(0)
                };
                let seen = features(&without, layer);
                // sigma moves by at most what its pixels do, so its quotient
                // by the largest moves by that over the largest, on both sides.
                let contrast = SigmaConfig::new(3).init().forward(seen.clone()).max();
                let size = seen.clone().abs().max().into_scalar::<f32>();
                // Without any contrast, as of a single pixel, NeuRN is zero.
                let amplified = match contrast.into_scalar::<f32>() {
                    0.0 => 1.0,
                    contrast => 1.0 + 2.0 * size / contrast,
                };
                let share = amplified * devices::reordering(50.0, 4608.0);
                let repeats = |a, b, what: &str| {
                    assert_repeats(&device, a, b, share, &format!("{model} {what}"));
                };
                repeats(features(&with, layer), neurn.forward(seen), layer);
                let before = &names[index - 1];
                repeats(features(&with, before), features(&without, before), before);
                let logits = with.forward(images.clone());
                let others = without.forward(images.clone());
                assert_ne!(logits.to_data(), others.into_data());
                // The images pass nothing before the network.
                let from = with.forward_from_frontend(images.clone());
                repeats(from.unsqueeze(), logits.unsqueeze(), "logits");
                assert!(!with.frontend_first() && without.frontend_first());
            }
        }
    }
}

/// The rest of the network sees what the frontend gives.
#[test]
fn the_next_layer_takes_what_the_frontend_gives() {
    let device = Default::default();
    let with = config("digit-net-small", "conv1", 1).init(&device);
    let images = Tensor::random([2, 3, 32, 32], Distribution::Uniform(0.0, 1.0), &device);
    let pooled = |x: Tensor<4>| {
        let Backbone::DigitNet(network) = &with.backbone else {
            unreachable!("a digit network");
        };
        network.pool.forward(x)
    };
    let output = with.features(images.clone(), &["pool1"]).unwrap().remove(0);
    let by_hand = pooled(with.features(images, &["conv1"]).unwrap().remove(0));
    let share = devices::reordering(1.0, 75.0);
    assert_repeats(&device, output, by_hand, share, "pool1");
}

#[test]
fn a_second_name_of_a_layer_serves() {
    let device = Default::default();
    let images = Tensor::random([1, 3, 32, 32], Distribution::Uniform(0.0, 1.0), &device);
    let by_alias = config("resnet18", "layer2", 1).init(&device);
    let by_name = Classifier {
        after: Some("layer2.1".to_string()),
        ..by_alias.clone()
    };
    let logits = |classifier: &Classifier| classifier.forward(images.clone()).into_data();
    assert_eq!(logits(&by_alias), logits(&by_name));
}

/// A stride after a layer makes the maps of all later layers smaller; a global
/// average pool takes any size.
#[test]
fn a_stride_after_a_layer() {
    let device = Default::default();
    let images = Tensor::random([1, 3, 64, 64], Distribution::Uniform(0.0, 1.0), &device);
    let classifier = config("resnet18", "layer1", 2).init(&device);
    let features = classifier
        .features(images.clone(), &["layer1", "layer2"])
        .unwrap();
    assert_eq!(features[0].dims(), [1, 64, 8, 8]);
    assert_eq!(features[1].dims(), [1, 128, 4, 4]);
    assert_eq!(classifier.forward(images).dims(), [1, 10]);
}

/// The gradient of the first convolution goes through NeuRN behind it.
#[test]
fn gradients_pass_the_frontend() {
    for device in devices::all() {
        let device = device.autodiff();
        let classifier = config("digit-net-small", "pool1", 1).init(&device).train();
        let images = Tensor::random([4, 3, 32, 32], Distribution::Uniform(0.0, 1.0), &device);
        let weight = Tensor::random([4, 10], Distribution::Uniform(-1.0, 1.0), &device);
        let gradients = (classifier.forward(images) * weight).sum().backward();
        let Backbone::DigitNet(network) = &classifier.backbone else {
            unreachable!("a digit network");
        };
        let gradient = network.convolutions[0].weight.val().grad(&gradients);
        let size = gradient.unwrap().abs().sum().into_scalar::<f32>();
        assert!(size.is_finite() && size > 0.0, "{size}");
    }
}

#[test]
#[should_panic(expected = "cannot follow `conv9`: the backbone's layers are conv1, pool1")]
fn an_unknown_layer_is_answered_with_the_known_ones() {
    config("digit-net-small", "conv9", 1).init(&Default::default());
}

#[test]
fn a_configuration_is_read_as_it_is_written() {
    let config = config("resnet18", "layer1", 2);
    let json = config_to_json(&config);
    assert_eq!(
        ClassifierConfig::load_binary(json.as_bytes()).unwrap(),
        config
    );
}
