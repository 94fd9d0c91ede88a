//! The readers of the real domains: round trips of files written here, files
//! that are not what they should be, and the real ones where they are at hand.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use image::RgbImage;
use neurn_bench::domains::mnist_m::Photographs;
use neurn_bench::domains::{
    self, DataError, Domain, ImageSet, Part, Pixels, mnist, mnist_m, svhn, usps,
};
use proptest::prelude::*;
use tempfile::TempDir;

// Files, byte by byte.

fn idx(magic: u32, sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let header = std::iter::once(&magic)
        .chain(sizes)
        .flat_map(|word| word.to_be_bytes());
    header.chain(values.iter().copied()).collect()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bz2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An element of a MATLAB file.
fn element(kind: u32, content: &[u8]) -> Vec<u8> {
    let mut element = [kind.to_le_bytes(), (content.len() as u32).to_le_bytes()].concat();
    element.extend(content);
    element
}

fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

/// An array of bytes of a MATLAB file.
fn matrix(name: &str, sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let sizes: Vec<u8> = sizes.iter().flat_map(|size| size.to_le_bytes()).collect();
    let flags = [9, 0, 0, 0, 0, 0, 0, 0];
    let name = match name.len() {
        // The short form of an element.
        1..=4 => {
            let mut short = vec![1, 0, name.len() as u8, 0];
            short.extend(name.as_bytes());
            short
        }
        _ => element(1, name.as_bytes()),
    };
    let parts = [
        element(6, &flags),
        element(5, &sizes),
        name,
        element(2, values),
    ];
    element(14, &parts.map(padded).concat())
}

fn mat(elements: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"MATLAB 5.0 MAT-file, written by a test".to_vec();
    file.resize(124, b' ');
    file.extend([0x00, 0x01, b'I', b'M']);
    file.extend(elements.concat());
    file
}

fn packed(matrix: Vec<u8>) -> Vec<u8> {
    element(15, &zlib(&matrix))
}

/// Four images of 3 rows and 2 columns, with a number in the middle that a
/// reader has to pass over.
fn small_svhn() -> Vec<u8> {
    let values: Vec<u8> = (0..72).collect();
    mat(&[
        packed(matrix("X", &[3, 2, 3, 4], &values)),
        packed(matrix("something", &[1, 1], &[1])),
        packed(matrix("y", &[4, 1], &[10, 1, 9, 5])),
    ])
}

fn zip_line(label: &str, value: impl Fn(usize) -> f64) -> String {
    let values: Vec<String> = (0..256).map(|i| format!("{:.4}", value(i))).collect();
    format!("{label} {}\n", values.join(" "))
}

/// An HDF5 file of superblock 0, object headers of version 1, links in their
/// group's header and contiguous data.
struct Hdf5(Vec<u8>);

impl Hdf5 {
    fn new() -> Self {
        Self(vec![0; 96])
    }

    fn put(&mut self, bytes: &[u8]) -> u64 {
        let address = self.0.len() as u64;
        self.0.extend(padded(bytes.to_vec()));
        address
    }

    fn object(&mut self, messages: &[(u16, Vec<u8>)]) -> u64 {
        let mut body = Vec::new();
        for (kind, content) in messages {
            let content = padded(content.clone());
            body.extend(kind.to_le_bytes());
            body.extend((content.len() as u16).to_le_bytes());
            body.extend([0; 4]);
            body.extend(content);
        }
        let mut header = vec![1, 0];
        header.extend((messages.len() as u16).to_le_bytes());
        header.extend(1_u32.to_le_bytes());
        header.extend((body.len() as u32).to_le_bytes());
        header.extend([0; 4]);
        header.extend(body);
        self.put(&header)
    }

    fn group(&mut self, links: &[(&str, u64)]) -> u64 {
        let mut messages = vec![(2, [vec![0, 0], vec![0xff; 16]].concat())];
        for (name, address) in links {
            let start = [&[1, 0, name.len() as u8], name.as_bytes()].concat();
            messages.push((6, [&start[..], &address.to_le_bytes()].concat()));
        }
        self.object(&messages)
    }

    fn array(&mut self, kind: &[u8], shape: &[u64], bytes: &[u8]) -> u64 {
        let data = self.put(bytes);
        let mut space = vec![1, shape.len() as u8, 0, 0, 0, 0, 0, 0];
        space.extend(shape.iter().flat_map(|size| size.to_le_bytes()));
        let mut layout = vec![3, 1];
        layout.extend(data.to_le_bytes());
        layout.extend((bytes.len() as u64).to_le_bytes());
        self.object(&[(1, space), (3, kind.to_vec()), (8, layout)])
    }

    /// `data` and `target` in a group.
    fn part(&mut self, shape: &[u64], data: &[f32], target: &[i32]) -> u64 {
        const F32: [u8; 20] = [
            0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0,
        ];
        const I32: [u8; 12] = [0x10, 8, 0, 0, 4, 0, 0, 0, 0, 0, 32, 0];
        let bytes: Vec<u8> = data.iter().flat_map(|value| value.to_le_bytes()).collect();
        let data = self.array(&F32, shape, &bytes);
        let bytes: Vec<u8> = target
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let target = self.array(&I32, &[target.len() as u64], &bytes);
        self.group(&[("data", data), ("target", target)])
    }

    fn finish(mut self, root: u64) -> Vec<u8> {
        let mut start = b"\x89HDF\r\n\x1a\n".to_vec();
        start.extend([0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0, 0, 0, 0, 0]);
        start.extend(0_u64.to_le_bytes());
        start.extend([0xff; 8]);
        start.extend((self.0.len() as u64).to_le_bytes());
        start.extend([0xff; 8]);
        start.extend(0_u64.to_le_bytes());
        start.extend(root.to_le_bytes());
        self.0[..start.len()].copy_from_slice(&start);
        self.0
    }
}

/// `usps.h5` with one test image and these for training.
fn usps_h5(shape: &[u64], data: &[f32], target: &[i32]) -> Vec<u8> {
    let mut file = Hdf5::new();
    let train = file.part(shape, data, target);
    let test = file.part(&[1, 256], &[0.25; 256], &[7]);
    let root = file.group(&[("train", train), ("test", test)]);
    file.finish(root)
}

fn read_h5(file: Vec<u8>) -> Result<Domain, DataError> {
    usps::read(Folder::new(&[("usps.h5", file)]).path())
}

// Folders.

struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, Vec<u8>)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

