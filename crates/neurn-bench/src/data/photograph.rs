//! A picture file -> the picture as a viewer shows it, within a bound of memory.
//!
//! The format is told by the first bytes and not by the file's name. Grey,
//! palettes, CMYK and 16 bits become RGB of 8 bits, what is transparent is shown
//! over white, Exif orientation is applied, and of an animation the first frame
//! is taken. Colour profiles are not applied.

use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::{Condvar, Mutex};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use super::{DataError, container};
use crate::file;

/// The longest side a picture may have, in pixels.
pub const MAX_SIDE: u32 = 16_384;

/// The most bytes a picture may have once it is decoded: 256 MiB, which is 89
/// million pixels of RGB. No more than this is decoded at a time, on however many
/// threads; what a decoder needs besides is at most three times as much.
pub const MAX_DECODED: u64 = 1 << 28;

/// The most bytes the file of a picture may have: 128 MiB. No more than this is
/// held of files at a time.
pub const MAX_FILE: u64 = 1 << 27;

/// Endings of the names of pictures. Those of formats that cannot be decoded are
/// among them, so that such a file is told of and not passed over.
const ENDINGS: [&str; 22] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "bmp", "gif", "webp", "tif", "tiff", "ppm", "pgm", "pbm",
    "pnm", "pam", "avif", "heic", "heif", "jxl", "jp2", "tga", "ico",
];

/// Whether a file is a picture by the ending of its name.
pub(super) fn is_picture(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.iter().any(|e| ending.eq_ignore_ascii_case(e)))
}

/// Lets threads take memory up to a bound; the others wait.
struct Gate {
    taken: Mutex<u64>,
    less: Condvar,
    most: u64,
}

static FILES: Gate = Gate::new(MAX_FILE);
static DECODED: Gate = Gate::new(MAX_DECODED);

impl Gate {
    const fn new(most: u64) -> Self {
        Self {
            taken: Mutex::new(0),
            less: Condvar::new(),
            most,
        }
    }

    /// Waits until there is room for so many bytes, at most the bound.
    fn enter(&self, bytes: u64) -> Taken<'_> {
        let taken = self.taken.lock().unwrap_or_else(|e| e.into_inner());
        let full = |taken: &mut u64| *taken + bytes > self.most;
        let waited = self.less.wait_while(taken, full);
        *waited.unwrap_or_else(|e| e.into_inner()) += bytes;
        Taken { gate: self, bytes }
    }
}

/// Memory that is given back when this is dropped.
struct Taken<'a> {
    gate: &'a Gate,
    bytes: u64,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.gate.taken.lock().unwrap_or_else(|e| e.into_inner()) -= self.bytes;
        self.gate.less.notify_all();
    }
}

/// Reads the bytes of a picture file and gives them to `use_them`.
///
/// # Errors
///
/// If it is no regular file, is too large or cannot be read, and those of
/// `use_them`.
pub(super) fn with_bytes<T>(
    path: &Path,
    use_them: impl FnOnce(&[u8]) -> Result<T, DataError>,
) -> Result<T, DataError> {
    let file = container::plain(path)?;
    let metadata = file.get_ref().metadata();
    let length = metadata.map_err(file::at(path))?.len();
    if length > MAX_FILE {
        let expected = format!("a picture file of at most {MAX_FILE} bytes");
        return Err(DataError::format(path, expected, length.to_string()));
    }
    let _taken = FILES.enter(length);
    let mut bytes = Vec::new();
    file.take(length)
        .read_to_end(&mut bytes)
        .map_err(file::at(path))?;
    use_them(&bytes)
}

