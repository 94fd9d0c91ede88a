//! The real domains, where they are at hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use neurn_bench::data::mnist_m::Photographs;
use neurn_bench::data::{self, Domain, ImageSet, Values, mnist, mnist_m, usps};

use crate::usps::read_h5;
use crate::{Folder, bytes, floats, refused};

/// The folder with the real domains, if `NEURN_DATA` names one.
fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("NEURN_DATA").map(PathBuf::from);
    if folder.is_none() {
        println!("not run: NEURN_DATA names no folder");
    }
    folder
}

fn real(root: &Path, name: &str) -> Domain {
    let start = Instant::now();
    let domain = data::read(root, name).unwrap();
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
    match set.values().unwrap() {
        Values::U8(values) => {
            let sum: f64 = values.iter().map(|&value| f64::from(value)).sum();
            sum / 255.0 / values.len() as f64
        }
        Values::F32(values) => {
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
    for image in (0..4434).map(|index| domain.train.image(index).unwrap()) {
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
