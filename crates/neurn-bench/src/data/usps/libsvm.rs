//! USPS as it comes from the LIBSVM site
//! (<https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/>): in every line
//! the digit plus one, then `place:value` with places 1 to 256 in order and
//! values of -1..=1. A place that is left out has the value 0.

use std::path::Path;

use super::PIXELS;
use super::lines::{self, Fault};
use crate::data::{DataError, ImageSet};
use crate::value::quoted;

pub(super) fn read(path: &Path) -> Result<ImageSet, DataError> {
    lines::read(path, image)
}

fn image(line: &str, pixels: &mut Vec<f32>) -> Result<u8, Fault> {
    let mut entries = line.split_ascii_whitespace();
    let label = lines::digit(entries.next().unwrap_or_default(), 1)?;
    let start = pixels.len();
    pixels.resize(start + PIXELS, 0.5);

    let mut last = 0;
    for entry in entries {
        let (place, value) = entry
            .split_once(':')
            .and_then(|(place, value)| Some((place.parse::<usize>().ok()?, value)))
            .ok_or_else(|| Fault::new("place:value", quoted(entry)))?;
        if !(last + 1..=PIXELS).contains(&place) {
            let expected = format!("a place from {} to {PIXELS}", last + 1);
            return Err(Fault::new(expected, place.to_string()));
        }
        pixels[start + place - 1] = lines::value(value)?;
        last = place;
    }
    Ok(label)
}
