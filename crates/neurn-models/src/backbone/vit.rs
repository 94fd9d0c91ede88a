use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation::softmax, s};

use super::convolution::{convolve, normal, zeroed};
use super::operation::{Activation, Operation, activate, add, layer_norm, linear, traced};
use super::{BackboneConfig, Entry, Family, Layers, Names, Network, weights};
use crate::Weights;
use crate::weights::{Filter, IMAGENET, Labels, Preprocessing};

/// Side of a patch.
const PATCH: usize = 16;

/// Length of a token.
const WIDTH: usize = 384;

/// Heads of the attention.
const HEADS: usize = 6;

/// Number of blocks.
const DEPTH: usize = 12;

/// What is added to a variance.
const EPSILON: f64 = 1e-6;

/// Configuration to create a [`Vit`] with [`init`](VitConfig::init).
#[derive(Config, Debug, PartialEq)]
pub struct VitConfig {
    /// Classes to tell apart.
    pub num_classes: usize,
    /// Channels of the images. Default: 3
    #[config(default = 3)]
    pub channels: usize,
    /// Height and width of the images, a multiple of 16. Default: 224
    #[config(default = 224)]
    pub image_size: usize,
}

impl VitConfig {
    /// Initialize a new [`Vit`].
    ///
    /// Weights are drawn from N(0, 0.02²), the class token from N(0, 1e-6²), the
    /// convolution uniformly from ±1/sqrt(fan in); biases of linear layers are 0.
    ///
    /// # Panics
    ///
    /// If `image_size` is not a positive multiple of 16.
    pub fn init(&self, device: &Device) -> Vit {
        assert!(
            self.image_size > 0 && self.image_size.is_multiple_of(PATCH),
            "images of a ViT must have a side that is a multiple of {PATCH}; got {}",
            self.image_size
        );
        let tokens = 1 + (self.image_size / PATCH).pow(2);
        let norm = || {
            LayerNormConfig::new(WIDTH)
                .with_epsilon(EPSILON)
                .init(device)
        };
        let block = || VitBlock {
            norm1: norm(),
            qkv: drawn(WIDTH, 3 * WIDTH, device),
            proj: drawn(WIDTH, WIDTH, device),
            norm2: norm(),
            fc1: drawn(WIDTH, 4 * WIDTH, device),
            fc2: drawn(4 * WIDTH, WIDTH, device),
        };
        Vit {
            patch_embed: Conv2dConfig::new([self.channels, WIDTH], [PATCH; 2])
                .with_stride([PATCH; 2])
                .init(device),
            cls_token: normal(1e-6).init([1, 1, WIDTH], device),
            pos_embed: normal(0.02).init([1, tokens, WIDTH], device),
            blocks: (0..DEPTH).map(|_| block()).collect(),
            norm: norm(),
            head: drawn(WIDTH, self.num_classes, device),
            image_size: self.image_size,
        }
    }
}

fn drawn(inputs: usize, outputs: usize, device: &Device) -> Linear {
    let mut linear = LinearConfig::new(inputs, outputs)
        .with_initializer(normal(0.02))
        .init(device);
    linear.bias = zeroed(linear.bias);
    linear
}

/// ViT-S/16: a transformer over patches of 16x16 pixels and a class token.
///
/// Its layers give tokens, `[N, 1, tokens, 384]`, the class token first.
///
/// Source: Dosovitskiy et al., *An Image is Worth 16x16 Words*,
/// [arXiv 2010.11929](https://arxiv.org/abs/2010.11929), in the small size of
/// Touvron et al., [arXiv 2012.12877](https://arxiv.org/abs/2012.12877), as timm
/// has it (`vit_small_patch16_224`).
///
/// Should be created using [`VitConfig`].
#[derive(Module, Debug)]
pub struct Vit {
    /// The convolution that makes a token of a patch.
    pub patch_embed: Conv2d,
    /// The class token, `[1, 1, 384]`.
    pub cls_token: Param<Tensor<3>>,
    /// What is added to each token, `[1, tokens, 384]`.
    pub pos_embed: Param<Tensor<3>>,
    /// The blocks, first to last.
    pub blocks: Vec<VitBlock>,
    /// The layer norm after the last block.
    pub norm: LayerNorm,
    /// The linear layer that gives the logits.
    pub head: Linear,
    /// Height and width of the images.
    pub image_size: usize,
}

/// A block of a [`Vit`]: attention, and two linear layers.
#[derive(Module, Debug)]
pub struct VitBlock {
    /// The layer norm before the attention.
    pub norm1: LayerNorm,
    /// The linear layer that gives queries, keys and values.
    pub qkv: Linear,
    /// The linear layer after the attention.
    pub proj: Linear,
    /// The layer norm before the linear layers.
    pub norm2: LayerNorm,
    /// The linear layer to four times the width.
    pub fc1: Linear,
    /// The linear layer back.
    pub fc2: Linear,
}