fn mnist_folder(images: Vec<u8>, labels: Vec<u8>) -> Folder {
    Folder::new(&[
        ("t10k-images-idx3-ubyte", images),
        ("t10k-labels-idx1-ubyte", labels),
    ])
}

fn small_mnist() -> (Vec<u8>, Vec<u8>) {
    let values: Vec<u8> = (0..5 * 6).map(|i| i * 8).collect();
    (
        idx(0x803, &[5, 2, 3], &values),
        idx(0x801, &[5], &[3, 1, 4, 1, 5]),
    )
}

fn read_mnist(images: Vec<u8>, labels: Vec<u8>) -> Result<ImageSet, DataError> {
    mnist::part(mnist_folder(images, labels).path(), Part::Test)
}

fn read_svhn(file: Vec<u8>) -> Result<ImageSet, DataError> {
    svhn::part(Folder::new(&[("test_32x32.mat", file)]).path(), Part::Test)
}

fn read_usps(names: [&str; 2], test: Vec<u8>) -> Result<ImageSet, DataError> {
    let folder = Folder::new(&[(names[0], Vec::new()), (names[1], test)]);
    usps::part(folder.path(), Part::Test)
}

fn read_zip(text: &str) -> Result<ImageSet, DataError> {
    read_usps(["zip.train", "zip.test"], text.into())
}

fn read_libsvm(text: &str) -> Result<ImageSet, DataError> {
    read_usps(["usps", "usps.t"], text.into())
}

fn read_mnist_m(images: Vec<u8>, labels: Vec<u8>) -> Result<ImageSet, DataError> {
    let folder = Folder::new(&[
        ("mnist_m_test-images-idx4-ubyte.gz", images),
        ("mnist_m_test-labels-idx1-ubyte.gz", labels),
    ]);
    mnist_m::ready_made(folder.path(), Part::Test)
}

