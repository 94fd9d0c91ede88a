//! Every model with weights of a formula, against torchvision, timm and Keras with
//! the same. `references/torch_models.py` wrote `torch.json.gz`,
//! `references/keras_models.py` `keras.json.gz`.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};
use neurn_models::{Backbone, Model, WeightsFile};
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use serde::Deserialize;
use tempfile::TempDir;

use crate::{devices, formula};

#[derive(Deserialize)]
struct Reference {
    tensors: BTreeMap<String, Vec<usize>>,
    runs: Vec<Run>,
    training: Option<Training>,
}

#[derive(Deserialize)]
struct Run {
    size: [usize; 2],
    logits: Summary,
    layers: BTreeMap<String, Summary>,
}

#[derive(Deserialize)]
struct Training {
    size: [usize; 2],
    gradients: BTreeMap<String, Summary>,
    statistics: BTreeMap<String, Summary>,
}

/// Numbers that a tensor is known by.
#[derive(Deserialize)]
struct Summary {
    shape: Vec<usize>,
    /// Root mean square.
    rms: f64,
    /// The sum with signs of chance, over the root of how many there are.
    signed: f64,
    /// Eight values.
    values: Vec<f64>,
}

impl Summary {
    /// Asserts that `x` is this tensor, up to `share` of its root mean square.
    fn assert_near(&self, x: &[f64], name: &str, share: f64, what: &str) {
        let difference = self.difference(x, name, share);
        assert!(difference.is_none(), "{what} {name}: {difference:?}");
    }

    /// How `x` differs from this tensor by more than `share` of its root mean square.
    fn difference(&self, x: &[f64], name: &str, share: f64) -> Option<String> {
        assert_eq!(x.len(), self.shape.iter().product::<usize>(), "{name}");
        let count = x.len() as f64;
        let rms = (x.iter().map(|x| x * x).sum::<f64>() / count).sqrt();
        let signs = formula::units(&format!("signs of {name}"));
        let signs = signs.map(|u| if u < 0.5 { -1.0 } else { 1.0 });
        let signed = x.iter().zip(signs).map(|(x, sign)| x * sign).sum::<f64>() / count.sqrt();
        // An error of a share of each value, in any direction, moves the sum with
        // signs by that share of the root mean square.
        let far = |a: f64, b: f64, number: &str| {
            let off = (a - b).abs() / self.rms.max(1e-30);
            // A NaN is far.
            (off > share || off.is_nan()).then(|| format!("{number} {a} {b}, off by {off:.1e}"))
        };
        let places = formula::units(&format!("places of {name}"));
        let mut values = places.map(|u| (u * count) as usize).zip(&self.values);
        far(rms, self.rms, "root mean square")
            .or_else(|| far(signed, self.signed, "sum with signs"))
            .or_else(|| {
                values.find_map(|(place, &value)| {
                    // A single value is as far off as the largest, not as the mean.
                    let scale = 1.0 + value.abs() / self.rms.max(1e-30);
                    let off = (x[place] - value).abs() / self.rms.max(1e-30) / scale;
                    (off > share || off.is_nan())
                        .then(|| format!("{} {value}, off by {off:.1e}", x[place]))
                })
            })
    }
}

fn references() -> BTreeMap<String, Reference> {
    let mut references = BTreeMap::new();
    for packed in [
        &include_bytes!("torch.json.gz")[..],
        include_bytes!("keras.json.gz"),
    ] {
        let mut text = String::new();
        let mut unpacked = flate2::read::GzDecoder::new(packed);
        unpacked.read_to_string(&mut text).unwrap();
        let part: BTreeMap<String, Reference> = serde_json::from_str(&text).unwrap();
        references.extend(part);
    }
    references
}

/// A file with all tensors of a model by their names in torchvision or timm.
fn written(tensors: &BTreeMap<String, Vec<usize>>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let contents = tensors.iter().map(|(name, shape)| {
        // The head of one layer that a VGG of ours has has no name there.
        let place = match name.strip_prefix("classifier") {
            Some(rest @ (".weight" | ".bias")) if tensors.contains_key("features.0.bias") => {
                format!("head.output{rest}")
            }
            _ => name.clone(),
        };
        let bytes = match name.ends_with("num_batches_tracked") {
            true => 0_i64.to_le_bytes().to_vec(),
            false => {
                let values = formula::values(name, shape);
                values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect()
            }
        };
        (place, shape, bytes)
    });
    let contents: Vec<_> = contents.collect();
    let views = contents.iter().map(|(name, shape, bytes)| {
        let dtype = match name.ends_with("num_batches_tracked") {
            true => Dtype::I64,
            false => Dtype::F32,
        };
        (
            name,
            TensorView::new(dtype, (*shape).clone(), bytes).unwrap(),
        )
    });
    serialize_to_file(views, None, &path).unwrap();
    (folder, path)
}

