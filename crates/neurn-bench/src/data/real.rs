//! The real domains in a data folder.

use std::path::Path;

use super::search::listed;
use super::{DataError, Domain, mnist, mnist_m, svhn, usps};

/// The names of the four real domains.
pub const NAMES: [&str; 4] = ["mnist", "svhn", "usps", "mnist-m"];

/// Reads a domain from a data folder, whose folders `mnist`, `svhn`, `usps`,
/// `mnist_m` and `bsds500` hold the files as they are published.
///
/// MNIST-M needs either its own files or those of MNIST and the photographs of
/// BSDS500, from which it is then made.
///
/// ```no_run
/// let mnist = neurn_bench::data::read("data".as_ref(), "mnist")?;
/// assert_eq!(mnist.train.class_counts().iter().sum::<usize>(), 60_000);
/// # Ok::<(), neurn_bench::data::DataError>(())
/// ```
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
