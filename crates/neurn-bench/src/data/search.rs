//! A file that goes by several names.

use std::path::{Path, PathBuf};

use super::DataError;

/// The first of `names` that stands in `folder`.
pub(super) fn find<S: AsRef<str>>(folder: &Path, names: &[S]) -> Option<PathBuf> {
    names
        .iter()
        .map(|name| folder.join(name.as_ref()))
        .find(|path| path.exists())
}

/// The same, where one of them is needed.
pub(super) fn need<S: AsRef<str>>(folder: &Path, names: &[S]) -> Result<PathBuf, DataError> {
    find(folder, names).ok_or_else(|| DataError::missing(folder, listed(names)))
}

/// `a, b or c`
pub(super) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    let mut list = String::new();
    for (index, name) in names.iter().enumerate() {
        list.push_str(match index {
            0 => "",
            _ if index + 1 == names.len() => " or ",
            _ => ", ",
        });
        list.push_str(name.as_ref());
    }
    list
}