/// The error has to name the file and say all of these.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, DataError>, says: &[&str]) {
    let error = result
        .expect_err("this is not what it should be")
        .to_string();
    for part in says.iter().chain(&["expected ", "found "]) {
        assert!(error.contains(part), "{error:?} does not say {part:?}");
    }
}

fn bytes(set: &ImageSet) -> &[u8] {
    match set.pixels() {
        Pixels::U8(bytes) => bytes,
        Pixels::F32(_) => panic!("floats"),
    }
}

fn floats(set: &ImageSet) -> &[f32] {
    match set.pixels() {
        Pixels::F32(floats) => floats,
        Pixels::U8(_) => panic!("bytes"),
    }
}

// Round trips.

#[test]
fn mnist_under_every_name() {
    let (images, labels) = small_mnist();
    for (dot, end) in [("-", ""), ("-", ".gz"), (".", ""), (".", ".gz")] {
        let pack = |bytes: &[u8]| {
            if end.is_empty() {
                bytes.to_vec()
            } else {
                gz(bytes)
            }
        };
        let name = |part, what, d| format!("{part}-{what}{dot}idx{d}-ubyte{end}");
        let folder = Folder::new(&[
            (&name("train", "images", 3), pack(&images)),
            (&name("train", "labels", 1), pack(&labels)),
            (
                &name("t10k", "images", 3),
                pack(&idx(0x803, &[1, 2, 3], &[9; 6])),
            ),
            (&name("t10k", "labels", 1), pack(&idx(0x801, &[1], &[0]))),
        ]);
        let Domain { name, train, test } = mnist::read(folder.path()).unwrap();
        assert_eq!(name, "mnist");
        assert_eq!(train.shape(), [1, 2, 3]);
        assert_eq!(train.labels(), [3, 1, 4, 1, 5]);
        assert_eq!(bytes(&train), &images[16..]);
        assert_eq!((bytes(&test), test.labels()), (&[9; 6][..], &[0][..]));
    }
}

#[test]
fn compression_is_told_by_content() {
    let (images, labels) = small_mnist();
    let packed = read_mnist(gz(&images), gz(&labels)).unwrap();
    assert_eq!(packed, read_mnist(images, labels).unwrap());
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
fn mnist_m_ready_made() {
    let values: Vec<u8> = (0..24).collect();
    let set = read_mnist_m(
        gz(&idx(0x804, &[2, 2, 2, 3], &values)),
        gz(&idx(0x801, &[2], &[8, 2])),
    )
    .unwrap();
    assert_eq!((set.shape(), set.labels()), ([3, 2, 2], &[8, 2][..]));
    assert_eq!(bytes(&set)[..12], [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
    assert_eq!(bytes(&set)[12..16], [12, 15, 18, 21]);
}

// MNIST-M made of digits and photographs.

fn photograph(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    RgbImage::from_pixel(width, height, image::Rgb(colour))
        .write_to(&mut file, image::ImageFormat::Jpeg)
        .unwrap();
    file.into_inner()
}

fn noise(width: u32, height: u32) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 7) as u8, (y * 5) as u8, (x * y) as u8])
    })
    .write_to(&mut file, image::ImageFormat::Jpeg)
    .unwrap();
    file.into_inner()
}

fn some_digits(count: usize) -> ImageSet {
    let pixels = (0..count * 784)
        .map(|i| if i % 5 == 0 { 255 } else { (i % 3) as u8 })
        .collect();
    let labels = (0..count).map(|i| (i % 10) as u8).collect();
    ImageSet::new(Pixels::U8(pixels), labels, [1, 28, 28])
}

#[test]
fn blended_is_the_distance_of_patch_and_digit() {
    let folder = Folder::new(&[("a.jpg", photograph(40, 40, [128; 3]))]);
    let digits = some_digits(3);
    let blended = Photographs::read(folder.path())
        .unwrap()
        .blend(&digits, 3, 1)
        .unwrap();
    assert_eq!(
        (blended.shape(), blended.labels()),
        ([3, 28, 28], &[0, 1, 2][..])
    );
    let expected: Vec<u8> = bytes(&digits)
        .chunks(784)
        .flat_map(|digit| digit.repeat(3))
        .map(|value| value.abs_diff(128))
        .collect();
    assert_eq!(bytes(&blended), expected);
}

