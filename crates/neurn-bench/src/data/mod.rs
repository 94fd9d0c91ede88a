//! Labelled images of digits: the four real domains as they are published,
//! four synthetic ones for those who have no data at hand, and shifts that make
//! a new target of any of them. And [`cifar10`], photographs, which networks
//! learn from that are compared with cortex.

mod blur;
mod chance;
pub mod cifar10;
mod container;
mod error;
mod idx;
mod image_set;
mod mat;
pub mod mnist;
pub mod mnist_m;
mod part;
mod real;
mod resize;
mod search;
pub mod shift;
pub mod svhn;
pub mod synthetic;
pub mod usps;

pub use error::DataError;
pub use image_set::{CLASSES, ImageSet, LabelledImage, Pixels};
pub use part::Part;
pub use real::{NAMES, read};
pub use resize::resize;
pub use shift::{Shift, ShiftKind, UnknownShift};

/// A source of images of the ten digits, with its official parts.
#[derive(Clone, Debug)]
pub struct Domain {
    /// `mnist`, `svhn`, `usps`, `mnist-m`, or the same after `synthetic-`.
    pub name: String,
    /// What a network may learn from and be selected on.
    pub train: ImageSet,
    /// What it is tested on.
    pub test: ImageSet,
}

impl Domain {
    /// Whether a program drew it.
    pub fn synthetic(&self) -> bool {
        self.name.starts_with("synthetic-")
    }
}
