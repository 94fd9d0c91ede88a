//! When and with what a record was made.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.map_or(0, |since| since.as_secs())
}

/// Versions of neurn and Burn.
pub(super) fn versions() -> BTreeMap<String, String> {
    [
        ("neurn", env!("CARGO_PKG_VERSION")),
        ("burn", burn_version()),
    ]
    .map(|(name, version)| (name.to_string(), version.to_string()))
    .into()
}

/// The version of Burn that the lock file of this build names.
fn burn_version() -> &'static str {
    let lock = include_str!("../../../../Cargo.lock");
    let after = lock.split_once("name = \"burn\"\nversion = \"");
    after
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("unknown", |(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burn_is_named_as_it_was_locked() {
        assert!(versions()["burn"].starts_with("0.22."), "{:?}", versions());
    }
}
