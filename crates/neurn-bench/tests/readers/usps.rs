//! USPS in its three containers: lines of text, LIBSVM's lines and HDF5.

use std::fs;

use neurn_bench::data::digits::Split;
use neurn_bench::data::{DataError, Domain, ImageSet, usps};

use crate::files::{Hdf5, bz2, gz};
use crate::{Folder, floats, refused};

pub fn zip_line(label: &str, value: impl Fn(usize) -> f64) -> String {
    let values: Vec<String> = (0..256).map(|i| format!("{:.4}", value(i))).collect();
    format!("{label} {}\n", values.join(" "))
}

/// `usps.h5` with one test image and these for training.
fn usps_h5(shape: &[u64], data: &[f32], target: &[i32]) -> Vec<u8> {
    let mut file = Hdf5::new();
    let train = file.part(shape, data, target);
    let test = file.part(&[1, 256], &[0.25; 256], &[7]);
    let root = file.group(&[("train", train), ("test", test)]);
    file.finish(root)
}

pub fn read_h5(file: Vec<u8>) -> Result<Domain, DataError> {
    usps::read(Folder::new(&[("usps.h5", file)]).path())
}

pub fn read_usps(names: [&str; 2], test: Vec<u8>) -> Result<ImageSet, DataError> {
    let folder = Folder::new(&[(names[0], Vec::new()), (names[1], test)]);
    usps::split(folder.path(), Split::Test)
}

pub fn read_zip(text: &str) -> Result<ImageSet, DataError> {
    read_usps(["zip.train", "zip.test"], text.into())
}

pub fn read_libsvm(text: &str) -> Result<ImageSet, DataError> {
    read_usps(["usps", "usps.t"], text.into())
}

#[test]
fn usps_text() {
    let value = |i: usize| i as f64 / 127.5 - 1.0;
    let text =
        zip_line("6.0000", value) + &zip_line("0", |_| -1.0) + "\n" + &zip_line("9", |_| 1.0002);
    let folder = Folder::new(&[
        ("zip.train.gz", gz(text.as_bytes())),
        ("zip.test", zip_line("4", |_| 0.0).into_bytes()),
    ]);
    let domain = usps::read(folder.path()).unwrap();
    assert_eq!(domain.name, "usps");
    assert_eq!(domain.train.shape(), [1, 16, 16]);
    assert_eq!(domain.train.labels(), [6, 0, 9]);
    let pixels = floats(&domain.train);
    for (i, pixel) in pixels[..256].iter().enumerate() {
        assert!((pixel - i as f32 / 255.0).abs() < 1e-4, "{i}: {pixel}");
    }
    assert!(pixels[256..512].iter().all(|&pixel| pixel == 0.0));
    assert!(
        pixels[512..].iter().all(|&pixel| pixel == 1.0),
        "a tiny excess is cut off"
    );
    assert_eq!(floats(&domain.test), [0.5; 256]);
}

#[test]
fn usps_libsvm() {
    let folder = Folder::new(&[
        ("usps.bz2", bz2(b"7 1:-1 3:0.5 256:1 \n1 2:-0.5\n")),
        ("usps.t", b"10\n".to_vec()),
    ]);
    let domain = usps::read(folder.path()).unwrap();
    assert_eq!(domain.train.labels(), [6, 0]);
    let pixels = floats(&domain.train);
    assert_eq!(pixels[..4], [0.0, 0.5, 0.75, 0.5]);
    assert_eq!(pixels[254..259], [0.5, 1.0, 0.5, 0.25, 0.5]);
    assert_eq!(
        (domain.test.labels(), floats(&domain.test)),
        (&[9][..], &[0.5; 256][..])
    );
}

#[test]
fn usps_hdf5() {
    let mut data: Vec<f32> = (0..512).map(|i| i as f32 / 511.0).collect();
    data[511] = 1.0002;
    let domain = read_h5(usps_h5(&[2, 256], &data, &[6, 0])).unwrap();
    data[511] = 1.0;
    assert_eq!(
        (floats(&domain.train), domain.train.labels()),
        (&data[..], &[6, 0][..])
    );
    assert_eq!(
        (floats(&domain.test), domain.test.labels()),
        (&[0.25; 256][..], &[7][..])
    );
}

#[test]
fn usps_takes_both_parts_from_one_container() {
    let folder = Folder::new(&[
        ("zip.train", zip_line("1", |_| 0.0).into_bytes()),
        ("usps", b"3\n".to_vec()),
        ("usps.t", b"4\n".to_vec()),
    ]);
    let domain = usps::read(folder.path()).unwrap();
    assert_eq!(
        (domain.train.labels(), domain.test.labels()),
        (&[2][..], &[3][..])
    );

    fs::write(folder.path().join("zip.test"), zip_line("7", |_| 0.0)).unwrap();
    let domain = usps::read(folder.path()).unwrap();
    assert_eq!(
        (domain.train.labels(), domain.test.labels()),
        (&[1][..], &[7][..])
    );
}

