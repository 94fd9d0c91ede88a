use burn::config::Config;
use burn::module::Module;
use burn::nn::conv::Conv2dConfig;
use burn::nn::pool::{AvgPool2d, AvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

use super::conv_norm::NormSettings;
use super::convolution::{average_pool, max_pool, normal, padding};
use super::operation::{concatenate, global_average_pool, linear, relu};
use super::{BackboneConfig, ConvNorm, Entry, Family, Layers, Names, Network, weights};
use crate::Weights;
use crate::weights::{Preprocessing, SYMMETRIC};

/// A convolution: its name in torchvision, the channels that it gives, its kernel
/// and its stride. Those of stride 2 have no padding, all others keep the size.
type Step = (&'static str, usize, [usize; 2], usize);

/// The convolutions of the stem; a max-pool follows `2b` and `4a`. `2a` and `4a`
/// have no padding either.
const STEM: [Step; 5] = [
    ("Conv2d_1a_3x3", 32, [3, 3], 2),
    ("Conv2d_2a_3x3", 32, [3, 3], 1),
    ("Conv2d_2b_3x3", 64, [3, 3], 1),
    ("Conv2d_3b_1x1", 80, [1, 1], 1),
    ("Conv2d_4a_3x3", 192, [3, 3], 1),
];

/// Where a branch of a module begins.
#[derive(Clone, Copy)]
enum Start {
    Input,
    Average,
    Max,
}

/// A branch: where it begins, the convolutions one after the other, and those
/// that take what the last of them gives, beside each other.
struct Branch {
    start: Start,
    steps: Vec<Step>,
    split: Vec<Step>,
}

fn branch(start: Start, steps: &[Step]) -> Branch {
    Branch {
        start,
        steps: steps.to_vec(),
        split: Vec::new(),
    }
}

fn split(steps: &[Step], split: &[Step]) -> Branch {
    Branch {
        split: split.to_vec(),
        ..branch(Start::Input, steps)
    }
}

/// The modules by their names in torchvision, first to last.
fn modules() -> Vec<(&'static str, Vec<Branch>)> {
    vec![
        ("Mixed_5b", module_a(32)),
        ("Mixed_5c", module_a(64)),
        ("Mixed_5d", module_a(64)),
        ("Mixed_6a", module_b()),
        ("Mixed_6b", module_c(128)),
        ("Mixed_6c", module_c(160)),
        ("Mixed_6d", module_c(160)),
        ("Mixed_6e", module_c(192)),
        ("Mixed_7a", module_d()),
        ("Mixed_7b", module_e()),
        ("Mixed_7c", module_e()),
    ]
}

fn module_a(pool: usize) -> Vec<Branch> {
    let five = [
        ("branch5x5_1", 48, [1, 1], 1),
        ("branch5x5_2", 64, [5, 5], 1),
    ];
    let three = [
        ("branch3x3dbl_1", 64, [1, 1], 1),
        ("branch3x3dbl_2", 96, [3, 3], 1),
        ("branch3x3dbl_3", 96, [3, 3], 1),
    ];
    vec![
        branch(Start::Input, &[("branch1x1", 64, [1, 1], 1)]),
        branch(Start::Input, &five),
        branch(Start::Input, &three),
        branch(Start::Average, &[("branch_pool", pool, [1, 1], 1)]),
    ]
}

fn module_b() -> Vec<Branch> {
    let double = [
        ("branch3x3dbl_1", 64, [1, 1], 1),
        ("branch3x3dbl_2", 96, [3, 3], 1),
        ("branch3x3dbl_3", 96, [3, 3], 2),
    ];
    vec![
        branch(Start::Input, &[("branch3x3", 384, [3, 3], 2)]),
        branch(Start::Input, &double),
        branch(Start::Max, &[]),
    ]
}

fn module_c(width: usize) -> Vec<Branch> {
    let seven = [
        ("branch7x7_1", width, [1, 1], 1),
        ("branch7x7_2", width, [1, 7], 1),
        ("branch7x7_3", 192, [7, 1], 1),
    ];
    let double = [
        ("branch7x7dbl_1", width, [1, 1], 1),
        ("branch7x7dbl_2", width, [7, 1], 1),
        ("branch7x7dbl_3", width, [1, 7], 1),
        ("branch7x7dbl_4", width, [7, 1], 1),
        ("branch7x7dbl_5", 192, [1, 7], 1),
    ];
    vec![
        branch(Start::Input, &[("branch1x1", 192, [1, 1], 1)]),
        branch(Start::Input, &seven),
        branch(Start::Input, &double),
        branch(Start::Average, &[("branch_pool", 192, [1, 1], 1)]),
    ]
}

fn module_d() -> Vec<Branch> {
    let three = [
        ("branch3x3_1", 192, [1, 1], 1),
        ("branch3x3_2", 320, [3, 3], 2),
    ];
    let seven = [
        ("branch7x7x3_1", 192, [1, 1], 1),
        ("branch7x7x3_2", 192, [1, 7], 1),
        ("branch7x7x3_3", 192, [7, 1], 1),
        ("branch7x7x3_4", 192, [3, 3], 2),
    ];
    vec![
        branch(Start::Input, &three),
        branch(Start::Input, &seven),
        branch(Start::Max, &[]),
    ]
}

fn module_e() -> Vec<Branch> {
    let double = [
        ("branch3x3dbl_1", 448, [1, 1], 1),
        ("branch3x3dbl_2", 384, [3, 3], 1),
    ];
    vec![
        branch(Start::Input, &[("branch1x1", 320, [1, 1], 1)]),
        split(
            &[("branch3x3_1", 384, [1, 1], 1)],
            &[
                ("branch3x3_2a", 384, [1, 3], 1),
                ("branch3x3_2b", 384, [3, 1], 1),
            ],
        ),
        split(
            &double,
            &[
                ("branch3x3dbl_3a", 384, [1, 3], 1),
                ("branch3x3dbl_3b", 384, [3, 1], 1),
            ],
        ),
        branch(Start::Average, &[("branch_pool", 192, [1, 1], 1)]),
    ]
}

/// Configuration to create an [`Inception`] with [`init`](InceptionConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct InceptionConfig {
    /// Classes to tell apart.
    pub num_classes: usize,
    /// Channels of the images. Default: 3
    #[config(default = 3)]
    pub channels: usize,
}

impl InceptionConfig {
    /// Initialize a new [`Inception`].
    ///
    /// Weights are drawn from N(0, 0.1²), those of the linear layer uniformly from
    /// ±1/sqrt(inputs).
    pub fn init(&self, device: &Device) -> Inception {
        let settings = NormSettings {
            epsilon: 1e-3,
            initializer: normal(0.1),
            ..NormSettings::torch()
        };
        let conv = |inputs: usize, (name, outputs, kernel, stride): Step| {
            let padded = stride == 1 && !["Conv2d_2a_3x3", "Conv2d_4a_3x3"].contains(&name);
            let [down, across] = kernel.map(|length| length / 2);
            let config = Conv2dConfig::new([inputs, outputs], kernel)
                .with_stride([stride; 2])
                .with_padding(match padded {
                    true => PaddingConfig2d::Explicit(down, across, down, across),
                    false => PaddingConfig2d::Valid,
                });
            settings.conv_norm(config, device)
        };
        let mut channels = self.channels;
        let chain = |channels: &mut usize, steps: &[Step]| -> Vec<ConvNorm> {
            let steps = steps.iter().map(|&step| {
                let conv = conv(*channels, step);
                *channels = step.1;
                conv
            });
            steps.collect()
        };
        let stem = chain(&mut channels, &STEM);
        let mut mixed = Vec::new();
        for (_, plan) in modules() {
            let mut outputs = 0;
            let branches = plan.iter().map(|plan| {
                let mut width = channels;
                let steps = chain(&mut width, &plan.steps);
                let split = plan.split.iter();
                let split: Vec<_> = split
                    .map(|step| chain(&mut width.clone(), &[*step]))
                    .collect();
                outputs += width * split.len().max(1);
                InceptionBranch {
                    average: matches!(plan.start, Start::Average).then(|| {
                        AvgPool2dConfig::new([3, 3])
                            .with_strides([1, 1])
                            .with_padding(padding(1))
                            .init()
                    }),
                    max: matches!(plan.start, Start::Max).then(halving),
                    steps,
                    split: split.into_iter().flatten().collect(),
                }
            });
            mixed.push(branches.collect());
            channels = outputs;
        }
        Inception {
            stem,
            pool: halving(),
            mixed,
            dropout: DropoutConfig::new(0.5).init(),
            fc: LinearConfig::new(channels, self.num_classes).init(device),
        }
    }
}

fn halving() -> MaxPool2d {
    MaxPool2dConfig::new([3, 3]).with_strides([2, 2]).init()
}

/// Inception V3: modules of branches beside each other, with kernels of 1x1, 3x3,
/// 5x5, and 7x7 in two steps.
///
/// Source: Szegedy et al., *Rethinking the Inception Architecture for Computer
/// Vision*, [arXiv 1512.00567](https://arxiv.org/abs/1512.00567), as torchvision
/// has it, without the auxiliary classifier, which only training uses. The
/// published weights are for pixels in -1..=1.
///
/// Should be created using [`InceptionConfig`].
#[derive(Module, Debug)]
pub struct Inception {
    /// The convolutions of the stem.
    pub stem: Vec<ConvNorm>,
    /// The max-pool of the stem, which comes twice.
    pub pool: MaxPool2d,
    /// The modules, each a list of branches.
    pub mixed: Vec<Vec<InceptionBranch>>,
    /// The dropout before the logits.
    pub dropout: Dropout,
    /// The linear layer that gives the logits.
    pub fc: Linear,
}

/// A branch of a module.
#[derive(Module, Debug)]
pub struct InceptionBranch {
    /// The average pool that it begins with, if it does.
    pub average: Option<AvgPool2d>,
    /// The max-pool that it consists of, if it does.
    pub max: Option<MaxPool2d>,
    /// The convolutions one after the other.
    pub steps: Vec<ConvNorm>,
    /// The convolutions that take what the last of `steps` gives, beside each
    /// other.
    pub split: Vec<ConvNorm>,
}

fn activated(conv: &ConvNorm, x: Tensor<4>) -> Tensor<4> {
    relu(conv.forward(x))
}

impl InceptionBranch {
    /// What the branch adds to the module's output.
    fn forward(&self, x: Tensor<4>) -> Vec<Tensor<4>> {
        let x = match (&self.average, &self.max) {
            (Some(pool), _) => average_pool(pool, x),
            (None, Some(pool)) => max_pool(pool, x),
            (None, None) => x,
        };
        let x = self.steps.iter().fold(x, |x, conv| activated(conv, x));
        match self.split.is_empty() {
            true => vec![x],
            false => self
                .split
                .iter()
                .map(|conv| activated(conv, x.clone()))
                .collect(),
        }
    }
}

impl Inception {
    /// The logits of a batch of images.
    ///
    /// # Shapes
    ///
    /// - input: `[N, channels, H, W]`, H and W at least 75
    /// - output: `[N, num_classes]`
    ///
    /// # Panics
    ///
    /// If the input has other channels or is smaller.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.head(self.layers().forward(images))
    }
}

