use std::fmt;

use crate::Model;

/// Published weights of a model: where they are and what belongs to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// The name of the model, one of [`MODELS`](crate::MODELS).
    pub(crate) model: &'static str,
    /// The name of the weights, a variant of the model's enum.
    pub(crate) name: &'static str,
    /// Where the folder of the file is; none: it is nowhere in this form.
    pub(crate) server: Option<&'static str>,
    /// The name of the file.
    pub(crate) file: &'static str,
    /// The SHA-256 of the file in hexadecimal digits: all 64, or the first ones,
    /// where only those are published.
    pub(crate) sha256: Option<&'static str>,
    /// The size of the file in MiB.
    pub(crate) mebibytes: Option<f64>,
    /// The published share of test images whose first answer is right, in percent.
    pub(crate) top1: Option<f64>,
    /// The classes.
    pub(crate) labels: Labels,
    /// What has to be done to images.
    pub(crate) preprocessing: Preprocessing,
}

/// The classes that weights tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// The 1000 of ImageNet's challenge of 2012.
    ImageNet,
    /// The 10 of CIFAR-10.
    Cifar10,
}

/// What has to be done to an image before it goes into a network: resize its
/// shorter side, cut out the middle, subtract a mean and divide by a deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preprocessing {
    /// What the shorter side becomes.
    pub resize: usize,
    /// Side of the square that is cut out.
    pub crop: usize,
    /// How it is resized.
    pub filter: Filter,
    /// What is subtracted from each channel of pixels in 0..=1.
    pub mean: [f64; 3],
    /// What each channel is then divided by.
    pub std: [f64; 3],
}

/// How an image is resized. Where it is made smaller, the kernel is as much wider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// A triangle of two pixels to either side.
    Bilinear,
    /// A cubic of four pixels.
    Bicubic,
}

/// ImageNet's mean and deviation, which torchvision uses.
pub(crate) const IMAGENET: Preprocessing = Preprocessing {
    resize: 256,
    crop: 224,
    filter: Filter::Bilinear,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
};

/// Pixels in -1..=1.
pub(crate) const SYMMETRIC: Preprocessing = Preprocessing {
    mean: [0.5; 3],
    std: [0.5; 3],
    ..IMAGENET
};

impl Weights {
    /// Those of torchvision. The digits in the name of the file are the first of
    /// its SHA-256; its accuracy and size are those that torchvision 0.29 states.
    pub(crate) const fn torchvision(
        model: &'static str,
        name: &'static str,
        file: &'static str,
        mebibytes: f64,
        top1: f64,
        preprocessing: Preprocessing,
    ) -> Self {
        Self {
            model,
            name,
            server: Some("https://download.pytorch.org/models"),
            file,
            sha256: Some(digits(file)),
            mebibytes: Some(mebibytes),
            top1: Some(top1),
            labels: Labels::ImageNet,
            preprocessing,
        }
    }

    /// The model that they are for.
    pub fn model(&self) -> Model {
        // A test looks each up.
        self.model.parse().expect("a model of ours")
    }

    /// The name of the weights, a variant of the model's enum.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The address of the file; none: it is on no server in a form that this crate
    /// reads.
    pub fn address(&self) -> Option<String> {
        self.server.map(|server| format!("{server}/{}", self.file))
    }

    /// The name of the file.
    pub fn file(&self) -> &'static str {
        self.file
    }

    /// The SHA-256 of the file in hexadecimal digits: all 64, or the first ones,
    /// where only those are published; none: it is not published.
    pub fn sha256(&self) -> Option<&'static str> {
        self.sha256
    }

    /// The size of the file in MiB, if published.
    pub fn mebibytes(&self) -> Option<f64> {
        self.mebibytes
    }

    /// The published share of test images whose first answer is right, in percent.
    pub fn top1(&self) -> Option<f64> {
        self.top1
    }

    /// The classes.
    pub fn labels(&self) -> Labels {
        self.labels
    }

    /// What has to be done to images.
    pub fn preprocessing(&self) -> Preprocessing {
        self.preprocessing
    }
}

/// The hexadecimal digits between the last `-` and the dot of a file's name.
const fn digits(file: &str) -> &str {
    let bytes = file.as_bytes();
    let mut end = bytes.len();
    while bytes[end - 1] != b'.' {
        end -= 1;
    }
    let mut start = end - 1;
    while bytes[start - 1] != b'-' {
        start -= 1;
    }
    file.split_at(end - 1).0.split_at(start).1
}

impl fmt::Display for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.model, self.name)
    }
}

impl Labels {
    /// How many there are.
    pub fn count(self) -> usize {
        self.names().count()
    }

    /// Their names, in the order of the logits.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let names = match self {
            Self::ImageNet => include_str!("imagenet.txt"),
            Self::Cifar10 => include_str!("cifar10.txt"),
        };
        names.lines()
    }
}

/// The enums of the weights of a model, from a list of what each is.
macro_rules! weights {
    ($($(#[$doc:meta])* $enum:ident {
        $($(#[$variant_doc:meta])* $variant:ident = $weights:expr,)+
    })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $enum {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $enum {
            pub(super) const ALL: &'static [$crate::Weights] = &[$($weights),+];

            /// Where they are and what belongs to them.
            pub fn weights(self) -> &'static $crate::Weights {
                &Self::ALL[self as usize]
            }
        }
    )+};
}

pub(crate) use weights;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_stands_in_the_name() {
        assert_eq!(digits("vgg19-dcbb9e9d.pth"), "dcbb9e9d");
        assert_eq!(digits("efficientnet_b0_rwightman-7f5810bc.pth"), "7f5810bc");
    }

    #[test]
    fn weights_are_whole() {
        for weights in Model::all().flat_map(Model::weights) {
            assert_eq!(weights.model().weights()[0].model, weights.model);
            let Preprocessing { resize, crop, .. } = weights.preprocessing;
            assert!(resize >= crop, "{weights}");
            assert_eq!(weights.model().image_size(), crop, "{weights}");
            if let Some(sha256) = weights.sha256 {
                let hexadecimal = |x: char| matches!(x, '0'..='9' | 'a'..='f');
                assert!(
                    sha256.len() >= 8 && sha256.chars().all(hexadecimal),
                    "{weights}"
                );
            }
        }
    }

    #[test]
    fn there_are_as_many_labels_as_classes() {
        assert_eq!(Labels::ImageNet.count(), 1000);
        assert_eq!(Labels::Cifar10.count(), 10);
        assert_eq!(Labels::ImageNet.names().next(), Some("tench"));
        assert_eq!(Labels::ImageNet.names().last(), Some("toilet tissue"));
    }
}
