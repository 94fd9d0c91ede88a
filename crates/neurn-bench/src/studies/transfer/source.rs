//! Where the domains of a study come from.

use std::path::PathBuf;

use crate::data::{self, Budget, Domain, DomainSource, synthetic};
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
    /// Folders of images, each with its name.
    Named(Vec<DomainSource>),
}

/// So many bytes of decoded images are kept in memory; the rest is decoded again
/// when it is asked for.
const BUDGET: usize = 1 << 30;

impl Data {
    /// The names of all domains, in the order in which reports show them.
    pub fn names(&self) -> Vec<String> {
        match self {
            Data::Named(sources) => sources.iter().map(|source| source.name.clone()).collect(),
            _ => data::NAMES.map(str::to_string).to_vec(),
        }
    }

    /// What the domain that a plan calls `mnist` is called here: the synthetic
    /// one is `synthetic-mnist`.
    pub fn shown(&self, domain: &str) -> String {
        match self {
            Data::Synthetic { .. } => format!("synthetic-{domain}"),
            _ => domain.to_string(),
        }
    }

    /// The domains that a plan calls by these names, whose classes agree. Folders of
    /// images are read at `side` x `side`.
    pub(super) fn domains(&self, names: &[String], side: usize) -> Result<Vec<Domain>, Error> {
        let budget = Budget::new(BUDGET);
        let domains = names.iter().map(|name| self.domain(name, side, &budget));
        let domains: Vec<Domain> = domains.collect::<Result<_, Error>>()?;
        data::agree(&domains.iter().collect::<Vec<_>>())?;
        Ok(domains)
    }

    fn domain(&self, name: &str, side: usize, budget: &Budget) -> Result<Domain, Error> {
        let unknown = || Error::Argument(format!("there is no domain `{name}`"));
        match self {
            Data::Synthetic { train, test, seed } => {
                synthetic::domain(&self.shown(name), *train, *test, *seed).ok_or_else(unknown)
            }
            Data::Folder(root) => Ok(data::read(root, name)?),
            Data::Named(sources) => {
                let source = sources.iter().find(|source| source.name == name);
                Ok(source.ok_or_else(unknown)?.read(side, budget)?)
            }
        }
    }
}
