//! Weights with Keras' names, against NumPy's features and against files that
//! are wrong. `references/mobilenet.py` wrote the files in `keras/`.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use neurn_models::{
    Backbone, BackboneConfig, MobileNet, MobileNetConfig, Normalization, WeightsError, WeightsFile,
};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use tempfile::TempDir;

use crate::devices;

/// The layers that the file here has.
const LOADED: [&str; 5] = ["conv1", "conv_dw_1", "conv_pw_1", "conv_dw_2", "conv_pw_2"];

fn file(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/keras");
    folder.join(name)
}

/// The image of the reference, whose pixels lie in 0..=1, as the network takes
/// it.
fn image(height: usize, width: usize, device: &Device) -> Tensor<4> {
    let mut pixels = Vec::new();
    for c in 0..3 {
        for y in 0..height {
            for x in 0..width {
                pixels.push(((7 * y * x + 13 * y + 5 * x + 31 * c) % 65) as f32 / 64.0);
            }
        }
    }
    let pixels = TensorData::new(pixels, [1, 3, height, width]);
    Normalization::new(&[0.5], &[0.5], 3).forward(Tensor::from_data(pixels, device))
}

fn backbone(device: &Device) -> Backbone {
    BackboneConfig::MobileNet(MobileNetConfig::new(10)).init(device)
}

fn network(backbone: Backbone) -> MobileNet {
    match backbone {
        Backbone::MobileNet(network) => network,
        _ => unreachable!("a MobileNet"),
    }
}

/// The parameters that a file without its last layers leaves as they were.
fn kept(path: &Path) -> Result<Vec<String>, WeightsError> {
    let file = WeightsFile::new(path).may_end_early();
    let loaded = file.load_listing(backbone(&Device::default()));
    loaded.map(|(_, kept)| kept)
}

fn values<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().try_into_vec().unwrap()
}

