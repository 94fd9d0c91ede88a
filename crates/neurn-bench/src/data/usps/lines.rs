//! A text of one image a line.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::{Images, MAX_IMAGES};
use crate::data::{DataError, ImageSet, container};
use crate::value::quoted;

/// The longest line: 64 KiB. Those of USPS have about 2 KiB.
const MAX_LINE: u64 = 1 << 16;

/// What is wrong with a line.
pub(super) struct Fault {
    pub(super) expected: String,
    pub(super) found: String,
}

impl Fault {
    pub(super) fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// Reads images from a text, compressed or not. `image` appends the pixels of
/// a line and answers its digit. Empty lines are passed over.
pub(super) fn read(
    path: &Path,
    image: impl Fn(&str, &mut Vec<f32>) -> Result<u8, Fault>,
) -> Result<ImageSet, DataError> {
    let mut reader = BufReader::new(container::open(path)?);
    let mut images = Images::default();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let fault = |fault: Fault| {
            let expected = format!("{} in line {number}", fault.expected);
            DataError::format(path, expected, fault.found)
        };
        let read = reader
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|source| container::unreadable(path, &format!("line {number}"), source))?;
        if read == 0 {
            break;
        }
        if read as u64 == MAX_LINE {
            return Err(fault(Fault::new(
                "an image",
                format!("{MAX_LINE} bytes or more"),
            )));
        }
        if number > MAX_IMAGES {
            let expected = format!("at most {MAX_IMAGES} lines");
            return Err(DataError::format(path, expected, "more"));
        }
        let text = str::from_utf8(&line).map_err(|_| fault(Fault::new("text", "other bytes")))?;
        if !text.trim().is_empty() {
            let label = image(text, &mut images.pixels).map_err(fault)?;
            images.labels.push(label);
        }
    }
    images.finish(path)
}

/// The digit that a number stands for, where 0 is written as `zero`.
pub(super) fn digit(text: &str, zero: u8) -> Result<u8, Fault> {
    let value = text.parse::<f32>().ok();
    (0..=9)
        .find(|&digit| value == Some(f32::from(digit + zero)))
        .ok_or_else(|| Fault::new(format!("a label from {zero} to {}", zero + 9), quoted(text)))
}

/// A number from -1 to 1 as one from 0 to 1.
pub(super) fn value(text: &str) -> Result<f32, Fault> {
    let value = text.parse().unwrap_or(f32::NAN);
    super::unit(value).map_err(|_| Fault::new("a value from -1 to 1", quoted(text)))
}