/// The model of the reference, with as many classes and, for VGG, the head for
/// images of any size.
fn backbone(name: &str, classes: usize, device: &Device) -> Backbone {
    let model: Model = name.parse().unwrap();
    match name.starts_with("vgg") {
        true => model.config(classes, 3, 32).init(device),
        false => model.published(classes).init(device),
    }
}

/// The model with the weights of the formula, and the name in PyTorch of each of
/// its parameters.
fn loaded(name: &str, reference: &Reference, device: &Device) -> (Backbone, Names) {
    let (_folder, path) = written(&reference.tensors);
    let backbone = backbone(name, reference.runs[0].logits.shape[1], device);
    let backbone = WeightsFile::new(path).load(backbone).unwrap();
    let names = names(&backbone, &reference.tensors);
    (backbone, names)
}

/// Places in a module -> names in PyTorch.
type Names = BTreeMap<String, String>;

/// What a tensor's first value and length are called in PyTorch.
fn names(backbone: &Backbone, tensors: &BTreeMap<String, Vec<usize>>) -> Names {
    let known = tensors.iter().map(|(name, shape)| {
        let values = formula::values(name, shape);
        let first = f64::from(values[0]);
        ((first.to_bits(), values.len()), name.clone())
    });
    let known: BTreeMap<(u64, usize), String> = known.collect();
    let ours = Tensors::of(backbone, None).into_iter();
    let named = ours.filter_map(|(place, values)| {
        let name = known.get(&(values[0].to_bits(), values.len()))?;
        Some((place, name.clone()))
    });
    named.collect()
}

fn values<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data().iter::<f64>().collect()
}

/// How far two ways to compute the same may lie apart, as a share of the size.
const SHARE: f64 = 1e-4;

#[test]
fn layers_and_logits_are_those_of_torch_and_keras() {
    let references = references();
    for device in devices::all() {
        for (name, reference) in &references {
            let (backbone, _) = loaded(name, reference, &device);
            for run in &reference.runs {
                let what = format!("{name} {:?} {device:?}", run.size);
                let image = formula::image(run.size, 1, &device);
                let names: Vec<&str> = run.layers.keys().map(String::as_str).collect();
                let features = backbone.features(image.clone(), &names).unwrap();
                for (features, (layer, expected)) in features.into_iter().zip(&run.layers) {
                    expected.assert_near(&values(features), layer, SHARE, &what);
                }
                let logits = values(backbone.forward(image));
                run.logits.assert_near(&logits, "logits", SHARE, &what);
            }
        }
    }
}

/// Every model but our own, and two widths of a family that has two others.
#[test]
fn no_model_is_left_out() {
    let references = references();
    let others = [
        "digit-net",
        "digit-net-small",
        "mobilenet-v1-0.75",
        "mobilenet-v1-0.25",
    ];
    for model in Model::all().map(Model::name) {
        assert!(
            references.contains_key(model) != others.contains(&model),
            "{model}"
        );
    }
}

/// The tensors of a module by their places in it.
struct Tensors<'a> {
    gradients: Option<&'a Gradients>,
    path: Vec<String>,
    tensors: BTreeMap<String, Vec<f64>>,
}

impl ModuleVisitor for Tensors<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        if !container.starts_with("Enum:") {
            self.path.push(name.to_string());
        }
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        if !container.starts_with("Enum:") {
            self.path.pop();
        }
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = match self.gradients {
            Some(gradients) => param.val().grad(gradients),
            None => Some(param.val()),
        };
        // PyTorch has the weights of a linear layer the other way round.
        let value = value.map(|value| match D {
            2 => value.swap_dims(0, 1),
            _ => value,
        });
        if let Some(value) = value {
            self.tensors.insert(self.path.join("."), values(value));
        }
    }
}

impl<'a> Tensors<'a> {
    fn of(backbone: &Backbone, gradients: Option<&'a Gradients>) -> BTreeMap<String, Vec<f64>> {
        let mut tensors = Self {
            gradients,
            path: Vec::new(),
            tensors: BTreeMap::new(),
        };
        backbone.visit(&mut tensors);
        tensors.tensors
    }
}