#[test]
fn features_are_those_of_numpy() {
    let bytes = fs::read(file("features.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&bytes).unwrap();
    for device in devices::all() {
        // At most 64 products a sum, and features of at most 6.
        let tolerance = match devices::repeats_its_bits(&device) {
            true => 1e-5,
            false => devices::reordering(5.0, 64.0) * 6.0,
        };
        let file = WeightsFile::new(file("weights.safetensors")).may_end_early();
        let backbone = file.load(backbone(&device)).unwrap();
        let features = backbone.features(image(13, 20, &device), &LOADED).unwrap();
        for (layer, features) in LOADED.iter().zip(features) {
            let expected = expected.tensor(layer).unwrap();
            assert_eq!(features.dims()[1..], *expected.shape(), "{layer}");
            let (expected, _) = expected.data().as_chunks();
            for (a, b) in values(features).iter().zip(expected) {
                let b = f32::from_le_bytes(*b);
                assert!((a - b).abs() < tolerance, "{device:?} {layer}: {a} {b}");
            }
        }
    }
}

#[test]
fn layers_beyond_the_file_keep_their_weights() {
    let device = Device::default();
    let before = backbone(&device);
    let file = WeightsFile::new(file("weights.safetensors")).may_end_early();
    let (after, kept) = file.load_listing(before.clone()).unwrap();
    assert_eq!(kept[0], "blocks.2.depthwise.conv.weight");
    // Five for each of the 22 convolutions left, and two for the linear layer.
    assert_eq!(kept.len(), 22 * 5 + 2);
    assert_eq!(kept[111], "fc.bias");
    let (before, after) = (network(before), network(after));
    let weights = |network: &MobileNet| {
        let block = |index: usize| network.blocks[index].pointwise.conv.weight.val();
        [block(1), block(2)].map(values)
    };
    let [loaded, kept] = weights(&before);
    let [loaded_after, kept_after] = weights(&after);
    assert_ne!(loaded, loaded_after);
    assert_eq!(kept, kept_after);
    assert_eq!(
        values(before.fc.weight.val()),
        values(after.fc.weight.val())
    );
}

#[test]
fn only_a_file_that_may_end_early_does() {
    let file = WeightsFile::new(file("weights.safetensors"));
    let error = file.load(backbone(&Device::default())).unwrap_err();
    let WeightsError::Tensors { missing, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(missing.len(), 112);
}

#[test]
fn a_loaded_network_is_trained_on() {
    let device = Device::default().autodiff();
    let before = network(backbone(&device));
    let id = before.conv1.conv.weight.id;
    let file = WeightsFile::new(file("weights.safetensors")).may_end_early();
    let network = network(file.load(Backbone::MobileNet(before)).unwrap());
    let weight = network.conv1.conv.weight.clone();
    assert_eq!(weight.id, id);
    let gradients = network.forward(image(32, 32, &device)).sum().backward();
    assert!(weight.val().grad(&gradients).is_some());
}

/// A tensor to write: its name, type, shape and bytes.
type Written = (String, Dtype, Vec<usize>, Vec<u8>);

/// The tensors of the file here.
fn tensors() -> Vec<Written> {
    let bytes = fs::read(file("weights.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = tensors.iter().map(|(name, tensor)| {
        let (shape, data) = (tensor.shape().to_vec(), tensor.data().to_vec());
        (name.to_string(), tensor.dtype(), shape, data)
    });
    tensors.collect()
}

fn zeros(name: &str, shape: &[usize]) -> Written {
    let bytes = vec![0; 4 * shape.iter().product::<usize>()];
    (name.to_string(), Dtype::F32, shape.to_vec(), bytes)
}

/// A file in a folder that lasts as long as it.
fn written(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn load(bytes: &[u8]) -> Result<Vec<String>, WeightsError> {
    let (_folder, path) = written(bytes);
    kept(&path)
}

fn load_tensors(tensors: &[Written]) -> Result<Vec<String>, WeightsError> {
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        let view = TensorView::new(*dtype, shape.clone(), bytes).unwrap();
        (name.as_str(), view)
    });
    load(&serialize(views, None).unwrap())
}

/// What is said of the file with one tensor changed.
fn answer(name: &str, change: impl FnOnce(&mut Written)) -> String {
    let mut tensors = tensors();
    let changed = tensors.iter_mut().find(|tensor| tensor.0 == name).unwrap();
    change(changed);
    let error = load_tensors(&tensors).unwrap_err();
    assert!(matches!(&error, WeightsError::Tensors { .. }), "{error}");
    let text = error.to_string();
    let (_, answer) = text.split_once("not weights of this network; ").unwrap();
    answer.to_string()
}

/// The parameters that are missing without this tensor.
fn without(name: &str) -> Vec<String> {
    let mut tensors = tensors();
    tensors.retain(|tensor| tensor.0 != name);
    match load_tensors(&tensors).unwrap_err() {
        WeightsError::Tensors { missing, .. } => missing,
        error => panic!("{error}"),
    }
}

#[test]
fn a_whole_network_with_its_head() {
    let mut tensors = Vec::new();
    let mut layer = |name: &str, kernel: &str, shape: [usize; 4], channels: usize| {
        tensors.push(zeros(&format!("{name}/{kernel}"), &shape));
        for of_norm in ["gamma", "beta", "moving_mean", "moving_variance"] {
            tensors.push(zeros(&format!("{name}_bn/{of_norm}"), &[channels]));
        }
    };
    layer("conv1", "kernel", [3, 3, 3, 32], 32);
    let widths = [
        32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024,
    ];
    for block in 1..=13 {
        let (inputs, outputs) = (widths[block - 1], widths[block]);
        let name = format!("conv_dw_{block}");
        layer(&name, "depthwise_kernel", [3, 3, inputs, 1], inputs);
        let name = format!("conv_pw_{block}");
        layer(&name, "kernel", [1, 1, inputs, outputs], outputs);
    }
    let mut kernel = zeros("conv_preds/kernel", &[1, 1, 1024, 10]);
    // The weight from feature 2 to class 3.
    kernel.3[4 * 23..4 * 24].copy_from_slice(&0.5_f32.to_le_bytes());
    tensors.push(kernel);
    let bias = (0..10).flat_map(|class| (class as f32).to_le_bytes());
    let bias = (
        "conv_preds/bias".to_string(),
        Dtype::F32,
        vec![10],
        bias.collect(),
    );
    tensors.push(bias);

    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        let view = TensorView::new(*dtype, shape.clone(), bytes).unwrap();
        (name.as_str(), view)
    });
    let (_folder, path) = written(&serialize(views, None).unwrap());
    let backbone = WeightsFile::new(path).load(backbone(&Device::default()));
    let network = network(backbone.unwrap());
    let weight = values(network.fc.weight.val());
    assert_eq!((weight[23], weight.iter().sum::<f32>()), (0.5, 0.5));
    // Nothing comes through but the bias.
    let logits = values(network.forward(image(32, 32, &Device::default())));
    assert_eq!(
        logits,
        (0..10).map(|class| class as f32).collect::<Vec<_>>()
    );
}

