//! Values that people write, in settings or in records, and what they should be.

use std::fmt::Display;

/// A value that nothing can be done with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: expected {expected}, found {found}")]
pub struct WrongValue {
    /// What it is called where it stands.
    pub key: String,
    /// What would serve.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl WrongValue {
    pub(crate) fn new(key: &str, expected: impl Into<String>, found: impl ToString) -> Self {
        Self {
            key: key.to_string(),
            expected: expected.into(),
            found: found.to_string(),
        }
    }
}

impl From<WrongValue> for String {
    fn from(wrong: WrongValue) -> Self {
        wrong.to_string()
    }
}

/// The first characters of a text that is not what it should be, in quotes.
pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", text.chars().take(40).collect::<String>())
}

/// That a number lies in a range, its ends included.
pub(crate) fn within<N: PartialOrd + Display>(
    key: &str,
    [least, most]: [N; 2],
    found: N,
) -> Result<(), WrongValue> {
    if (&least..=&most).contains(&&found) {
        return Ok(());
    }
    let expected = format!("a number from {least} to {most}");
    Err(WrongValue::new(key, expected, found))
}

/// That every name of a list is known, and stands there once.
pub(crate) fn names(
    key: &str,
    names: &[String],
    is_known: impl Fn(&str) -> bool,
    known: &[&str],
) -> Result<(), WrongValue> {
    for (place, name) in names.iter().enumerate() {
        if !is_known(name) {
            let expected = format!("any of {}", known.join(", "));
            return Err(WrongValue::new(key, expected, format!("`{name}`")));
        }
        if names[..place].contains(name) {
            return Err(WrongValue::new(key, "each once", format!("`{name}` again")));
        }
    }
    Ok(())
}