impl VitBlock {
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = add(x.clone(), self.attention(layer_norm(&self.norm1, x)));
        let y = linear(&self.fc1, layer_norm(&self.norm2, x.clone()));
        add(x, linear(&self.fc2, activate(Activation::Gelu, y)))
    }

    fn attention(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, tokens, width] = x.dims();
        let qkv = linear(&self.qkv, x);
        if traced(|| Operation::Attention { tokens, width }) {
            return linear(&self.proj, qkv.slice([s![..], s![..], s![..width]]));
        }
        let depth = width / HEADS;
        let qkv = qkv
            .reshape([batch, tokens, 3, HEADS, depth])
            .permute([2, 0, 3, 1, 4]);
        let part = |index: usize| -> Tensor<4> { qkv.clone().narrow(0, index, 1).squeeze_dim(0) };
        let (queries, keys, values) = (part(0), part(1), part(2));
        let queries = queries / (depth as f64).sqrt();
        let weights = softmax(queries.matmul(keys.swap_dims(2, 3)), 3);
        let mixed = weights.matmul(values).swap_dims(1, 2);
        linear(&self.proj, mixed.reshape([batch, tokens, width]))
    }
}

impl Vit {
    /// The logits of a batch of images.
    ///
    /// # Shapes
    ///
    /// - input: `[N, channels, image_size, image_size]`
    /// - output: `[N, num_classes]`
    ///
    /// # Panics
    ///
    /// If the input has other channels or another size.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.head(self.layers().forward(images))
    }

    fn embed(&self, images: Tensor<4>) -> Tensor<4> {
        let [batch, _, height, width] = images.dims();
        assert!(
            [height, width] == [self.image_size; 2],
            "this ViT takes images of {0}x{0}, as configured by `image_size`; got {height}x{width}",
            self.image_size
        );
        let patches = convolve(&self.patch_embed, images).flatten::<3>(2, 3);
        let class = self.cls_token.val().repeat_dim(0, batch);
        let tokens = Tensor::cat(vec![class, patches.swap_dims(1, 2)], 1);
        add(tokens, self.pos_embed.val()).unsqueeze_dim(1)
    }
}

impl Network for Vit {
    fn layers(&self) -> Layers<'_> {
        let mut layers = Layers::new();
        layers.push("patch_embed", |x| self.embed(x));
        layers.alias("norm_pre");
        for (index, block) in self.blocks.iter().enumerate() {
            layers.push(format!("blocks.{index}"), |x| {
                block.forward(x.squeeze_dim(1)).unsqueeze_dim(1)
            });
        }
        layers.push("norm", |x| layer_norm(&self.norm, x));
        layers
    }

    fn head(&self, x: Tensor<4>) -> Tensor<2> {
        let class = x.slice([s![..], s![..], s![0..1], s![..]]);
        linear(&self.head, class.flatten::<3>(1, 2).squeeze_dim(1))
    }

    fn names(&self) -> Names {
        let mut names = Names::new("head").rename("patch_embed.proj", "patch_embed");
        for index in 0..self.blocks.len() {
            let block = format!("blocks.{index}");
            names = names
                .rename(format!("{block}.attn"), &block)
                .rename(format!("{block}.mlp"), &block);
        }
        names
    }
}

impl Family for VitConfig {
    fn name(&self) -> &'static str {
        "vit-s16"
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn num_classes(&self) -> usize {
        self.num_classes
    }

    fn smallest_image(&self) -> usize {
        self.image_size
    }
}

pub(super) const MODELS: &[Entry] = &[Entry {
    name: "vit-s16",
    config: |classes, channels, image_size| {
        BackboneConfig::Vit(
            VitConfig::new(classes)
                .with_channels(channels)
                .with_image_size(image_size),
        )
    },
    published: |classes| BackboneConfig::Vit(VitConfig::new(classes)),
    image_size: 224,
    weights: VitS16Weights::ALL,
}];

weights! {
    /// Weights of ViT-S/16.
    VitS16Weights {
        /// Those of DeiT-S, trained on ImageNet by Touvron et al.
        DeiT = Weights {
            model: "vit-s16",
            name: "DeiT",
            server: Some("https://dl.fbaipublicfiles.com/deit"),
            file: "deit_small_patch16_224-cd65a155.pth",
            sha256: Some("cd65a155"),
            mebibytes: None,
            top1: Some(79.9),
            labels: Labels::ImageNet,
            preprocessing: Preprocessing {
                resize: 248,
                filter: Filter::Bicubic,
                ..IMAGENET
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "must have a side that is a multiple of 16; got 100")]
    fn a_side_that_patches_do_not_fill_is_rejected() {
        VitConfig::new(2)
            .with_image_size(100)
            .init(&Device::default());
    }

    #[test]
    #[should_panic(expected = "takes images of 32x32, as configured by `image_size`; got 32x48")]
    fn another_size_than_configured_is_rejected() {
        let device = Device::default();
        let network = VitConfig::new(2).with_image_size(32).init(&device);
        network.forward(Tensor::zeros([1, 3, 32, 48], &device));
    }
}
