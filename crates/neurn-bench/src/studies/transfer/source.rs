//! Where the domains of a study come from.

use std::path::PathBuf;

use crate::data::{self, Domain, synthetic};
use crate::error::Error;

/// Where the domains come from.
#[derive(Clone, Debug)]
pub enum Data {
    /// Drawn by this program, with so many training and test images each.
    Synthetic {
        /// Training images of a domain, those for validation included.
        train: usize,
        /// Test images of a domain.
        test: usize,
        /// What they are drawn from.
        seed: u64,
    },
    /// Read from a folder with the real digits.
    Folder(PathBuf),
}

impl Data {
    /// The names of all domains, in the order in which reports show them.
    pub fn names(&self) -> Vec<String> {
        data::NAMES.map(str::to_string).to_vec()
    }

    /// What the domain that a plan calls `mnist` is called here: the synthetic
    /// one is `synthetic-mnist`.
    pub fn shown(&self, domain: &str) -> String {
        match self {
            Data::Synthetic { .. } => format!("synthetic-{domain}"),
            Data::Folder(_) => domain.to_string(),
        }
    }

    /// The domain that a plan calls by that name.
    pub(super) fn domain(&self, domain: &str) -> Result<Domain, Error> {
        match self {
            Data::Synthetic { train, test, seed } => {
                synthetic::domain(&self.shown(domain), *train, *test, *seed)
                    .ok_or_else(|| Error::Argument(format!("there is no domain `{domain}`")))
            }
            Data::Folder(root) => Ok(data::read(root, domain)?),
        }
    }
}
