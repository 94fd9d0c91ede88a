//! SVHN: images and labels in one MATLAB file.

use neurn_bench::data::digits::Split;
use neurn_bench::data::{DataError, ImageSet, svhn};

use crate::files::{element, images, mat, matrix, packed, zlib};
use crate::{Folder, bytes, refused};

/// Values of an image.
const LENGTH: usize = 32 * 32 * 3;

/// Four images, with a number in the middle that a reader has to pass over.
pub fn small_svhn() -> Vec<u8> {
    mat(&[
        packed(matrix("X", &[32, 32, 3, 4], &images(4, LENGTH))),
        packed(matrix("something", &[1, 1], &[1])),
        packed(matrix("y", &[4, 1], &[10, 1, 9, 5])),
    ])
}

pub fn read_svhn(file: Vec<u8>) -> Result<ImageSet, DataError> {
    svhn::split(Folder::new(&[("test_32x32.mat", file)]).path(), Split::Test)
}

/// As what is stored in columns is read.
fn in_rows(stored: &[u8]) -> Vec<u8> {
    let place = |at: usize| at / 1024 * 1024 + at % 32 * 32 + at / 32 % 32;
    (0..stored.len()).map(|at| stored[place(at)]).collect()
}

#[test]
fn svhn_in_rows() {
    let set = read_svhn(small_svhn()).unwrap();
    let values = images(4, LENGTH);
    assert_eq!(set.shape(), [3, 32, 32]);
    assert_eq!(set.labels(), [0, 1, 9, 5]);
    for image in 0..4 {
        for channel in 0..3 {
            for row in 0..32 {
                for column in 0..32 {
                    let at = ((image * 3 + channel) * 32 + row) * 32 + column;
                    let stored = row + 32 * (column + 32 * (channel + 3 * image));
                    assert_eq!(bytes(&set)[at], values[stored]);
                }
            }
        }
    }
}

#[test]
fn svhn_of_one_image_uncompressed_and_in_the_other_order() {
    let values = images(1, LENGTH);
    let x = matrix("X", &[32, 32, 3], &values);
    let file = mat(&[matrix("y", &[1, 1], &[10]), matrix("z", &[1, 1], &[3]), x]);
    let set = read_svhn(file).unwrap();
    assert_eq!((set.shape(), set.labels()), ([3, 32, 32], &[0][..]));
    assert_eq!(bytes(&set)[..4], [0, 32, 64, 96]);
    assert_eq!(bytes(&set)[32..36], [1, 33, 65, 97]);
    assert_eq!(bytes(&set), in_rows(&values));
}

#[test]
fn svhn_faults() {
    let file = "test_32x32.mat";
    let x = || packed(matrix("X", &[32, 32, 3, 2], &images(2, LENGTH)));
    let y = |labels: &[u8]| packed(matrix("y", &[labels.len() as u32, 1], labels));
    let read = |elements: &[Vec<u8>]| read_svhn(mat(elements));

    assert!(read(&[x(), y(&[1, 10])]).is_ok());
    refused(
        read(&[x(), y(&[1, 11])]),
        &[file, "1 to 10", "11 for image 1"],
    );
    refused(
        read(&[x(), y(&[0, 1])]),
        &[file, "1 to 10", "0 for image 0"],
    );
    refused(
        read(&[x(), y(&[1, 2, 3])]),
        &[file, "2 labels in y", "found 3"],
    );
    refused(read(&[x()]), &[file, "an array named y", "end of the file"]);
    refused(read(&[y(&[1])]), &[file, "an array named X"]);
    let grey = packed(matrix("X", &[32, 32, 2], &images(2, 1024)));
    refused(
        read(&[grey, y(&[1, 2])]),
        &["[32, 32, 3, images]", "[32, 32, 2]"],
    );
    for sizes in [
        [30, 32, 3, 2],
        [32, 30, 3, 2],
        [28, 28, 3, 2],
        [32, 32, 1, 2],
        [1, 1, 3, 2],
    ] {
        let length = sizes[..3].iter().product::<u32>() as usize;
        let x = packed(matrix("X", &sizes, &images(2, length)));
        refused(
            read(&[x, y(&[1, 2])]),
            &[file, "[32, 32, 3, images]", &format!("{sizes:?}")],
        );
    }
    for sizes in [
        [1, 1, 3, 3],
        [u32::MAX; 4],
        [1 << 31, 2, 3, 1],
        [0, 1, 3, 2],
    ] {
        let x = packed(matrix("X", &sizes, &[0; 6]));
        refused(
            read(&[x, y(&[1, 2])]),
            &[file, &format!("{sizes:?}"), "6 bytes"],
        );
    }

    // Values that are floats; that a length announces and that are not there.
    let mut doubles = matrix("X", &[1, 1, 3, 2], &[0; 6]);
    let values = doubles.len() - 16;
    doubles[values] = 9;
    refused(read(&[packed(doubles)]), &["bytes in X", "type 9"]);
    let mut long = matrix("X", &[1 << 10, 1 << 10, 3, 100], &[0; 6]);
    let length = long.len() - 12;
    long[length..length + 4].copy_from_slice(&(300_u32 << 20).to_le_bytes());
    refused(
        read(&[packed(long.clone())]),
        &["314572800 bytes", "8 bytes"],
    );
    refused(read(&[long]), &["314572800 bytes", "8 bytes"]);

    let more = element(
        15,
        &zlib(&[matrix("X", &[1, 1, 3, 2], &[0; 6]), vec![0]].concat()),
    );
    refused(
        read(&[more, y(&[1, 2])]),
        &["the end of a compressed array", "more bytes"],
    );
    let nested = packed(packed(matrix("X", &[1, 1, 3, 2], &[0; 6])));
    refused(read(&[nested]), &["an array", "type 15"]);

    let mut newer = small_svhn();
    newer[..10].copy_from_slice(b"MATLAB 7.3");
    newer[125] = 2;
    refused(read_svhn(newer), &[file, "version 5", "MATLAB 7.3"]);
}

#[test]
fn a_matlab_bomb_that_nobody_asked_for_stays_packed() {
    let mut bomb = packed(matrix("Z", &[1 << 24, 1], &vec![0; 1 << 24]));
    // Damaged, which is not seen because it is not unpacked that far.
    let half = bomb.len() / 2;
    bomb[half..].fill(0x55);
    let x = packed(matrix("X", &[32, 32, 3, 1], &images(1, LENGTH)));
    let file = mat(&[bomb, x, packed(matrix("y", &[1, 1], &[2]))]);
    assert_eq!(read_svhn(file).unwrap().labels(), [2]);
}

#[test]
fn matlab_cut_off_anywhere() {
    let whole = small_svhn();
    for length in 0..whole.len() {
        refused(read_svhn(whole[..length].to_vec()), &["test_32x32.mat"]);
    }
    let plain = mat(&[
        matrix("X", &[32, 32, 3, 1], &images(1, LENGTH)),
        matrix("y", &[1, 1], &[10]),
    ]);
    assert!(read_svhn(plain.clone()).is_ok());
    // Everywhere but among the pixels, where some places serve for all.
    let pixels = 256..256 + LENGTH - 128;
    let lengths = (0..pixels.start)
        .chain(pixels.clone().step_by(61))
        .chain(pixels.end..plain.len());
    for length in lengths {
        refused(read_svhn(plain[..length].to_vec()), &["test_32x32.mat"]);
    }
}
