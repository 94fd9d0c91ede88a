//! CIFAR-10: photographs of ten kinds of things, RGB, 32x32, 50,000 and 10,000
//! of them.
//!
//! A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images",
//! 2009; the binary version, `data_batch_1.bin` to `data_batch_5.bin` and
//! `test_batch.bin`, each also as `.gz`: records of a label and 3072 values,
//! a colour after the other, row after row.

use std::io::Read;
use std::path::Path;

use super::container::{open, unreadable};
use super::search::find;
use super::{DataError, Domain, ImageSet, Values};

/// What the photographs show, by label.
pub const CLASSES: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];

const SIDE: usize = 32;
const PIXELS: usize = 3 * SIDE * SIDE;
/// Images of a file.
const MOST: usize = 10_000;
/// The names of the test part; the second holds the first images of it.
const TEST: [&str; 2] = ["test_batch", "test_batch_first1000"];

/// Reads CIFAR-10 from the folder with its files. Of the five training files it
/// takes those that are there, in their order, but needs one; in the same way it
/// takes `test_batch_first1000.bin`, the start of the test file, for want of
/// that.
///
/// # Errors
///
/// If there is no training or no test file, one cannot be read, is not made of
/// whole records or of more than 10,000, or has a label beyond 9.
pub fn read(folder: &Path) -> Result<Domain, DataError> {
    let named = |stem: &str| [format!("{stem}.bin"), format!("{stem}.bin.gz")];
    let train: Vec<String> = (1..=5).map(|part| format!("data_batch_{part}")).collect();
    let mut bytes = Vec::new();
    for stem in &train {
        if let Some(path) = find(folder, &named(stem)) {
            bytes.extend(records(&path)?);
        }
    }
    if bytes.is_empty() {
        return Err(DataError::missing(folder, "data_batch_1.bin"));
    }
    let test = TEST.iter().find_map(|stem| find(folder, &named(stem)));
    let Some(test) = test else {
        return Err(DataError::missing(folder, "test_batch.bin"));
    };
    let (train, test) = (images(&bytes), images(&records(&test)?));
    Ok(Domain::new("cifar10", &CLASSES, train, None, test))
}

/// The records of a file, checked.
fn records(path: &Path) -> Result<Vec<u8>, DataError> {
    let record = 1 + PIXELS;
    let expected = format!("whole records of {record} bytes, at most {MOST}");
    let mut bytes = Vec::new();
    let most = (MOST * record) as u64;
    open(path)?
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| unreadable(path, &expected, source))?;
    if bytes.is_empty() || bytes.len() % record != 0 || bytes.len() as u64 > most {
        let found = match bytes.len() as u64 > most {
            true => "more bytes".to_string(),
            false => format!("{} bytes", bytes.len()),
        };
        return Err(DataError::format(path, expected, found));
    }
    for (index, record) in bytes.chunks_exact(record).enumerate() {
        if usize::from(record[0]) >= CLASSES.len() {
            let found = format!("{} for image {index}", record[0]);
            return Err(DataError::format(path, "labels from 0 to 9", found));
        }
    }
    Ok(bytes)
}

fn images(records: &[u8]) -> ImageSet {
    let records = || records.chunks_exact(1 + PIXELS);
    let labels: Vec<u8> = records().map(|record| record[0]).collect();
    let values = records().flat_map(|record| &record[1..]).copied().collect();
    ImageSet::new(Values::U8(values), labels, [3, SIDE, SIDE])
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Image `index` has its number as label, and in every channel another grey.
    fn file(images: std::ops::Range<u8>) -> Vec<u8> {
        let record = |index: u8| {
            let mut record = vec![index % 10];
            for channel in 0..3 {
                record.extend([10 * index + channel; SIDE * SIDE]);
            }
            record
        };
        images.flat_map(record).collect()
    }

    #[test]
    fn parts_follow_each_other_whatever_they_are_packed_with() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("data_batch_1.bin"), file(0..2)).unwrap();
        let packed = std::fs::File::create(folder.path().join("data_batch_3.bin.gz")).unwrap();
        let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
        packed.write_all(&file(2..5)).unwrap();
        packed.finish().unwrap();
        std::fs::write(folder.path().join("test_batch_first1000.bin"), file(7..8)).unwrap();
        let Domain {
            name,
            classes,
            train,
            test,
            ..
        } = read(folder.path()).unwrap();
        assert_eq!(classes[3], "cat");
        assert_eq!(name, "cifar10");
        assert_eq!(
            (train.labels(), test.labels()),
            (&[0, 1, 2, 3, 4][..], &[7][..])
        );
        assert_eq!(train.shape(), [3, SIDE, SIDE]);
        let image = train.image(3).unwrap();
        for (channel, grey) in [(0, 30.0), (1, 31.0), (2, 32.0)] {
            assert_eq!(image[channel * SIDE * SIDE + 5], grey / 255.0);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = || read(folder.path()).unwrap_err().to_string();
        assert!(error().contains("data_batch_1.bin"), "{}", error());
        let train = folder.path().join("data_batch_1.bin");
        std::fs::write(&train, file(0..2)).unwrap();
        assert!(error().contains("test_batch.bin"), "{}", error());
        let test = folder.path().join("test_batch.bin");
        for (bytes, expected) in [
            (file(0..1)[..3000].to_vec(), "3000 bytes"),
            (Vec::new(), "0 bytes"),
            (
                [vec![12], file(0..1)[1..].to_vec()].concat(),
                "12 for image 0",
            ),
        ] {
            std::fs::write(&test, bytes).unwrap();
            assert!(error().contains("test_batch.bin"), "{}", error());
            assert!(error().contains(expected), "{}", error());
        }
        // A gzip file that ends too early.
        std::fs::remove_file(&test).unwrap();
        std::fs::write(folder.path().join("test_batch.bin.gz"), [0x1f, 0x8b, 8]).unwrap();
        assert!(error().contains("test_batch.bin.gz"), "{}", error());
    }
}