#[test]
fn an_image_does_not_depend_on_how_many_there_are() {
    let folder = Folder::new(&[
        ("train/b.jpg", noise(48, 321)),
        ("test/a.jpg", noise(60, 40)),
        ("test/c.JPG", noise(31, 33)),
        ("test/Thumbs.db", vec![1, 2, 3]),
    ]);
    let photographs = Photographs::read(folder.path()).unwrap();
    let digits = some_digits(64);
    let all = photographs.blend(&digits, usize::MAX, 7).unwrap();
    assert_eq!(all.labels().len(), 64);
    let few = photographs.blend(&digits, 5, 7).unwrap();
    assert_eq!(few.labels().len(), 5);
    assert_eq!(bytes(&few), &bytes(&all)[..5 * 3 * 784]);
    assert_ne!(
        bytes(&few),
        bytes(&photographs.blend(&digits, 5, 8).unwrap())
    );

    // Nor on how the photographs are spread over folders.
    let flat = Folder::new(&[
        ("a.jpg", noise(60, 40)),
        ("c.JPG", noise(31, 33)),
        ("b.jpg", noise(48, 321)),
    ]);
    let again = Photographs::read(flat.path())
        .unwrap()
        .blend(&digits, 5, 7)
        .unwrap();
    assert_eq!(bytes(&few), bytes(&again));
}

#[test]
fn mnist_m_made_where_it_is_not_ready() {
    let digits = |n: u8| {
        (
            idx(0x803, &[n.into(), 28, 28], &vec![7; 784 * usize::from(n)]),
            n,
        )
    };
    let labels = |n: u8| idx(0x801, &[n.into()], &vec![4; n.into()]);
    let ((train, _), (test, _)) = (digits(3), digits(2));
    let folder = Folder::new(&[
        ("mnist/train-images-idx3-ubyte", train),
        ("mnist/train-labels-idx1-ubyte", labels(3)),
        ("mnist/t10k-images-idx3-ubyte", test),
        ("mnist/t10k-labels-idx1-ubyte", labels(2)),
        ("bsds500/train/1.jpg", noise(99, 88)),
    ]);
    let made = domains::read(folder.path(), "mnist-m").unwrap();
    assert_eq!(
        (made.name.as_str(), made.train.shape()),
        ("mnist-m", [3, 28, 28])
    );
    assert_eq!(
        (made.train.labels(), made.test.labels()),
        (&[4; 3][..], &[4; 2][..])
    );
    assert_ne!(
        made.train.image(0),
        made.test.image(0),
        "parts are drawn separately"
    );

    let ready = folder.path().join("mnist_m");
    fs::create_dir(&ready).unwrap();
    fs::write(
        ready.join("mnist_m_test-images-idx4-ubyte"),
        idx(0x804, &[1, 1, 1, 3], &[1, 2, 3]),
    )
    .unwrap();
    refused(
        domains::read(folder.path(), "mnist-m"),
        &["mnist_m_test-labels-idx1-ubyte"],
    );
    fs::write(
        ready.join("mnist_m_test-labels-idx1-ubyte"),
        idx(0x801, &[1], &[6]),
    )
    .unwrap();
    let ready = domains::read(folder.path(), "mnist-m").unwrap();
    assert_eq!((ready.train, ready.test.labels()), (made.train, &[6][..]));
}

// What is not there.

#[test]
fn empty_folders() {
    let folder = Folder::new(&[]);
    for (name, says) in [
        (
            "mnist",
            ["train-images-idx3-ubyte.gz", "train-images.idx3-ubyte"],
        ),
        ("svhn", ["train_32x32.mat", "svhn"]),
        (
            "usps",
            ["zip.train.gz or zip.train with zip.test.gz", "usps.h5"],
        ),
        (
            "mnist-m",
            [
                "train-images-idx3-ubyte.gz",
                "mnist_m_train-images-idx4-ubyte.gz",
            ],
        ),
    ] {
        let result = domains::read(folder.path(), name);
        assert!(matches!(result, Err(DataError::Missing { .. })), "{name}");
        refused(result, &says);
        let _ = fs::create_dir(folder.path().join(name));
        refused(domains::read(folder.path(), name), &says);
    }
    refused(
        domains::read(folder.path(), "emnist"),
        &["mnist, svhn, usps or mnist-m", "`emnist`"],
    );
}