#[test]
fn a_missing_tensor_is_named() {
    for (name, ours) in [
        ("conv1/kernel", "conv1.conv.weight"),
        ("conv_pw_1_bn/beta", "blocks.0.pointwise.norm.beta"),
        (
            "conv_pw_2_bn/moving_variance",
            "blocks.1.pointwise.norm.running_var",
        ),
    ] {
        assert_eq!(without(name), [ours]);
    }
    // A file of later layers only, and one of none.
    let mut later = tensors();
    later.retain(|tensor| tensor.0.starts_with("conv_pw_1"));
    for tensors in [later, Vec::new()] {
        let error = load_tensors(&tensors).unwrap_err();
        let WeightsError::Tensors { missing, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(missing[0], "conv1.conv.weight");
    }
}

#[test]
fn a_tensor_of_another_shape_or_type_is_an_error() {
    let transposed = |tensor: &mut Written| tensor.2 = vec![3, 3, 2, 16];
    assert_eq!(
        answer("conv_dw_1/depthwise_kernel", transposed),
        "1 of another shape: conv_dw_1/depthwise_kernel (expected float of [3, 3, 1, 32] or \
         [3, 3, 32, 1], found F32 of [3, 3, 2, 16])"
    );
    let integers = |tensor: &mut Written| tensor.1 = Dtype::I32;
    assert_eq!(
        answer("conv1_bn/gamma", integers),
        "1 of another shape: conv1_bn/gamma (expected float of [32], found I32 of [32])"
    );
}

#[test]
fn values_that_no_training_leaves_are_errors() {
    let with = |value: f32| {
        move |tensor: &mut Written| tensor.3[8..12].copy_from_slice(&value.to_le_bytes())
    };
    assert_eq!(
        answer("conv_pw_1/kernel", with(f32::NAN)),
        "1 with unusable values: conv_pw_1/kernel (found NaN at 2)"
    );
    assert_eq!(
        answer("conv1_bn/moving_variance", with(-0.25)),
        "1 with unusable values: conv1_bn/moving_variance (found -0.25 at 2)"
    );
}

#[test]
fn an_unknown_name_is_an_error() {
    for name in [
        "conv_dw_14/depthwise_kernel",
        "conv_dw_1/scale",
        "conv1/bias",
        "conv1/kernel/kernel",
        "conv_preds_bn/gamma",
    ] {
        let mut tensors = tensors();
        tensors.push(zeros(name, &[1]));
        let error = load_tensors(&tensors).unwrap_err();
        let WeightsError::Tensors { unused, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(unused, &[name]);
    }
}

#[test]
fn channels_of_another_number_are_an_error() {
    let grey = MobileNetConfig::new(10).with_channels(1);
    let grey = BackboneConfig::MobileNet(grey).init(&Device::default());
    let file = WeightsFile::new(file("weights.safetensors")).may_end_early();
    let text = file.load(grey).unwrap_err().to_string();
    let expected = "conv1/kernel (expected float of [3, 3, 1, 32] or [3, 3, 32, 1], found F32 of \
                    [3, 3, 3, 32])";
    assert!(text.ends_with(expected), "{text}");
}

/// Wherever the file is cut off, and whatever its header says.
#[test]
fn damaged_files_are_errors() {
    let bytes = fs::read(file("weights.safetensors")).unwrap();
    let header = 8 + u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let mut damaged: Vec<Vec<u8>> = [0, 7, 8, 100, header, header + 1, bytes.len() - 1]
        .iter()
        .map(|&length| bytes[..length].to_vec())
        .collect();
    damaged.push([&bytes[..], &[0]].concat());
    for length in [0, 1, u64::MAX, 1 << 40, bytes.len() as u64] {
        damaged.push([&length.to_le_bytes(), &bytes[8..]].concat());
    }
    for text in [
        r#"{"conv1/kernel":{"dtype":"F32","shape":[9223372036854775807,3],"data_offsets":[0,8]}}"#,
        r#"{"conv1/kernel":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}"#,
        r#"{"conv1/kernel":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
        r#"{"conv1/kernel":{"dtype":"F128","shape":[2],"data_offsets":[0,8]}}"#,
        "[[[[[[",
    ] {
        let length = text.len() as u64;
        damaged.push([&length.to_le_bytes(), text.as_bytes(), &[0; 8]].concat());
    }
    for bytes in damaged {
        let error = load(&bytes).unwrap_err();
        assert!(matches!(&error, WeightsError::File { .. }), "{error}");
    }
}

/// A byte of the header may be any other, and the file is loaded or answered
/// with an error.
#[test]
fn no_byte_of_the_header_makes_it_panic() {
    let bytes = fs::read(file("weights.safetensors")).unwrap();
    let header = 8 + u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let mut errors = 0;
    for (place, byte) in (0..header)
        .step_by(3)
        .zip([0, b'9', b'"', b'[', b'}', 255].iter().cycle())
    {
        let mut bytes = bytes.clone();
        bytes[place] = *byte;
        errors += usize::from(load(&bytes).is_err());
    }
    assert!(errors > header / 6, "{errors} of {header}");
}

#[test]
fn what_is_no_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = kept(folder.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("expected a file, found a folder")
    );
    let error = kept(&folder.path().join("none")).unwrap_err();
    assert!(matches!(&error, WeightsError::Io { .. }), "{error}");

    let path = folder.path().join("huge");
    fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let error = kept(&path).unwrap_err();
    assert!(matches!(&error, WeightsError::File { .. }), "{error}");
}

/// The pretrained weights, where `NEURN_DATA` names the folder with `weights` in
/// it. The numbers are what `references/mobilenet.py` prints.
#[test]
fn pretrained_features_are_those_of_numpy() {
    let name = "weights/mobilenet_v1_1.0_224_imagenet_to_pw12.safetensors";
    let path = std::env::var_os("NEURN_DATA").map(|root| PathBuf::from(root).join(name));
    let Some(path) = path.filter(|path| path.exists()) else {
        println!("not run: NEURN_DATA names no folder with {name}");
        return;
    };
    // Neither a mean nor a single feature of at most 6 moves further.
    let tolerance = devices::reordering(25.0, 1024.0) * 6.0;
    let assert_near = |a: f32, b: f32| assert!((a - b).abs() < tolerance, "{a} {b}");
    for device in devices::all() {
        let file = WeightsFile::new(&path).may_end_early();
        let (backbone, kept) = file.load_listing(backbone(&device)).unwrap();
        assert_eq!(kept[0], "blocks.12.depthwise.conv.weight");
        let features = backbone.features(image(96, 80, &device), &["conv_pw_12"]);
        let features = features.unwrap().remove(0);
        assert_eq!(features.dims(), [1, 1024, 3, 3]);
        let values = values(features);
        let mean = |of: fn(f32) -> f32| values.iter().map(|&x| of(x)).sum::<f32>() / 9216.0;
        assert_near(mean(|x| x), 0.264_659_7);
        assert_near(mean(|x| x * x).sqrt(), 0.772_726_2);
        assert_near(mean(|x| f32::from(x == 0.0)), 0.810_655_4);
        let expected = [
            3.942_020_1,
            2.919_364_7,
            3.261_726_2,
            2.840_297,
            1.951_075_1,
            2.337_751_5,
            6.0,
            5.755_681_5,
            6.0,
        ];
        for (&a, b) in values[6 * 9..7 * 9].iter().zip(expected) {
            assert_near(a, b);
        }
    }
}
