//! Random wrong bytes in every kind of file.

use neurn_bench::data::mnist_m::Photographs;
use proptest::prelude::*;

use crate::Folder;
use crate::files::{Hdf5, bz2, gz, images, mat, matrix, noise, packed};
use crate::mnist::{read_mnist, small_mnist};
use crate::svhn::{read_svhn, small_svhn};
use crate::usps::{read_h5, read_usps, zip_line};

fn flipped(mut bytes: Vec<u8>, flips: &[(usize, u8)]) -> Vec<u8> {
    for &(place, value) in flips {
        let place = place % bytes.len();
        bytes[place] ^= value;
    }
    bytes
}

/// Half of them where headers are.
fn flips() -> impl Strategy<Value = Vec<(usize, u8)>> {
    let place = prop_oneof![0..256_usize, any::<usize>()];
    prop::collection::vec((place, 1..=u8::MAX), 1..6)
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
        let plain = matrix("X", &[32, 32, 3, 1], &images(1, 32 * 32 * 3));
        let y = matrix("y", &[1, 1], &[10]);
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