#[test]
fn photographs_that_do_not_serve() {
    let empty = Folder::new(&[("train/Thumbs.db", Vec::new())]);
    let result = Photographs::read(empty.path());
    assert!(matches!(result, Err(DataError::Missing { .. })));
    refused(result, &["*.jpg"]);
    refused(
        Photographs::read(&empty.path().join("nowhere")),
        &["nowhere", "*.jpg"],
    );

    let (images, labels) = small_mnist();
    let folder = Folder::new(&[
        ("mnist/train-images-idx3-ubyte", images),
        ("mnist/train-labels-idx1-ubyte", labels),
    ]);
    let says = ["bsds500", "*.jpg", "mnist_m_train-images-idx4-ubyte.gz"];
    refused(domains::read(folder.path(), "mnist-m"), &says);

    let small = Folder::new(&[("small.jpg", photograph(40, 27, [0; 3]))]);
    let photographs = Photographs::read(small.path()).unwrap();
    refused(
        photographs.blend(&some_digits(1), 1, 0),
        &["small.jpg", "28x28", "40x27"],
    );

    let whole = noise(64, 64);
    for broken in [
        Vec::new(),
        b"no photograph".to_vec(),
        whole[..whole.len() / 4].to_vec(),
    ] {
        let folder = Folder::new(&[("broken.jpg", broken)]);
        refused(Photographs::read(folder.path()), &["broken.jpg", "JPEG"]);
    }
}

#[test]
fn a_folder_where_a_file_is_expected() {
    for (name, file) in [
        ("mnist", "mnist/train-images-idx3-ubyte.gz"),
        ("svhn", "svhn/train_32x32.mat"),
        ("usps", "usps/usps.h5"),
        ("mnist-m", "mnist_m/mnist_m_train-images-idx4-ubyte"),
    ] {
        let folder = Folder::new(&[
            ("mnist/train-labels-idx1-ubyte", Vec::new()),
            ("mnist_m/mnist_m_train-labels-idx1-ubyte", Vec::new()),
        ]);
        fs::create_dir_all(folder.path().join(file)).unwrap();
        let file = file.rsplit('/').next().unwrap();
        refused(
            domains::read(folder.path(), name),
            &[file, "a file", "a folder"],
        );
    }
}

#[test]
fn empty_files() {
    refused(
        read_mnist(Vec::new(), Vec::new()),
        &["t10k-images-idx3-ubyte", "header"],
    );
    refused(read_svhn(Vec::new()), &["test_32x32.mat", "version 5"]);
    refused(read_zip(""), &["zip.test", "at least one image"]);
    refused(read_libsvm("\n"), &["usps.t", "at least one image"]);
    let h5 = Folder::new(&[("usps.h5", Vec::new())]);
    refused(usps::read(h5.path()), &["usps.h5", "an HDF5 file"]);
}

// What is there and wrong.