/// The picture in the bytes of a file.
///
/// # Errors
///
/// If the format is not known or not decoded here, the picture is damaged, cut
/// off or empty, or it is larger than [`MAX_SIDE`] and [`MAX_DECODED`] allow,
/// which is found before its memory is taken.
pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<RgbImage, DataError> {
    let expected = "a picture that can be decoded (JPEG, PNG, GIF, WebP, BMP, TIFF, PNM)";
    let broken = |error: image::ImageError| DataError::format(path, expected, error.to_string());
    let Ok(format) = image::guess_format(bytes) else {
        return Err(DataError::format(path, expected, "none of these formats"));
    };
    if format == ImageFormat::Jpeg && !jpeg_is_whole(bytes) {
        let found = "no end mark (ff d9): it was cut off";
        return Err(DataError::format(path, "a whole JPEG picture", found));
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(2 * MAX_DECODED);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(broken)?;

    let (width, height) = decoder.dimensions();
    let decoded = decoder.total_bytes();
    if width.max(height) > MAX_SIDE || decoded > MAX_DECODED {
        let expected = format!(
            "a picture of at most {MAX_SIDE} pixels a side and {MAX_DECODED} bytes decoded"
        );
        let found = format!("{width}x{height} pixels, {decoded} bytes");
        return Err(DataError::format(path, expected, found));
    }
    if decoded == 0 {
        let found = format!("{width}x{height}");
        return Err(DataError::format(path, "at least one pixel", found));
    }
    let _taken = DECODED.enter(decoded);
    // A viewer shows a picture whose Exif is damaged as it stands.
    let orientation = decoder.orientation();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    picture.apply_orientation(orientation.unwrap_or(Orientation::NoTransforms));
    Ok(over_white(picture))
}

/// RGB of 8 bits; what is transparent lets white through.
fn over_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    let (width, height) = picture.dimensions();
    let blended = picture.pixels().flat_map(|pixel| {
        let [r, g, b, alpha] = pixel.0.map(u32::from);
        // Rounded to the nearest.
        [r, g, b].map(|value| ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8)
    });
    let mut values = Vec::with_capacity(3 * picture.pixels().len());
    values.extend(blended);
    RgbImage::from_raw(width, height, values).expect("three values a pixel")
}

/// Whether a JPEG has its end mark after its scans. The decoder fills up with
/// grey what a file that was cut off lacks. Bytes behind the mark do no harm.
pub fn jpeg_is_whole(bytes: &[u8]) -> bool {
    const START_OF_IMAGE: u8 = 0xd8;
    const END_OF_IMAGE: u8 = 0xd9;
    let mut at = 0;
    loop {
        // Among the values of a scan ff is followed by 00 or a restart mark.
        let mark = bytes.get(at..).and_then(|rest| {
            let is_mark =
                |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 1 | 0xff | 0xd0..=0xd7);
            rest.windows(2).position(is_mark)
        });
        let Some(mark) = mark else { return false };
        at += mark + 2;
        match bytes[at - 1] {
            END_OF_IMAGE => return true,
            START_OF_IMAGE => {}
            _ => match bytes.get(at..at + 2) {
                // A preview of the picture may stand in there, with its end.
                Some(&[high, low]) => at += usize::from(u16::from_be_bytes([high, low])),
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn a_gate_keeps_its_bound_whoever_comes() {
        let gate = Gate::new(100);
        let [now, most] = [AtomicU64::new(0), AtomicU64::new(0)];
        std::thread::scope(|scope| {
            for thread in 0..8_u64 {
                let (gate, now, most) = (&gate, &now, &most);
                scope.spawn(move || {
                    for round in 0..200 {
                        let bytes = 1 + (37 * thread + 11 * round) % 100;
                        let _taken = gate.enter(bytes);
                        let taken = now.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        most.fetch_max(taken, Ordering::SeqCst);
                        now.fetch_sub(bytes, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.into_inner() <= 100);
        assert_eq!(*gate.taken.lock().unwrap(), 0);
    }

    #[test]
    fn an_end_is_one_only_behind_the_scans() {
        // Start, a segment that holds an end mark, a scan with ff 00 and a restart.
        let whole = [
            &[0xff, 0xd8, 0xff, 0xe1, 0, 6, 0xff, 0xd9, 0xff, 0xd9][..],
            &[
                0xff, 0xda, 0, 3, 9, 1, 2, 0xff, 0, 3, 0xff, 0xd0, 4, 0xff, 0xd9,
            ],
        ]
        .concat();
        assert!(jpeg_is_whole(&whole));
        assert!(jpeg_is_whole(&[&whole[..], b"a film behind it"].concat()));
        for length in 0..whole.len() {
            assert!(!jpeg_is_whole(&whole[..length]), "{length}");
        }
    }
}
