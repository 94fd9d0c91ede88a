//! What is not there: folders without files, files without bytes.

use std::fs;

use neurn_bench::data::{self, DataError, usps};

use crate::mnist::read_mnist;
use crate::svhn::read_svhn;
use crate::usps::{read_libsvm, read_zip};
use crate::{Folder, refused};

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
        let result = data::read(folder.path(), name);
        assert!(matches!(result, Err(DataError::Missing { .. })), "{name}");
        refused(result, &says);
        let _ = fs::create_dir(folder.path().join(name));
        refused(data::read(folder.path(), name), &says);
    }
    refused(
        data::read(folder.path(), "emnist"),
        &["mnist, svhn, usps or mnist-m", "`emnist`"],
    );
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
            data::read(folder.path(), name),
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