#[test]
fn idx_headers() {
    let (images, labels) = small_mnist();
    let file = "t10k-images-idx3-ubyte";
    let with = |images: Vec<u8>| read_mnist(images, labels.clone());

    refused(
        with(idx(0x801, &[5], &[0; 5])),
        &[file, "0x00000803", "0x00000801"],
    );
    refused(
        with(idx(0x0d03, &[1, 1, 1], &[0; 4])),
        &[file, "0x00000803", "0x00000d03"],
    );
    refused(
        with(images[..10].to_vec()),
        &[file, "16 bytes", "end of the file"],
    );
    refused(with(images[..20].to_vec()), &[file, "30 bytes", "4 bytes"]);
    refused(
        with([&images[..], &[0]].concat()),
        &[file, "30 bytes", "more bytes"],
    );
    for sizes in [
        [u32::MAX; 3],
        [u32::MAX, 1, 1],
        [1 << 16, 1 << 16, 1 << 16],
        [2_000_000, 28, 28],
        [0, 28, 28],
        [5, 0, 3],
    ] {
        refused(
            with(idx(0x803, &sizes, &[1; 6])),
            &[file, "product", &format!("{sizes:?}")],
        );
    }

    let file = "t10k-labels-idx1-ubyte";
    let with = |labels: Vec<u8>| read_mnist(images.clone(), labels);
    refused(
        with(idx(0x801, &[5], &[0, 1, 10, 3, 4])),
        &[file, "0 to 9", "10 for image 2"],
    );
    refused(
        with(idx(0x801, &[4], &[0; 4])),
        &[file, "5 labels", "found 4"],
    );
    refused(with(idx(0x801, &[1 << 31], &[0; 4])), &[file, "product"]);
    refused(with(images.clone()), &[file, "0x00000801"]);

    let four = idx(0x804, &[1, 1, 1, 4], &[0; 4]);
    refused(
        read_mnist_m(gz(&four), gz(&idx(0x801, &[1], &[0]))),
        &["RGB", "4 channels"],
    );
    let three = idx(0x804, &[1, 1, 1, 3], &[0; 3]);
    refused(
        read_mnist_m(three.clone(), idx(0x801, &[2], &[0; 2])),
        &["1 labels", "found 2"],
    );
    refused(
        read_mnist_m(three, idx(0x801, &[1], &[11])),
        &["0 to 9", "11"],
    );
    let huge = idx(0x804, &[u32::MAX; 4], &[]);
    refused(read_mnist_m(huge, idx(0x801, &[1], &[0])), &["product"]);
}

#[test]
fn gz_cut_off_anywhere() {
    let (images, labels) = small_mnist();
    let values: Vec<u8> = (0..100 * 784_u32).map(|i| ((i * i) >> 7) as u8).collect();
    let long = gz(&idx(0x803, &[100, 28, 28], &values));
    for length in (1..long.len())
        .step_by(97)
        .chain(long.len() - 9..long.len())
    {
        let result = read_mnist(long[..length].to_vec(), labels.clone());
        refused(result, &["t10k-images-idx3-ubyte"]);
    }
    let short = gz(&images);
    for length in 0..short.len() {
        refused(
            read_mnist(short[..length].to_vec(), labels.clone()),
            &["t10k-images"],
        );
    }
}

#[test]
fn gz_with_a_wrong_byte() {
    let (images, labels) = small_mnist();
    let whole = gz(&images);
    // Behind the header of gzip, which has bytes of no consequence.
    for place in 10..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x55;
        refused(
            read_mnist(bytes, labels.clone()),
            &["t10k-images-idx3-ubyte"],
        );
    }
}

#[test]
fn more_in_a_gz_than_its_header_says() {
    let (_, labels) = small_mnist();
    let bomb = gz(&idx(0x803, &[5, 2, 3], &vec![0; 1 << 24]));
    // Cut off, which is not seen because it is not read that far.
    let bomb = bomb[..bomb.len() / 2].to_vec();
    refused(read_mnist(bomb, labels), &["30 bytes", "more bytes"]);
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

fn flipped(mut bytes: Vec<u8>, flips: &[(usize, u8)]) -> Vec<u8> {
    for &(place, value) in flips {
        let place = place % bytes.len();
        bytes[place] ^= value;
    }
    bytes
}

fn flips() -> impl Strategy<Value = Vec<(usize, u8)>> {
    prop::collection::vec((any::<usize>(), 1..=u8::MAX), 1..6)
}

// Only that they return: a flip may hit a pixel or a name.
proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn wrong_bytes_in_idx(flips in flips(), packed: bool) {
        let (images, labels) = small_mnist();
        let pack = |bytes: Vec<u8>| if packed { gz(&bytes) } else { bytes };
        let _ = read_mnist(flipped(pack(images.clone()), &flips), labels.clone());
        let _ = read_mnist(images, flipped(pack(labels), &flips));
    }

    #[test]
    fn wrong_bytes_in_matlab(flips in flips()) {
        let _ = read_svhn(flipped(small_svhn(), &flips));
        let plain = matrix("X", &[3, 2, 3, 4], &[5; 72]);
        let y = matrix("y", &[4, 1], &[10, 1, 9, 5]);
        let _ = read_svhn(flipped(mat(&[plain.clone(), y.clone()]), &flips));
        let _ = read_svhn(mat(&[packed(flipped(plain, &flips)), packed(y)]));
    }

    #[test]
    fn wrong_bytes_in_usps(flips in flips()) {
        let text = zip_line("5", |i| i as f64 / 255.0);
        let _ = read_usps(["zip.train", "zip.test"], flipped(text.clone().into(), &flips));
        let _ = read_usps(["zip.train", "zip.test"], flipped(gz(text.as_bytes()), &flips));
        let text = b"7 1:-1 3:0.5 256:1 \n1 2:-0.5\n".to_vec();
        let _ = read_usps(["usps", "usps.t"], flipped(text.clone(), &flips));
        let _ = read_usps(["usps", "usps.t"], flipped(bz2(&text), &flips));
    }

    #[test]
    fn wrong_bytes_in_hdf5(flips in flips()) {
        let mut file = Hdf5::new();
        let part = file.part(&[1, 256], &[0.5; 256], &[7]);
        let root = file.group(&[("train", part), ("test", part)]);
        let _ = read_h5(flipped(file.finish(root), &flips));
    }

    #[test]
    fn wrong_bytes_in_a_photograph(flips in flips()) {
        let folder = Folder::new(&[("a.jpg", flipped(noise(32, 32), &flips))]);
        let _ = Photographs::read(folder.path());
    }
}

