//! State dicts of PyTorch, whole and bad ones.

use std::fs;
use std::path::PathBuf;

use burn::tensor::Device;
use neurn_models::{
    Backbone, BackboneConfig, ClassifierConfig, FrontendConfig, Model, NeuRnConfig, WeightsError,
    WeightsFile,
};
use tempfile::TempDir;
use zip::CompressionMethod;

use crate::{devices, formula, pth};

/// A small network.
const MODEL: &str = "digit-net-small";

/// Its tensors by their names and shapes in a file.
const SHAPES: [(&str, &[usize]); 10] = [
    ("convolutions.0.weight", &[16, 3, 3, 3]),
    ("convolutions.0.bias", &[16]),
    ("convolutions.1.weight", &[32, 16, 3, 3]),
    ("convolutions.1.bias", &[32]),
    ("convolutions.2.weight", &[64, 32, 3, 3]),
    ("convolutions.2.bias", &[64]),
    ("hidden.0.weight", &[128, 1024]),
    ("hidden.0.bias", &[128]),
    ("output.weight", &[10, 128]),
    ("output.bias", &[10]),
];

fn tensors() -> Vec<pth::Tensor> {
    let tensors = SHAPES.iter().map(|(name, shape)| {
        let numbers = formula::values(name, shape);
        pth::Tensor::new(name, shape, numbers)
    });
    tensors.collect()
}

fn backbone(classes: usize) -> Backbone {
    let config = BackboneConfig::from_name(MODEL, classes, 3, 32).unwrap();
    config.init(&Device::default())
}

/// A file in a folder that lasts as long as it.
fn written(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.pth");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn load(bytes: &[u8]) -> Result<Backbone, WeightsError> {
    let (_folder, path) = written(bytes);
    WeightsFile::new(path).load(backbone(10))
}

fn logits(backbone: &Backbone) -> Vec<f32> {
    let image = formula::image([32, 32], 1, &Device::default());
    backbone.forward(image).into_data().try_into_vec().unwrap()
}

#[test]
fn both_layouts_of_pytorch_are_read() {
    let archive = load(&pth::saved(&tensors())).unwrap();
    let stream = load(&pth::saved_as_stream(&tensors())).unwrap();
    assert_eq!(logits(&archive), logits(&stream));
    let Backbone::DigitNet(network) = &archive else {
        unreachable!("a digit network");
    };
    // A linear layer is the other way round in a file.
    let weight = network.hidden[0].weight.val();
    assert_eq!(weight.dims(), [1024, 128]);
    let column = weight.slice([0..1024, 5..6]).into_data();
    let column = column.try_into_vec::<f32>().unwrap();
    let stored = formula::values("hidden.0.weight", &[128, 1024]);
    assert_eq!(column, stored[5 * 1024..6 * 1024]);
}

#[test]
fn what_a_trainer_puts_around_a_state_dict_is_left_out() {
    let plain = logits(&load(&pth::saved(&tensors())).unwrap());
    for wrapper in ["module.", "state_dict.module.", "model."] {
        let mut tensors = tensors();
        for tensor in &mut tensors {
            tensor.name = format!("{wrapper}{}", tensor.name);
        }
        assert_eq!(logits(&load(&pth::saved(&tensors)).unwrap()), plain);
    }
}

/// Numbers that do not lie in the order of the axes.
#[test]
fn strides_are_followed() {
    let mut tensors = tensors();
    let plain = logits(&load(&pth::saved(&tensors)).unwrap());
    let tensor = &mut tensors[2];
    // [32, 16, 3, 3] with the channels last: strides of 144, 1, 48 and 16.
    let mut numbers = vec![0.0; tensor.numbers.len()];
    for (index, &number) in tensor.numbers.iter().enumerate() {
        let (pixel, channel, image) = (index % 9, index / 9 % 16, index / 144);
        numbers[image * 144 + pixel * 16 + channel] = number;
    }
    tensor.numbers = numbers;
    tensor.strides = vec![144, 1, 48, 16];
    assert_eq!(logits(&load(&pth::saved(&tensors)).unwrap()), plain);
    assert_eq!(
        logits(&load(&pth::saved_as_stream(&tensors)).unwrap()),
        plain
    );
}

#[test]
fn another_number_of_classes_has_to_be_asked_for() {
    let (_folder, path) = written(&pth::saved(&tensors()));
    let error = WeightsFile::new(&path).load(backbone(7)).unwrap_err();
    let WeightsError::Tensors { misshapen, .. } = error else {
        panic!("{error}");
    };
    let names: Vec<_> = misshapen.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["output.weight", "output.bias"]);

    let before = backbone(7);
    let file = WeightsFile::new(&path).without_head();
    let (after, kept) = file.load_listing(before.clone()).unwrap();
    assert_eq!(kept, ["output.weight", "output.bias"]);
    let head = |backbone: &Backbone| match backbone {
        Backbone::DigitNet(network) => network.output.weight.val().into_data(),
        _ => unreachable!("a digit network"),
    };
    assert_eq!(head(&before), head(&after));
    assert_eq!(logits(&after).len(), 7);
    // So may a file without a head.
    let mut tensors = tensors();
    tensors.truncate(8);
    let (_folder, path) = written(&pth::saved(&tensors));
    WeightsFile::new(path)
        .without_head()
        .load(backbone(7))
        .unwrap();
}

