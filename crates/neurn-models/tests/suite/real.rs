//! Published weights, where `NEURN_DATA` names a folder with them.

use std::fs;
use std::path::PathBuf;

use burn::tensor::{Device, Tensor, TensorData};
use neurn_models::{Backbone, Model, Normalization, Weights, WeightsFile};

fn data(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("NEURN_DATA").map(|root| PathBuf::from(root).join(name));
    let path = path.filter(|path| path.exists());
    if path.is_none() {
        println!("not run: NEURN_DATA names no folder with {name}");
    }
    path
}

/// The network of published weights, and the weights.
fn pretrained(name: &str, device: &Device) -> Option<(Backbone, &'static Weights)> {
    let model: Model = name.parse().unwrap();
    let weights = &model.weights()[0];
    let path = data(&format!("weights/{}", weights.file()))?;
    let backbone = model.published(weights.labels().count()).init(device);
    Some((WeightsFile::new(path).load(backbone).unwrap(), weights))
}

/// The published accuracy, up to the standard error of a thousand images.
#[test]
fn cifar_resnet20_is_as_good_as_published() {
    let device = Device::default();
    let Some((backbone, weights)) = pretrained("cifar-resnet20", &device) else {
        return;
    };
    let Some(path) = data("cifar10/test_batch_first1000.bin") else {
        return;
    };
    let preprocessing = weights.preprocessing();
    let normalization = Normalization::new(&preprocessing.mean, &preprocessing.std, 3);
    let records = fs::read(path).unwrap();
    let mut right = 0;
    for records in records.chunks(100 * 3073) {
        let pixels = records.chunks(3073).flat_map(|record| &record[1..]);
        let pixels: Vec<f32> = pixels.map(|&pixel| f32::from(pixel) / 255.0).collect();
        let count = records.len() / 3073;
        let images = TensorData::new(pixels, [count, 3, 32, 32]);
        let images = normalization.forward(Tensor::from_data(images, &device));
        let found = backbone.forward(images).argmax(1).into_data();
        let labels = records.chunks(3073).map(|record| i64::from(record[0]));
        right += found
            .iter::<i64>()
            .zip(labels)
            .filter(|(a, b)| a == b)
            .count();
    }
    let (accuracy, published) = (right as f64 / 1000.0, weights.top1().unwrap() / 100.0);
    let error = (published * (1.0 - published) / 1000.0).sqrt();
    println!("{accuracy} of 1000, published {published} +- {error:.4}");
    assert!(
        (accuracy - published).abs() <= error,
        "{accuracy} {published} +- {error}"
    );
}