// The real ones.

/// The folder with the real domains, if there is one: `NEURN_DATA`, or else
/// `shared/data` beside the workspace.
fn data() -> Option<PathBuf> {
    let folder = match std::env::var_os("NEURN_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
    };
    if !folder.is_dir() {
        println!("not run: no data in {}", folder.display());
        return None;
    }
    Some(folder)
}

fn real(root: &Path, name: &str) -> Domain {
    let start = Instant::now();
    let domain = domains::read(root, name).unwrap();
    let (train, test) = (domain.train.labels().len(), domain.test.labels().len());
    println!(
        "{name}: {train} and {test} images in {:.2?}",
        start.elapsed()
    );
    assert_eq!(domain.name, name);
    domain
}

/// The mean of the values in 0..=1.
fn mean(set: &ImageSet) -> f64 {
    match set.pixels() {
        Pixels::U8(values) => {
            let sum: f64 = values.iter().map(|&value| f64::from(value)).sum();
            sum / 255.0 / values.len() as f64
        }
        Pixels::F32(values) => {
            values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64
        }
    }
}

/// The standard deviation of the values in 0..=1.
fn deviation(set: &ImageSet) -> f64 {
    let mean = mean(set);
    let square = |value: f64| (value - mean).powi(2);
    let values = bytes(set);
    let sum: f64 = values
        .iter()
        .map(|&value| square(f64::from(value) / 255.0))
        .sum();
    (sum / values.len() as f64).sqrt()
}

#[test]
fn real_mnist() {
    let Some(root) = data() else { return };
    let domain = real(&root, "mnist");
    assert_eq!(
        (domain.train.shape(), domain.test.shape()),
        ([1, 28, 28], [1, 28, 28])
    );
    assert_eq!(
        domain.train.class_counts(),
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    );
    assert_eq!(
        domain.test.class_counts(),
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    );
    assert_eq!(domain.train.labels()[..5], [5, 0, 4, 1, 9]);
    // The published mean of the training part.
    assert!((mean(&domain.train) - 0.1307).abs() < 5e-5);
}

