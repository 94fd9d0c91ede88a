//! Domains by name and folder, one by one or as a list in a file.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{DataError, DomainSource, SplitRule, container};
use crate::file;

/// Domains that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// In the order of the file, with paths from where the program runs.
    pub domains: Vec<DomainSource>,
    /// The side that pictures are resized to, if the suite says.
    pub image_size: Option<usize>,
}

/// The sides that pictures can be resized to.
pub const IMAGE_SIZES: std::ops::RangeInclusive<usize> = 8..=1024;

/// The most bytes of a suite.
const MAX_BYTES: u64 = 1 << 20;

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    image_size: Option<usize>,
    classes: Option<Vec<String>>,
    split: Option<SplitRule>,
    domains: Vec<DomainSource>,
}

/// Reads a suite. Paths in it are relative to the file; `split` and `classes`
/// hold for the domains that have none of their own.
///
/// ```toml
/// image_size = 128
/// classes = ["dog", "horse"]  # optional; without, every folder is a class
///
/// [[domains]]
/// name = "art"
/// path = "art_painting"
/// split = { train = 0.8, validation = 0.1, seed = 0 }  # optional; or "own"
///
/// [[domains]]
/// name = "photo"
/// path = "photo"
/// ```
///
/// # Errors
///
/// If it cannot be read, is not of this form, or names no domain or one twice.
pub fn read(path: &Path) -> Result<Suite, DataError> {
    let expected = "a suite in TOML";
    let text = file::read_text(path, MAX_BYTES)
        .map_err(|source| container::unreadable(path, expected, source))?;
    let written: Written = toml::from_str(&text)
        .map_err(|error| DataError::format(path, expected, error.to_string()))?;
    if let Some(size) = written.image_size
        && !IMAGE_SIZES.contains(&size)
    {
        let expected = format!("an image_size of {IMAGE_SIZES:?}");
        return Err(DataError::format(path, expected, size.to_string()));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut domains: Vec<DomainSource> = Vec::new();
    for domain in written.domains {
        if !is_name(&domain.name) {
            let found = format!("`{}`", domain.name);
            return Err(DataError::format(path, NAME, found));
        }
        if domains.iter().any(|other| other.name == domain.name) {
            let found = format!("two named `{}`", domain.name);
            return Err(DataError::format(path, "domains of different names", found));
        }
        domains.push(DomainSource {
            path: folder.join(&domain.path),
            split: domain.split.or(written.split),
            classes: domain.classes.or_else(|| written.classes.clone()),
            ..domain
        });
    }
    if domains.is_empty() {
        return Err(DataError::format(path, "at least one domain", "none"));
    }
    Ok(Suite {
        domains,
        image_size: written.image_size,
    })
}

/// A domain by `NAME=PATH`, with all its classes, split as its folder is.
///
/// ```
/// let art = neurn_bench::data::named("art=pacs/art_painting")?;
/// assert_eq!((art.name.as_str(), art.path.as_path()), ("art", "pacs/art_painting".as_ref()));
/// # Ok::<(), neurn_bench::data::DataError>(())
/// ```
///
/// # Errors
///
/// If it has another form.
pub fn named(text: &str) -> Result<DomainSource, DataError> {
    match text.split_once('=') {
        Some((name, path)) if is_name(name) && !path.is_empty() => Ok(DomainSource {
            name: name.to_owned(),
            path: PathBuf::from(path),
            split: None,
            classes: None,
        }),
        _ => Err(DataError::Argument {
            expected: format!("NAME=PATH with {NAME}"),
            found: format!("`{text}`"),
        }),
    }
}

const NAME: &str = "a name of 1 to 64 letters, digits, `-`, `_` and `.`";

/// Names stand in records beside `+` and `/`, and in the names of files.
fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    (1..=64).contains(&name.chars().count()) && name.chars().all(good)
}
