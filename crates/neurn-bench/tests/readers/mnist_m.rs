//! MNIST-M, ready-made or made here of digits and photographs.

use std::fs;

use neurn_bench::data::digits::Split;
use neurn_bench::data::mnist_m::Photographs;
use neurn_bench::data::{self, DataError, ImageSet, Values, mnist_m};

use crate::files::{gz, idx, images, noise, photograph};
use crate::mnist::small_mnist;
use crate::{Folder, bytes, refused};

pub fn read_mnist_m(images: Vec<u8>, labels: Vec<u8>) -> Result<ImageSet, DataError> {
    let folder = Folder::new(&[
        ("mnist_m_test-images-idx4-ubyte.gz", images),
        ("mnist_m_test-labels-idx1-ubyte.gz", labels),
    ]);
    mnist_m::ready_made(folder.path(), Split::Test)
}

fn some_digits(count: usize) -> ImageSet {
    let pixels = (0..count * 784)
        .map(|i| if i % 5 == 0 { 255 } else { (i % 3) as u8 })
        .collect();
    let labels = (0..count).map(|i| (i % 10) as u8).collect();
    ImageSet::new(Values::U8(pixels), labels, [1, 28, 28])
}

#[test]
fn mnist_m_ready_made() {
    for side in [28, 32] {
        let area = side * side;
        let values = images(2, 3 * area);
        let set = read_mnist_m(
            gz(&idx(0x804, &[2, side as u32, side as u32, 3], &values)),
            gz(&idx(0x801, &[2], &[8, 2])),
        )
        .unwrap();
        assert_eq!((set.shape(), set.labels()), ([3, side, side], &[8, 2][..]));
        for (channel, starts) in [[0, 3, 6, 9], [1, 4, 7, 10], [2, 5, 8, 11]]
            .into_iter()
            .enumerate()
        {
            assert_eq!(bytes(&set)[channel * area..][..4], starts);
        }
        for image in 0..2 {
            for channel in 0..3 {
                for pixel in 0..area {
                    let at = (3 * image + channel) * area + pixel;
                    let stored = 3 * (image * area + pixel) + channel;
                    assert_eq!(bytes(&set)[at], values[stored]);
                }
            }
        }
    }
}

#[test]
fn mnist_m_of_a_wrong_side() {
    for [height, width] in [[28, 32], [32, 28], [30, 30], [1, 1024]] {
        let values = images(1, 3 * height * width);
        let sizes = [1, height as u32, width as u32, 3];
        refused(
            read_mnist_m(idx(0x804, &sizes, &values), idx(0x801, &[1], &[8])),
            &[
                "mnist_m_test-images-idx4-ubyte",
                "images of 28x28 or 32x32 pixels",
                &format!("found {width}x{height}"),
            ],
        );
    }
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
    let made = data::read(folder.path(), "mnist-m").unwrap();
    assert_eq!(
        (made.name.as_str(), made.train.shape()),
        ("mnist-m", [3, 28, 28])
    );
    assert_eq!(
        (made.train.labels(), made.test.labels()),
        (&[4; 3][..], &[4; 2][..])
    );
    assert_ne!(
        made.train.image(0).unwrap(),
        made.test.image(0).unwrap(),
        "parts are drawn separately"
    );

    let ready = folder.path().join("mnist_m");
    fs::create_dir(&ready).unwrap();
    fs::write(
        ready.join("mnist_m_test-images-idx4-ubyte"),
        idx(0x804, &[1, 32, 32, 3], &images(1, 3 * 1024)),
    )
    .unwrap();
    refused(
        data::read(folder.path(), "mnist-m"),
        &["mnist_m_test-labels-idx1-ubyte"],
    );
    fs::write(
        ready.join("mnist_m_test-labels-idx1-ubyte"),
        idx(0x801, &[1], &[6]),
    )
    .unwrap();
    let ready = data::read(folder.path(), "mnist-m").unwrap();
    assert_eq!((ready.train, ready.test.labels()), (made.train, &[6][..]));
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
    refused(data::read(folder.path(), "mnist-m"), &says);

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
