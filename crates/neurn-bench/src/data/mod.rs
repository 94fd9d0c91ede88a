//! Labelled images: the four real domains of digits as they are published, four
//! synthetic ones for those who have no data at hand, [`cifar10`], any
//! [`folder`] of pictures, and shifts that make a new target of each.

mod blur;
pub mod cifar10;
mod container;
pub mod digits;
mod error;
pub mod folder;
mod idx;
mod image_set;
mod mat;
pub mod mnist;
pub mod mnist_m;
pub mod photograph;
mod resize;
pub(crate) mod rng;
mod search;
pub mod shift;
mod split;
pub mod suite;
pub mod svhn;
pub mod synthetic;
pub mod usps;

pub use digits::{CLASSES, NAMES, read};
pub use error::DataError;
pub use folder::{Budget, DomainSource, Shares, SplitRule};
pub use image_set::{ImageSet, LabelledImage, Values};
pub use resize::resize;
pub use shift::{Shift, ShiftKind, UnknownShift};
pub use suite::{Suite, named};

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

/// The classes of domains, which must be the same in the same order.
///
/// # Errors
///
/// If they are not, with the first two domains that differ and in what; or if
/// there is no domain.
pub fn agree(domains: &[&Domain]) -> Result<Vec<String>, DataError> {
    let Some(first) = domains.first() else {
        return Err(DataError::Argument {
            expected: "at least one domain".to_owned(),
            found: "none".to_owned(),
        });
    };
    for other in domains {
        let two = [first, other].map(|domain| (domain.name.as_str(), &domain.classes));
        same_classes(two).map_err(DataError::Classes)?;
    }
    Ok(first.classes.clone())
}

/// In what the classes of two differ, if they do.
fn same_classes([one, other]: [(&str, &Vec<String>); 2]) -> Result<(), String> {
    if one.1 == other.1 {
        return Ok(());
    }
    let mut only = Vec::new();
    for [(name, classes), (_, others)] in [[one, other], [other, one]] {
        let missing: Vec<&String> = classes.iter().filter(|c| !others.contains(c)).collect();
        if !missing.is_empty() {
            let shown = missing.iter().take(SHOWN).map(|class| format!("`{class}`"));
            let shown = shown.collect::<Vec<_>>().join(", ");
            let more = match missing.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            only.push(format!("only `{name}` has {shown}{more}"));
        }
    }
    Err(match only.is_empty() {
        true => format!("`{}` and `{}` have them in another order", one.0, other.0),
        false => only.join("; "),
    })
}

/// So many classes are named in an error.
const SHOWN: usize = 8;