#[test]
fn usps_text_faults() {
    let good = zip_line("5", |_| 0.0);
    let file = "zip.test";
    let second = |line: &str| read_zip(&(good.clone() + line));
    refused(
        second("5 0.0 0.0\n"),
        &[file, "256 values in line 2", "3 numbers"],
    );
    refused(
        second(good.trim_end()).map(|_| second("x")).unwrap(),
        &[file, "1 numbers"],
    );
    refused(
        second(&good.replace('\n', " 0.0\n")),
        &[file, "line 2", "258 numbers"],
    );
    for label in ["10", "-1", "6.5", "nan", "x", "inf"] {
        let line = zip_line(label, |_| 0.0);
        refused(
            second(&line),
            &[file, "label from 0 to 9 in line 2", &format!("`{label}`")],
        );
    }
    for value in ["1.01", "-1.01", "nan", "inf", "1e39", "0,5", "--1"] {
        let line = good.replacen("0.0000", value, 1);
        refused(
            second(&line),
            &[file, "value from -1 to 1 in line 2", &format!("`{value}`")],
        );
    }
    refused(
        read_usps(["zip.train", file], vec![0xff, 0xfe, b'\n']),
        &[file, "text in line 1"],
    );
    refused(
        read_zip(&"0 ".repeat(1 << 20)),
        &[file, "line 1", "65536 bytes or more"],
    );
    let packed = gz(good.repeat(50).as_bytes());
    for length in (0..packed.len()).step_by(7) {
        let result = read_usps(["zip.train", "zip.test.gz"], packed[..length].to_vec());
        refused(result, &["zip.test.gz"]);
    }
    let blank = gz(&vec![b'\n'; 1 << 22]);
    refused(
        read_usps(["zip.train", "zip.test.gz"], blank),
        &["at most 100000 lines", "more"],
    );
}

#[test]
fn usps_libsvm_faults() {
    let file = "usps.t";
    let second = |line: &str| read_libsvm(&format!("1 1:0.5\n{line}\n"));
    for label in ["0", "11", "-1", "1.5", "nan"] {
        let says = [file, "label from 1 to 10 in line 2", &format!("`{label}`")];
        refused(second(&format!("{label} 1:0")), &says);
    }
    refused(
        second("1 0:0.5"),
        &["a place from 1 to 256 in line 2", "found 0"],
    );
    refused(
        second("1 257:0.5"),
        &["a place from 1 to 256 in line 2", "found 257"],
    );
    refused(
        second("1 3:0 3:1"),
        &["a place from 4 to 256 in line 2", "found 3"],
    );
    refused(second("1 256:0 257:0"), &["a place", "found 257"]);
    for entry in [
        "3",
        "3:",
        ":3",
        "a:1",
        "-1:0",
        "99999999999999999999:0",
        "1:2",
        "1:nan",
    ] {
        refused(second(&format!("1 {entry}")), &[file, "in line 2"]);
    }
    let packed = bz2("10 1:-1 2:0.25\n".repeat(500).as_bytes());
    for length in 0..packed.len() {
        let result = read_usps(["usps.bz2", "usps.t.bz2"], packed[..length].to_vec());
        refused(result, &["usps.t.bz2"]);
    }
}

#[test]
fn usps_hdf5_faults() {
    let file = "usps.h5";
    let grey = [0.5; 512];
    let with = |data: &[f32], target: &[i32]| read_h5(usps_h5(&[2, 256], data, target));
    for label in [-1, 10, i32::MAX] {
        refused(
            with(&grey, &[3, label]),
            &[file, "0 to 9", &format!("{label} for image 1")],
        );
    }
    for value in [1.01, -0.01, f32::NAN, f32::INFINITY] {
        let mut data = grey;
        data[300] = value;
        refused(
            with(&data, &[3, 4]),
            &[file, "0 to 1", &format!("{value} in image 1")],
        );
    }
    refused(with(&grey, &[3]), &["train/target of [2]", "[1]"]);
    refused(
        read_h5(usps_h5(&[256, 2], &grey, &[3, 4])),
        &["[images, 256]", "[256, 2]"],
    );
    refused(
        read_h5(usps_h5(&[512], &grey, &[3, 4])),
        &["[images, 256]", "[512]"],
    );
    for shape in [
        [u64::MAX, 256],
        [1 << 40, 256],
        [1 << 56, 256],
        [90_000, 256],
    ] {
        refused(
            read_h5(usps_h5(&shape, &grey, &[3, 4])),
            &[file, "train/data"],
        );
    }
    let whole = usps_h5(&[2, 256], &grey, &[3, 4]);
    for length in (0..whole.len()).step_by(13) {
        refused(read_h5(whole[..length].to_vec()), &[file]);
    }
}
