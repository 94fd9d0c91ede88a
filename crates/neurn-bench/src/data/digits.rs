//! The real domains of digits in a data folder.

use std::path::Path;

pub use super::split::{CLASSES, Split};

use super::search::listed;
use super::{DataError, Domain, ImageSet, mnist, mnist_m, svhn, usps};

/// The names of the four real domains.
pub const NAMES: [&str; 4] = ["mnist", "svhn", "usps", "mnist-m"];

/// Reads a domain from a data folder, whose folders `mnist`, `svhn`, `usps`,
/// `mnist_m` and `bsds500` hold the files as they are published.
///
/// MNIST-M needs either its own files or those of MNIST and the photographs of
/// BSDS500, from which it is then made.
///
/// ```no_run
/// let mnist = neurn_bench::data::digits::read("data".as_ref(), "mnist")?;
/// assert_eq!(mnist.train.class_counts().iter().sum::<usize>(), 60_000);
/// # Ok::<(), neurn_bench::data::DataError>(())
/// ```
///
/// # Errors
///
/// If the name is not one of [`NAMES`], or a file is missing or not what it
/// should be.
pub fn read(root: &Path, name: &str) -> Result<Domain, DataError> {
    match name {
        "mnist" => mnist::read(&root.join("mnist")),
        "svhn" => svhn::read(&root.join("svhn")),
        "usps" => usps::read(&root.join("usps")),
        "mnist-m" => mnist_m::read(root),
        _ => Err(DataError::format(
            root,
            format!("a domain named {}", listed(&NAMES)),
            format!("`{name}`"),
        )),
    }
}

impl Domain {
    /// A real domain of digits: the classes `0` to `9`, without a validation
    /// split.
    pub(super) fn digits(name: &str, train: ImageSet, test: ImageSet) -> Self {
        Self::new(name, &DIGITS, train, None, test)
    }

    /// A domain of digits that a program drew.
    pub(super) fn drawn_digits(name: &str, train: ImageSet, test: ImageSet) -> Self {
        Self {
            synthetic: true,
            ..Self::digits(name, train, test)
        }
    }
}

const DIGITS: [&str; CLASSES] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
