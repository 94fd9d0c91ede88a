//! The backends under test, those whose feature is enabled, and their
//! agreement.

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use neurn_models::{BackboneConfig, ClassifierConfig, FrontendConfig, NeuRnConfig};

/// One device of each enabled backend.
pub fn all() -> Vec<Device> {
    let devices: Vec<Device> = vec![
        #[cfg(feature = "flex")]
        Device::flex(),
        #[cfg(feature = "ndarray")]
        ndarray(),
        #[cfg(feature = "wgpu")]
        Device::wgpu(Default::default()),
        #[cfg(feature = "cuda")]
        Device::cuda(0),
    ];
    assert!(
        !devices.is_empty(),
        "enable the feature of a backend to test"
    );
    devices
}

/// The backend is deprecated upstream and stays supported here.
#[cfg(feature = "ndarray")]
#[allow(deprecated)]
fn ndarray() -> Device {
    Device::ndarray()
}

/// Whether the device takes the same order of summation every time. A GPU's
/// kernels are tuned as they run, so that a second call may take another one.
pub fn repeats_its_bits(device: &Device) -> bool {
    let known: &[Device] = &[
        #[cfg(feature = "flex")]
        Device::flex(),
    ];
    known.contains(device)
}

/// How far two orders of summation may lie apart, as a share of the values'
/// size.
///
/// A sum of n products in another order differs by about sqrt(n) roundings of
/// its terms' size, and the layers' differences add up. `n` is the largest
/// fan-in and `layers` the number of layers with weights, so with a unit
/// roundoff u of 2^-24 the results agree within about `layers sqrt(n) u` of
/// their size, on both sides.
pub fn reordering(layers: f32, n: f32) -> f32 {
    2.0 * layers * n.sqrt() * (f32::EPSILON / 2.0)
}

/// Every backend against the first, with the same weights and images.
#[test]
fn backends_agree() {
    // 4608 = 512 * 3 * 3; 1024 = 64 * 4 * 4
    for (model, layers, n) in [
        ("digit-net-small", 5.0, 1024.0_f32),
        ("resnet18", 18.0, 4608.0),
    ] {
        let backbone = BackboneConfig::from_name(model, 10, 3, 32).unwrap();
        let config = ClassifierConfig::new(FrontendConfig::neurn(NeuRnConfig::new(3)), backbone);
        let devices = all();
        let reference = config.init(&devices[0]);
        let images: TensorData =
            Tensor::<4>::random([2, 3, 32, 32], Distribution::Uniform(0.0, 1.0), &devices[0])
                .into_data();
        let mut expected: Option<Vec<f32>> = None;
        for device in &devices {
            let classifier = config
                .init(device)
                .load_record(reference.clone().into_record());
            let logits = classifier.forward(Tensor::from_data(images.clone(), device));
            assert_eq!(logits.dims(), [2, 10]);
            let logits: Vec<f32> = logits.into_data().try_into_vec().unwrap();
            assert!(logits.iter().all(|x| x.is_finite()), "{model} {device:?}");
            let expected = expected.get_or_insert_with(|| logits.clone());
            let size = expected.iter().fold(0.0_f32, |size, x| size.max(x.abs()));
            let tolerance = reordering(layers, n) * size;
            for (a, b) in logits.iter().zip(expected.iter()) {
                assert!(
                    (a - b).abs() <= tolerance,
                    "{model} {device:?}: {a} {b}, tolerance {tolerance}"
                );
            }
        }
    }
}
