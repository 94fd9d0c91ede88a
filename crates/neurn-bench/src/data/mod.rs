//! Labelled images: the four real domains of digits as they are published, four
//! synthetic ones for those who have no data at hand, [`cifar10`], and shifts
//! that make a new target of any of them.

mod blur;
pub mod cifar10;
mod container;
pub mod digits;
mod error;
mod idx;
mod image_set;
mod mat;
pub mod mnist;
pub mod mnist_m;
mod resize;
mod rng;
mod search;
pub mod shift;
pub mod svhn;
pub mod synthetic;
pub mod usps;

pub use digits::{CLASSES, NAMES, read};
pub use error::DataError;
pub use image_set::{ImageSet, LabelledImage, Values};
pub use resize::resize;
pub use shift::{Shift, ShiftKind, UnknownShift};

/// A source of labelled images, with its splits.
#[derive(Clone, Debug)]
pub struct Domain {
    /// What it is called.
    pub name: String,
    /// What the labels stand for: label `i` is the class `classes[i]`.
    pub classes: Vec<String>,
    /// What a network may learn from.
    pub train: ImageSet,
    /// What its epoch is chosen by, if the domain has images set aside for that.
    /// Where it has none, some of `train` are taken.
    pub validation: Option<ImageSet>,
    /// What it is tested on.
    pub test: ImageSet,
    synthetic: bool,
}

impl Domain {
    /// Puts a domain together.
    ///
    /// # Panics
    ///
    /// If a label is not below the number of classes.
    pub fn new<C: AsRef<str>>(
        name: &str,
        classes: &[C],
        train: ImageSet,
        validation: Option<ImageSet>,
        test: ImageSet,
    ) -> Self {
        for split in [&train, &test].into_iter().chain(&validation) {
            let known = |&label: &u16| usize::from(label) < classes.len();
            assert!(split.labels().iter().all(known), "a label without a class");
        }
        Self {
            name: name.to_owned(),
            classes: classes.iter().map(|c| c.as_ref().to_owned()).collect(),
            train,
            validation,
            test,
            synthetic: false,
        }
    }

    /// Whether a program drew it.
    pub fn synthetic(&self) -> bool {
        self.synthetic
    }
}
