//! Any picture in, its NeuRN map out.

use std::path::Path;
use std::process::Output;

use image::{Rgb, RgbImage};

use crate::{example, refused};

fn run(arguments: &[&str], input: &Path, output: &Path) -> Output {
    let mut command = example("neurn_image");
    command
        .args(arguments)
        .arg(input)
        .arg(output)
        .output()
        .unwrap()
}

/// Black at the left, dark red at the right.
fn edge() -> RgbImage {
    RgbImage::from_fn(8, 6, |x, _| Rgb([if x < 4 { 0 } else { 90 }, 0, 0]))
}

#[test]
fn an_edge_becomes_a_bright_line() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.png"), folder.path().join("out.png"));
    edge().save(&input).unwrap();
    assert!(run(&[], &input, &output).status.success());
    let map = image::open(&output).unwrap().into_rgb8();
    for (x, _, pixel) in map.enumerate_pixels() {
        let red = if x == 3 || x == 4 { 255 } else { 0 };
        assert_eq!(pixel.0, [red, 0, 0], "column {x}");
    }
    assert!(
        run(&["--beside", "--k", "5", "--per-channel"], &input, &output)
            .status
            .success()
    );
    assert_eq!(
        image::open(&output).unwrap().into_rgb8().dimensions(),
        (16, 6)
    );
}

/// The edge's deviation is 90 / 255 sqrt(2) / 3 = 0.17.
#[test]
fn below_the_noise_floor_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.png"), folder.path().join("out.png"));
    edge().save(&input).unwrap();
    for (floor, brightest) in [("0.1", 255), ("0.2", 0)] {
        assert!(
            run(&["--noise-floor", floor], &input, &output)
                .status
                .success()
        );
        let map = image::open(&output).unwrap().into_rgb8();
        assert_eq!(map.iter().copied().max(), Some(brightest), "{floor}");
    }
}

#[test]
fn what_is_no_picture_or_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    edge().save(path("in.png")).unwrap();
    let png = std::fs::read(path("in.png")).unwrap();
    std::fs::write(path("half.png"), &png[..png.len() / 2]).unwrap();
    std::fs::write(path("text.png"), "not a picture").unwrap();

    refused(
        &run(&[], &path("missing.png"), &path("out.png")),
        1,
        &["missing.png"],
    );
    refused(
        &run(&[], &path("half.png"), &path("out.png")),
        1,
        &["half.png"],
    );
    refused(
        &run(&[], &path("text.png"), &path("out.png")),
        1,
        &["text.png"],
    );
    refused(
        &run(&[], folder.path(), &path("out.png")),
        1,
        &[folder.path().to_str().unwrap()],
    );
    assert!(!path("out.png").exists());
    refused(
        &run(&[], &path("in.png"), &path("no/out.png")),
        1,
        &["no/out.png"],
    );
    refused(
        &run(&[], &path("in.png"), &path("out.xyz")),
        1,
        &["out.xyz"],
    );
    refused(
        &run(&["--k", "4"], &path("in.png"), &path("out.png")),
        2,
        &["odd"],
    );
    refused(
        &run(&["--k", "15"], &path("in.png"), &path("out.png")),
        2,
        &["--k 15", "side is 6"],
    );
    refused(
        &run(&["--quantile", "0"], &path("in.png"), &path("out.png")),
        2,
        &["above 0"],
    );
    refused(
        &run(&["--noise-floor", "-1"], &path("in.png"), &path("out.png")),
        2,
        &["--noise-floor"],
    );
}
