//! Numbers of trainable parameters, against those that torchvision and Keras
//! state for 1000 classes.

use burn::tensor::Device;
use neurn_models::{
    BackboneConfig, ClassifierConfig, FrontendConfig, Head, Model, NeuRnConfig, VggConfig,
    VggDepth, trainable_parameters,
};

fn count(config: &BackboneConfig) -> usize {
    trainable_parameters(&config.init(&Device::default()))
}

fn named(name: &str, num_classes: usize) -> BackboneConfig {
    BackboneConfig::from_name(name, num_classes, 3, 32).unwrap()
}

#[test]
fn vgg() {
    for (depth, batch_norm, expected) in [
        (VggDepth::Vgg11, false, 132_863_336),
        (VggDepth::Vgg11, true, 132_868_840),
        (VggDepth::Vgg13, false, 133_047_848),
        (VggDepth::Vgg13, true, 133_053_736),
        (VggDepth::Vgg16, false, 138_357_544),
        (VggDepth::Vgg16, true, 138_365_992),
        (VggDepth::Vgg19, false, 143_667_240),
        (VggDepth::Vgg19, true, 143_678_248),
    ] {
        let config = VggConfig::new(depth, 1000)
            .with_batch_norm(batch_norm)
            .with_head(Head::Published);
        let counted = count(&BackboneConfig::Vgg(config));
        assert_eq!(counted, expected, "{depth:?} {batch_norm}");
    }
}

#[test]
fn resnet() {
    for (name, expected) in [
        ("resnet18", 11_689_512),
        ("resnet34", 21_797_672),
        ("resnet50", 25_557_032),
        ("resnet101", 44_549_160),
        ("resnet152", 60_192_808),
        ("resnet50v2", 25_568_360),
    ] {
        assert_eq!(count(&named(name, 1000)), expected, "{name}");
    }
}

#[test]
fn mobilenet() {
    assert_eq!(count(&named("mobilenet-v1", 1000)), 4_231_976);
}

#[test]
fn digit_net() {
    // conv1   3 * 64 * 25 + 64       =     4 864
    // conv2   64 * 128 * 25 + 128    =   204 928
    // fc1     3200 * 1024 + 1024     = 3 277 824
    // fc2     1024 * 1024 + 1024     = 1 049 600
    // output  1024 * 10 + 10         =    10 250
    assert_eq!(count(&named("digit-net", 10)), 4_547_466);
}

#[test]
fn digit_net_small() {
    // conv1   3 * 16 * 9 + 16        =     448
    // conv2   16 * 32 * 9 + 32       =   4 640
    // conv3   32 * 64 * 9 + 64       =  18 496
    // fc1     1024 * 128 + 128       = 131 200
    // output  128 * 10 + 10          =   1 290
    assert_eq!(count(&named("digit-net-small", 10)), 156_074);
}

#[test]
fn global_average_head_of_vgg() {
    // The 14 714 688 of VGG-16's convolutions and 512 * 10 + 10.
    assert_eq!(count(&named("vgg16", 10)), 14_719_818);
}

#[test]
fn a_frontend_adds_none() {
    let device = Device::default();
    let backbone = named("resnet18", 10);
    let counts = [
        FrontendConfig::none(),
        FrontendConfig::neurn(NeuRnConfig::new(3)),
        "standardize".parse().unwrap(),
    ]
    .map(|frontend| {
        trainable_parameters(&ClassifierConfig::new(frontend, backbone.clone()).init(&device))
    });
    assert_eq!(counts, [count(&backbone); 3]);
}

/// Those of torchvision's tables, and of timm's and Keras' models.
#[test]
fn published_models() {
    for (name, parameters, billions) in [
        ("vgg11", 132_863_336, 7.609),
        ("vgg19-bn", 143_678_248, 19.632),
        ("resnet18", 11_689_512, 1.814),
        ("resnet50", 25_557_032, 4.089),
        ("resnet152", 60_192_808, 11.514),
        ("mobilenet-v2", 3_504_872, 0.301),
        ("efficientnet-b0", 5_288_548, 0.386),
        ("densenet121", 7_978_856, 2.834),
        ("squeezenet1.1", 1_235_496, 0.349),
        ("convnext-tiny", 28_589_128, 4.456),
        // torchvision counts its auxiliary classifier's 3 326 696 too.
        ("inception-v3", 27_161_264 - 3_326_696, 5.713),
    ] {
        let model: Model = name.parse().unwrap();
        assert_eq!(model.parameters(1000), parameters, "{name}");
        let side = model.image_size();
        let counted = model.multiply_adds(1000, side, side) as f64 / 1e9;
        assert!(
            (counted - billions).abs() < 6e-4,
            "{name}: {counted} {billions}"
        );
    }
    for (name, parameters) in [
        ("xception", 22_855_952),
        ("vit-s16", 22_050_664),
        ("efficientnet-lite0", 4_652_008),
        ("mobilenet-v1-0.75", 2_585_560),
        ("mobilenet-v1-0.5", 1_331_592),
        ("mobilenet-v1-0.25", 470_072),
    ] {
        let model: Model = name.parse().unwrap();
        assert_eq!(model.parameters(1000), parameters, "{name}");
    }
    for (name, parameters) in [("cifar-resnet20", 269_722), ("cifar-resnet56", 853_018)] {
        let model: Model = name.parse().unwrap();
        assert_eq!(model.parameters(10), parameters, "{name}");
    }
}

/// Twice the height and width are four times the multiply-adds of convolutions.
#[test]
fn multiply_adds_go_with_the_size() {
    let model: Model = "resnet18".parse().unwrap();
    let head = 512 * 1000;
    let of = |side| model.multiply_adds(1000, side, side) - head;
    assert_eq!(of(448), 4 * of(224));
    assert_eq!(model.layers()[1], "layer1.0");
}