/// Every parameter in 64 bits.
struct Double;

impl ModuleMapper for Double {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let learns = param.is_require_grad();
        let double = |tensor: Tensor<D>| tensor.cast(DType::F64).detach();
        param.map(|tensor| double(tensor).set_require_grad(learns))
    }
}

/// One step in training mode, without dropout, of one model of each family: on a
/// device with autodiff batch norms take the statistics of the batch. Of what they
/// keep, the means are compared: into the variances Burn takes those over n pixels,
/// PyTorch those over n - 1.
///
/// In 64 bits, on both sides. In 32 bits a ReLU or a pool whose input lies within
/// rounding of its edge falls to the other side, and batch norms that see few pixels
/// make a per cent of it and more. The kernels are the same for both widths.
#[cfg(feature = "flex")]
#[test]
fn gradients_are_those_of_torch_and_keras() {
    let device = Device::flex().autodiff();
    let mut models = Vec::new();
    for (name, reference) in references() {
        let Some(training) = &reference.training else {
            continue;
        };
        let (backbone, names) = loaded(&name, &reference, &device);
        let backbone = without_dropout(backbone).map(&mut Double);
        let images = formula::image(training.size, 2, &device).cast(DType::F64);
        compare_step(&name, &backbone, &names, training, images, 1e-6);
        models.push(name);
    }
    let families = [
        "cifar-resnet20",
        "convnext-tiny",
        "densenet121",
        "efficientnet-b0",
        "efficientnet-lite0",
        "inception-v3",
        "mobilenet-v1-0.5",
        "mobilenet-v2",
        "resnet18",
        "resnet50",
        "resnet50v2",
        "squeezenet1.1",
        "vgg11-bn",
        "vit-s16",
        "xception",
    ];
    assert_eq!(models, families);
}

/// In 32 bits, of networks that rounding does not lead astray: without ReLUs, or
/// without batch norms.
#[test]
fn gradients_in_single_precision() {
    let device = Device::default().autodiff();
    let references = references();
    for name in [
        "convnext-tiny",
        "efficientnet-b0",
        "squeezenet1.1",
        "vit-s16",
    ] {
        let reference = &references[name];
        let training = reference.training.as_ref().unwrap();
        let (backbone, names) = loaded(name, reference, &device);
        let images = formula::image(training.size, 2, &device);
        let backbone = without_dropout(backbone);
        compare_step(name, &backbone, &names, training, images, 1e-3);
    }
}

/// Asserts that the gradients and statistics of one step are those of the reference.
fn compare_step(
    name: &str,
    backbone: &Backbone,
    names: &Names,
    training: &Training,
    images: Tensor<4>,
    share: f64,
) {
    let device = images.device();
    let logits = backbone.forward(images);
    let dims = logits.dims();
    let weights = formula::units("weights").map(|u| (2.0 * u - 1.0) as f32);
    let weights: Vec<f32> = weights.take(dims[0] * dims[1]).collect();
    let weights = Tensor::<2>::from_data(TensorData::new(weights, dims), &device);
    let weights = weights.cast(logits.dtype());
    let gradients = (logits * weights).sum().backward();
    let parts = [
        (
            "gradient",
            Tensors::of(backbone, Some(&gradients)),
            &training.gradients,
        ),
        (
            "statistic",
            // Statistics are brought together when training ends.
            Tensors::of(&backbone.clone().valid(), None),
            &training.statistics,
        ),
    ];
    for (part, tensors, expected) in parts {
        let mut compared = 0;
        for (place, theirs) in names {
            if let (Some(expected), Some(ours)) = (expected.get(theirs), tensors.get(place)) {
                expected.assert_near(ours, theirs, share, &format!("{name}, {part}"));
                compared += 1;
            }
        }
        assert_eq!(compared, expected.len(), "{name}, {part}");
    }
}

fn without_dropout(mut backbone: Backbone) -> Backbone {
    match &mut backbone {
        Backbone::Vgg(network) => network.head.dropout.prob = 0.0,
        Backbone::MobileNetV2(network) => network.dropout.prob = 0.0,
        Backbone::EfficientNet(network) => network.dropout.prob = 0.0,
        Backbone::SqueezeNet(network) => network.dropout.prob = 0.0,
        Backbone::Inception(network) => network.dropout.prob = 0.0,
        _ => {}
    }
    backbone
}
