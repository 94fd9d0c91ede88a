//! SVHN: images and labels in one MATLAB file.

use neurn_bench::domains::{DataError, ImageSet, Part, svhn};

use crate::files::{element, mat, matrix, packed, zlib};
use crate::{Folder, bytes, refused};

/// Four images of 3 rows and 2 columns, with a number in the middle that a
/// reader has to pass over.
pub fn small_svhn() -> Vec<u8> {
    let values: Vec<u8> = (0..72).collect();
    mat(&[
        packed(matrix("X", &[3, 2, 3, 4], &values)),
        packed(matrix("something", &[1, 1], &[1])),
        packed(matrix("y", &[4, 1], &[10, 1, 9, 5])),
    ])
}

pub fn read_svhn(file: Vec<u8>) -> Result<ImageSet, DataError> {
    svhn::part(Folder::new(&[("test_32x32.mat", file)]).path(), Part::Test)
}

#[test]
fn svhn_in_rows() {
    let set = read_svhn(small_svhn()).unwrap();
    assert_eq!(set.shape(), [3, 3, 2]);
    assert_eq!(set.labels(), [0, 1, 9, 5]);
    for image in 0..4 {
        for channel in 0..3 {
            for row in 0..3 {
                for column in 0..2 {
                    let at = ((image * 3 + channel) * 3 + row) * 2 + column;
                    let stored = row + 3 * (column + 2 * (channel + 3 * image));
                    assert_eq!(usize::from(bytes(&set)[at]), stored);
                }
            }
        }
    }
}

#[test]
fn svhn_of_one_image_uncompressed_and_in_the_other_order() {
    let values: Vec<u8> = (0..12).collect();
    let x = matrix("X", &[2, 2, 3], &values);
    let file = mat(&[matrix("y", &[1, 1], &[10]), matrix("z", &[1, 1], &[3]), x]);
    let set = read_svhn(file).unwrap();
    assert_eq!((set.shape(), set.labels()), ([3, 2, 2], &[0][..]));
    assert_eq!(bytes(&set), [0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11]);
}

#[test]
fn svhn_faults() {
    let file = "test_32x32.mat";
    let x = || packed(matrix("X", &[1, 1, 3, 2], &[0; 6]));
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
    let grey = packed(matrix("X", &[1, 3, 2], &[0; 6]));
    refused(
        read(&[grey, y(&[1, 2])]),
        &["[32, 32, 3, images]", "[1, 3, 2]"],
    );
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
    let x = packed(matrix("X", &[1, 1, 3, 1], &[0; 3]));
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
        matrix("X", &[3, 2, 3, 4], &[5; 72]),
        matrix("y", &[4, 1], &[10, 1, 9, 5]),
    ]);
    assert!(read_svhn(plain.clone()).is_ok());
    for length in 0..plain.len() {
        refused(read_svhn(plain[..length].to_vec()), &["test_32x32.mat"]);
    }
}
