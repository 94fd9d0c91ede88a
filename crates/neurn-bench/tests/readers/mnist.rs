//! MNIST: images and labels in IDX files, packed with gzip or not.

use neurn_bench::data::digits::Split;
use neurn_bench::data::{DataError, Domain, ImageSet, mnist};

use crate::files::{gz, idx, images};
use crate::mnist_m::read_mnist_m;
use crate::{Folder, bytes, refused};

fn mnist_folder(images: Vec<u8>, labels: Vec<u8>) -> Folder {
    Folder::new(&[
        ("t10k-images-idx3-ubyte", images),
        ("t10k-labels-idx1-ubyte", labels),
    ])
}

pub fn small_mnist() -> (Vec<u8>, Vec<u8>) {
    (
        idx(0x803, &[5, 28, 28], &images(5, 784)),
        idx(0x801, &[5], &[3, 1, 4, 1, 5]),
    )
}

pub fn read_mnist(images: Vec<u8>, labels: Vec<u8>) -> Result<ImageSet, DataError> {
    mnist::split(mnist_folder(images, labels).path(), Split::Test)
}

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
                pack(&idx(0x803, &[1, 28, 28], &[9; 784])),
            ),
            (&name("t10k", "labels", 1), pack(&idx(0x801, &[1], &[0]))),
        ]);
        let domain = mnist::read(folder.path()).unwrap();
        assert_eq!(
            domain.classes,
            ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
        );
        assert!(domain.validation.is_none() && !domain.synthetic());
        let Domain {
            name, train, test, ..
        } = domain;
        assert_eq!(name, "mnist");
        assert_eq!(train.shape(), [1, 28, 28]);
        assert_eq!(train.labels(), [3, 1, 4, 1, 5]);
        assert_eq!(bytes(&train), &images[16..]);
        assert_eq!((bytes(&test), test.labels()), (&[9; 784][..], &[0][..]));
    }
}

#[test]
fn compression_is_told_by_content() {
    let (images, labels) = small_mnist();
    let packed = read_mnist(gz(&images), gz(&labels)).unwrap();
    assert_eq!(packed, read_mnist(images, labels).unwrap());
}

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
    refused(
        with(images[..20].to_vec()),
        &[file, "3920 bytes", "4 bytes"],
    );
    refused(
        with([&images[..], &[0]].concat()),
        &[file, "3920 bytes", "more bytes"],
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

    let four = idx(0x804, &[1, 28, 28, 4], &[0; 4 * 784]);
    refused(
        read_mnist_m(gz(&four), gz(&idx(0x801, &[1], &[0]))),
        &["RGB", "4 channels"],
    );
    let three = idx(0x804, &[1, 28, 28, 3], &[0; 3 * 784]);
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
fn mnist_of_a_wrong_side() {
    let (_, labels) = small_mnist();
    for [height, width] in [[28, 30], [30, 28], [32, 32], [1, 784]] {
        let images = images(5, height * width);
        let sizes = [5, height as u32, width as u32];
        refused(
            read_mnist(idx(0x803, &sizes, &images), labels.clone()),
            &[
                "t10k-images-idx3-ubyte",
                "images of 28x28 pixels",
                &format!("found {width}x{height}"),
            ],
        );
    }
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
    let bomb = gz(&idx(0x803, &[5, 28, 28], &vec![0; 1 << 24]));
    // Cut off, which is not seen because it is not read that far.
    let bomb = bomb[..bomb.len() / 2].to_vec();
    refused(read_mnist(bomb, labels), &["3920 bytes", "more bytes"]);
}
