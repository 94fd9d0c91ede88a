//! The picture of neurn-core's README.

use std::path::Path;

use crate::{example, refused};

/// Another device may round a value to the next grey level.
#[test]
fn the_picture_is_the_one_in_the_package() {
    let folder = tempfile::tempdir().unwrap();
    let drawn = folder.path().join("drawn.png");
    assert!(
        example("noise_floor")
            .arg(&drawn)
            .status()
            .unwrap()
            .success()
    );
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../neurn-core");
    let kept = image::open(package.join("images/noise_floor.png")).unwrap();
    let (drawn, kept) = (image::open(&drawn).unwrap().into_luma8(), kept.into_luma8());
    assert_eq!(drawn.dimensions(), kept.dimensions());
    for (drawn, kept) in drawn.iter().zip(kept.iter()) {
        assert!(drawn.abs_diff(*kept) <= 1);
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let output = example("noise_floor").arg("nowhere/picture.png").output();
    refused(&output.unwrap(), 1, &["nowhere/picture.png"]);
}