impl Network for Inception {
    fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        for ((name, ..), conv) in STEM.iter().zip(&self.stem) {
            layers.push(*name, |x| activated(conv, x));
            let pool = match *name {
                "Conv2d_2b_3x3" => "maxpool1",
                "Conv2d_4a_3x3" => "maxpool2",
                _ => continue,
            };
            layers.push(pool, |x| max_pool(&self.pool, x));
        }
        for ((name, _), branches) in modules().iter().zip(&self.mixed) {
            layers.push(*name, |x| {
                let parts = branches.iter().flat_map(|branch| branch.forward(x.clone()));
                concatenate(parts.collect())
            });
        }
        layers
    }

    fn head(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.dropout.forward(global_average_pool(x));
        linear(&self.fc, x)
    }

    fn names(&self) -> Names {
        let stem = STEM.iter().enumerate();
        let mut places: Vec<(String, String)> = stem
            .map(|(index, (name, ..))| (name.to_string(), format!("stem.{index}")))
            .collect();
        for (module, (name, plan)) in modules().iter().enumerate() {
            for (branch, plan) in plan.iter().enumerate() {
                for (part, steps) in [("steps", &plan.steps), ("split", &plan.split)] {
                    for (index, (step, ..)) in steps.iter().enumerate() {
                        let ours = format!("mixed.{module}.{branch}.{part}.{index}");
                        places.push((format!("{name}.{step}"), ours));
                    }
                }
            }
        }
        let names = Names::new("fc").ignore(&["AuxLogits"]);
        places.iter().fold(names, |names, (theirs, ours)| {
            names
                .rename(format!("{theirs}.conv"), format!("{ours}.conv"))
                .rename(format!("{theirs}.bn"), format!("{ours}.norm"))
        })
    }
}

impl Family for InceptionConfig {
    fn name(&self) -> &'static str {
        "inception-v3"
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }

    /// 75 pixels leave 37, 35, 17, 15, 7, 3, 1.
    fn smallest_image(&self) -> usize {
        75
    }
}

pub(super) const MODELS: &[Entry] = &[Entry {
    name: "inception-v3",
    config: |classes, channels, _| {
        BackboneConfig::Inception(InceptionConfig::new(classes).with_channels(channels))
    },
    published: |classes| BackboneConfig::Inception(InceptionConfig::new(classes)),
    image_size: 299,
    weights: InceptionV3Weights::ALL,
}];

weights! {
    /// Weights of Inception V3.
    InceptionV3Weights {
        /// Of torchvision, trained on ImageNet. torchvision takes its own mean and
        /// deviation and undoes them in the network; these are what is left.
        ImageNet1kV1 = Weights::torchvision(
            "inception-v3",
            "ImageNet1kV1",
            "inception_v3_google-0cc3c7bd.pth",
            103.903,
            77.294,
            Preprocessing {
                resize: 342,
                crop: 299,
                ..SYMMETRIC
            },
        ),
    }
}
