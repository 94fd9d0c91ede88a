//! USPS as it comes with "The Elements of Statistical Learning": in every line
//! the digit and 256 values of -1..=1, row after row, separated by spaces. The
//! digit may be written `6.0000`.

use std::path::Path;

use super::PIXELS;
use super::lines::{self, Fault};
use crate::data::{DataError, ImageSet};

pub(super) fn read(path: &Path) -> Result<ImageSet, DataError> {
    lines::read(path, image)
}

fn image(line: &str, pixels: &mut Vec<f32>) -> Result<u8, Fault> {
    let found = line.split_ascii_whitespace().count();
    if found != 1 + PIXELS {
        let expected = format!("a label and {PIXELS} values");
        return Err(Fault::new(expected, format!("{found} numbers")));
    }
    let mut numbers = line.split_ascii_whitespace();
    let label = lines::digit(numbers.next().unwrap_or_default(), 0)?;
    for number in numbers {
        pixels.push(lines::value(number)?);
    }
    Ok(label)
}