#[test]
fn all_that_does_not_suit_is_listed() {
    let mut tensors = tensors();
    tensors[1].name = "convolutions.0.scale".to_string();
    tensors[3] = pth::Tensor::new("convolutions.1.bias", &[31], vec![0.0; 31]);
    let error = load(&pth::saved(&tensors)).unwrap_err();
    let WeightsError::Tensors {
        missing,
        unused,
        misshapen,
        ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!(missing, &["convolutions.0.bias"]);
    assert_eq!(unused, &["convolutions.0.scale"]);
    assert_eq!(misshapen[0].0, "convolutions.1.bias");
    let text = error.to_string();
    for name in [
        "weights.pth",
        "convolutions.0.bias",
        "convolutions.0.scale",
        "[31]",
    ] {
        assert!(text.contains(name), "{text}");
    }
}

/// A network keeps what it has where a file is bad in its last tensor only.
#[test]
fn there_are_no_half_loaded_networks() {
    for number in [f32::NAN, f32::INFINITY] {
        let mut tensors = tensors();
        tensors[9].numbers[3] = number;
        let (_folder, path) = written(&pth::saved(&tensors));
        let before = backbone(10);
        let expected = logits(&before);
        let error = WeightsFile::new(path).load(before.clone()).unwrap_err();
        let WeightsError::Tensors { unusable, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(
            unusable[0],
            ("output.bias".to_string(), format!("{number} at 3"))
        );
        assert_eq!(logits(&before), expected);
    }
}

#[test]
fn the_file_of_another_network_is_refused() {
    let file = pth::saved(&tensors());
    let (_folder, path) = written(&file);
    for model in Model::all().filter(|model| model.name() != MODEL) {
        let other = model.config(10, 3, 32).init(&Device::default());
        let error = WeightsFile::new(&path).load(other).unwrap_err();
        assert!(
            matches!(error, WeightsError::Tensors { .. }),
            "{model}: {error}"
        );
    }
}

/// Wherever a file is cut off, and in both layouts.
#[test]
fn cut_off_files_are_errors() {
    for whole in [pth::saved(&tensors()), pth::saved_as_stream(&tensors())] {
        load(&whole).unwrap();
        let ends = [
            0,
            1,
            3,
            4,
            10,
            20,
            40,
            100,
            1000,
            2000,
            whole.len() / 2,
            whole.len() - 1,
        ];
        for end in ends {
            let error = load(&whole[..end]).unwrap_err();
            assert!(
                matches!(
                    error,
                    WeightsError::File { .. } | WeightsError::Tensors { .. }
                ),
                "{end}: {error}"
            );
        }
    }
}

/// A byte of the pickle may be any other, and the file is loaded or refused.
#[test]
fn no_byte_makes_it_panic() {
    let whole = pth::saved_as_stream(&tensors());
    let mut refused = 0;
    let bytes = [0, b'(', b'c', b'R', b'.', 0x7f, 255];
    for (place, byte) in (0..2500).step_by(7).zip(bytes.iter().cycle()) {
        let mut file = whole.clone();
        file[place] = *byte;
        refused += usize::from(load(&file).is_err());
    }
    assert!(refused > 100, "{refused}");
}

/// What runs when Python unpickles it.
#[test]
fn nothing_is_executed() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("executed");
    let command = format!("touch {}", mark.display());
    let mut call = b"X\x01\0\0\0xcposix\nsystem\nX".to_vec();
    call.extend((command.len() as u32).to_le_bytes());
    call.extend(command.as_bytes());
    call.extend(b"\x85R");
    let pickle = pth::pickle(&tensors(), &call);
    let archive = pth::archive(&pickle, &tensors(), CompressionMethod::Stored);
    let stream = [
        &b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."[..],
        &call,
        b".",
    ]
    .concat();
    for file in [archive, stream] {
        let text = load(&file).unwrap_err().to_string();
        assert!(
            text.contains("a pickle that names `posix system`"),
            "{text}"
        );
    }
    assert!(!mark.exists());
}

#[test]
fn bombs_are_refused() {
    let tensors = tensors();
    // 100 MB of zeros in a few kB.
    let zeros = vec![pth::Tensor::new(
        "output.bias",
        &[10],
        vec![0.0; 25_000_000],
    )];
    let pickle = pth::pickle(&zeros, b"");
    let bomb = pth::archive(&pickle, &zeros, CompressionMethod::Deflated);
    assert!(bomb.len() < 200_000);
    let text = load(&bomb).unwrap_err().to_string();
    assert!(text.contains("which is compressed"), "{text}");

    // More instructions than any list of tensors has.
    let mut endless = b"\x80\x02".to_vec();
    endless.extend(vec![b']'; 2 << 20]);
    endless.push(b'.');
    let bomb = pth::archive(&endless, &[], CompressionMethod::Stored);
    let text = load(&bomb).unwrap_err().to_string();
    assert!(text.contains("instructions"), "{text}");

    // A tensor of 10 GB whose numbers are all the same one.
    let mut huge = tensors.clone();
    huge[6].shape = vec![50_000, 50_000];
    huge[6].strides = vec![0, 0];
    let text = load(&pth::saved(&huge)).unwrap_err().to_string();
    assert!(text.contains("[50000, 50000]"), "{text}");

    // Lists in lists, doubled by the memo time and again.
    let mut laughs = b"\x80\x02]q\0".to_vec();
    for _ in 0..64 {
        laughs.extend(b"(h\0h\0lq\0");
    }
    laughs.push(b'.');
    load(&pth::archive(&laughs, &[], CompressionMethod::Stored)).unwrap_err();
}

/// A classifier comes back with its frontend, and only as a whole.
#[test]
fn a_classifier_is_kept_with_its_frontend() {
    let device = Device::default();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("classifier.safetensors");
    for model in ["digit-net-small", "cifar-resnet20", "mobilenet-v1-0.25"] {
        let backbone = BackboneConfig::from_name(model, 10, 3, 32).unwrap();
        let frontend = FrontendConfig::neurn(NeuRnConfig::new(5));
        let config = ClassifierConfig::new(frontend, backbone).with_mean(vec![0.25]);
        let classifier = config.init(&device);
        config.save(&classifier, &path).unwrap();
        let (read, loaded) = ClassifierConfig::load_classifier(&path, &device).unwrap();
        assert_eq!(read, config);
        let images = formula::image([32, 32], 2, &device);
        let logits = classifier.forward(images.clone());
        // A linear layer from a file lies the other way round in memory, and sums in
        // another order.
        let size = logits.clone().abs().max().into_scalar::<f32>();
        let off = (loaded.forward(images) - logits).abs().max();
        let off = off.into_scalar::<f32>();
        assert!(
            off <= devices::reordering(2.0, 1024.0) * size,
            "{model}: {off}"
        );

        // The weights without the frontend would be another classifier.
        let bare = config.backbone.init(&device);
        let error = WeightsFile::new(&path).load(bare).unwrap_err();
        assert!(matches!(error, WeightsError::Tensors { .. }), "{error}");
    }
}

#[test]
fn a_classifier_is_not_read_from_anything_else() {
    let device = Device::default();
    let read = |bytes: &[u8]| {
        let (_folder, path) = written(bytes);
        ClassifierConfig::load_classifier(path, &device)
            .unwrap_err()
            .to_string()
    };
    let text = read(&pth::saved(&tensors()));
    assert!(text.contains("weights without a configuration"), "{text}");
    let noted = |note: &str| {
        let text = format!(r#"{{"__metadata__":{{"neurn.classifier":{note:?}}}}}"#);
        read(&[&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat())
    };
    for note in ["", "{}", "[1]"] {
        let text = noted(note);
        assert!(text.contains("ClassifierConfig::save"), "{text}");
    }
    // Configurations that no classifier can have.
    let backbone = BackboneConfig::from_name(MODEL, 10, 3, 32).unwrap();
    let config = ClassifierConfig::new(FrontendConfig::none(), backbone);
    for config in [
        config.clone().with_mean(vec![0.5, 0.5]),
        config.clone().with_after(Some("conv9".to_string())),
        ClassifierConfig::new(
            FrontendConfig::none(),
            BackboneConfig::from_name(MODEL, 10, 3, 1 << 40).unwrap(),
        ),
        ClassifierConfig::new(
            FrontendConfig::none(),
            BackboneConfig::from_name("vit-s16", 1 << 60, 3, 32).unwrap(),
        ),
    ] {
        let text = noted(&burn::config::config_to_json(&config));
        assert!(text.contains("a configuration"), "{text}");
    }
    // A whole one without its weights.
    let text = noted(&burn::config::config_to_json(&config));
    assert!(text.contains("10 missing"), "{text}");
}

/// A file that cannot be replaced is left as it is.
#[test]
fn saving_into_no_folder_is_an_error() {
    let backbone = BackboneConfig::from_name(MODEL, 10, 3, 32).unwrap();
    let config = ClassifierConfig::new(FrontendConfig::none(), backbone);
    let classifier = config.init(&Device::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none/classifier.safetensors");
    let error = config.save(&classifier, &path).unwrap_err();
    assert!(
        error.to_string().contains("classifier.safetensors"),
        "{error}"
    );
}

/// Reading them would never end.
#[cfg(target_os = "linux")]
#[test]
fn devices_and_pipes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for device in ["/dev/zero".as_ref(), "/dev/full".as_ref(), pipe.as_path()] {
        let path = folder.path().join("weights.pth");
        std::os::unix::fs::symlink(device, &path).unwrap();
        for error in [
            WeightsFile::new(&path).load(backbone(10)).unwrap_err(),
            ClassifierConfig::load_classifier(&path, &Device::default()).unwrap_err(),
        ] {
            let error = error.to_string();
            assert!(error.contains("weights.pth: expected a file"), "{error}");
        }
        fs::remove_file(&path).unwrap();
    }
}