#[test]
fn real_usps() {
    let Some(root) = data() else { return };
    let domain = real(&root, "usps");
    assert_eq!(domain.train.shape(), [1, 16, 16]);
    assert_eq!(
        domain.train.class_counts(),
        [1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644]
    );
    assert_eq!(
        domain.test.class_counts(),
        [359, 264, 198, 166, 200, 160, 170, 147, 166, 177]
    );

    let hdf5 = root.join("usps/usps.h5");
    if !hdf5.exists() {
        println!("not run: no usps.h5 beside the texts");
        return;
    }
    let file = fs::read(&hdf5).unwrap();
    let folder = Folder::new(&[("usps.h5", file.clone())]);
    let start = Instant::now();
    let hdf5 = usps::read(folder.path()).unwrap();
    println!("usps.h5 in {:.2?}", start.elapsed());
    for (text, hdf5) in [(&domain.train, &hdf5.train), (&domain.test, &hdf5.test)] {
        assert_eq!(text.labels(), hdf5.labels());
        let gap = floats(text)
            .iter()
            .zip(floats(hdf5))
            .map(|(text, hdf5)| (text - hdf5).abs())
            .fold(0.0, f32::max);
        assert!(gap < 1e-6, "{gap}");
    }

    for eighth in 0..8 {
        refused(
            read_h5(file[..file.len() * eighth / 8].to_vec()),
            &["usps.h5"],
        );
    }
    // Wrong bytes where headers are likely: that it returns is all.
    let mut random = 1_u64;
    for _ in 0..100 {
        let mut bytes = file.clone();
        for _ in 0..4 {
            random = random
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            bytes[(random >> 33) as usize % 4096] ^= (random >> 25) as u8 | 1;
        }
        let _ = read_h5(bytes);
    }
}

#[test]
fn real_svhn() {
    let Some(root) = data() else { return };
    let domain = real(&root, "svhn");
    assert_eq!(domain.train.shape(), [3, 32, 32]);
    match (domain.train.labels().len(), domain.test.labels().len()) {
        (73257, 26032) => assert_eq!(
            domain.train.class_counts(),
            [4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659]
        ),
        // The first of both parts.
        (4434, 1952) => {
            assert_eq!(
                domain.train.class_counts(),
                [315, 871, 603, 507, 463, 428, 326, 321, 326, 274]
            );
            assert_eq!(
                domain.test.class_counts(),
                [136, 366, 297, 233, 194, 169, 149, 151, 134, 123]
            );
        }
        counts => panic!("{counts:?} images"),
    }
    // Strokes are more upright than level: if rows were taken for columns, the
    // steps down would be larger than those along.
    let [mut along, mut down] = [0.0; 2];
    for image in (0..4434).map(|index| domain.train.image(index)) {
        for row in image.chunks(32) {
            along += row.windows(2).map(|w| (w[0] - w[1]).abs()).sum::<f32>();
        }
        for channel in image.chunks(1024) {
            down += channel
                .iter()
                .zip(&channel[32..])
                .map(|(a, b)| (a - b).abs())
                .sum::<f32>();
        }
    }
    println!("steps along rows {along}, down columns {down}");
    assert!(along > 1.2 * down, "{along} {down}");
    // If the order of values were mistaken otherwise, they would be large.
    let steps = (4434 * 3 * 32 * 31) as f32;
    assert!(along / steps < 0.05, "{}", along / steps);
}

#[test]
fn real_mnist_m() {
    let Some(root) = data() else { return };
    let domain = real(&root, "mnist-m");
    assert_eq!(domain.test.shape(), [3, 32, 32]);
    let digits = mnist::read(&root.join("mnist")).unwrap();
    let count = domain.test.labels().len();
    assert_eq!(count, 9001);
    assert_eq!(domain.test.labels(), &digits.test.labels()[..count]);
    if domain.train.shape() == [3, 28, 28] {
        assert_eq!(
            domain.train.labels(),
            digits.train.labels(),
            "made of MNIST"
        );
    }

    let start = Instant::now();
    let photographs = Photographs::read(&root.join("bsds500")).unwrap();
    let decoded = start.elapsed();
    let made = photographs
        .blend(&digits.test, count, mnist_m::TEST_SEED)
        .unwrap();
    println!(
        "photographs in {decoded:.2?}, {count} images made in {:.2?}",
        start.elapsed() - decoded
    );
    let (means, deviations) = (
        [&domain.test, &made].map(mean),
        [&domain.test, &made].map(deviation),
    );
    println!("ready-made and made: means {means:.4?}, deviations {deviations:.4?}");
    assert!((means[0] - means[1]).abs() < 0.04, "{means:?}");
    assert!(
        (deviations[0] - deviations[1]).abs() < 0.02,
        "{deviations:?}"
    );
}
