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

/// That no item of a list stands there again.
pub(crate) fn each_once<T: PartialEq>(
    key: &str,
    items: &[T],
    name: impl Fn(&T) -> String,
) -> Result<(), WrongValue> {
    let again = (0..items.len()).find(|&place| items[..place].contains(&items[place]));
    match again {
        None => Ok(()),
        Some(place) => {
            let found = format!("`{}` again", name(&items[place]));
            Err(WrongValue::new(key, "each once", found))
        }
    }
}
