//! Any picture in, its NeuRN map out.

use std::path::Path;
use std::process::Output;

use image::{Rgb, RgbImage};

use crate::{example, refused};

/// Formats that are read and written.
const ENDINGS: [&str; 7] = ["png", "jpg", "bmp", "ppm", "gif", "webp", "tiff"];

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
        &run(&["--noise-floor=-1"], &path("in.png"), &path("out.png")),
        2,
        &["--noise-floor"],
    );
}

/// 48 x 40 pixels that no format makes small.
fn noise() -> RgbImage {
    let mut state = 1_u32;
    RgbImage::from_fn(48, 40, |_, _| {
        Rgb([0; 3].map(|_: u8| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }))
    })
}

/// What is in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

/// A file that may become no larger than a block stands for a full disk.
#[cfg(unix)]
#[test]
fn on_a_full_disk_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for ending in ENDINGS {
        let picture = path(&format!("picture.{ending}"));
        noise().save(&picture).unwrap();
        let before = std::fs::read(&picture).unwrap();
        let limited = "ulimit -f 1; trap '' XFSZ; exec \"$@\"";
        let mut shell = std::process::Command::new("sh");
        let run = shell.args(["-c", limited, "sh"]);
        let run = run.arg(example("neurn_image").get_program());
        // The map is put in the place of the picture itself.
        let output = run.arg(&picture).arg(&picture).output().unwrap();
        refused(&output, 1, &[picture.to_str().unwrap(), "large"]);
        assert_eq!(std::fs::read(&picture).unwrap(), before, "{ending}");
        assert_eq!(names(folder.path()), [format!("picture.{ending}")]);
        std::fs::remove_file(&picture).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_that_is_full_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.png");
    edge().save(&input).unwrap();
    for ending in ENDINGS {
        let full = folder.path().join(format!("full.{ending}"));
        std::os::unix::fs::symlink("/dev/full", &full).unwrap();
        refused(
            &run(&[], &input, &full),
            1,
            &[full.to_str().unwrap(), "space"],
        );
        let null = folder.path().join(format!("null.{ending}"));
        std::os::unix::fs::symlink("/dev/null", &null).unwrap();
        assert!(run(&[], &input, &null).status.success());
        assert!(null.is_symlink() && full.is_symlink());
    }
    assert_eq!(names(folder.path()).len(), 1 + 2 * ENDINGS.len());
}

/// WebP has sides of at most 16,383 pixels.
#[test]
fn a_map_that_cannot_be_encoded_leaves_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("picture.webp");
    let wide = RgbImage::new(16_000, 2);
    wide.save(&picture).unwrap();
    let before = std::fs::read(&picture).unwrap();
    let output = run(&["--beside"], &picture, &picture);
    refused(&output, 1, &["picture.webp"]);
    assert_eq!(std::fs::read(&picture).unwrap(), before);
    assert_eq!(names(folder.path()), ["picture.webp"]);
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    edge().save(path("in.png")).unwrap();
    std::fs::write(path("file.png"), "before").unwrap();
    std::os::unix::fs::symlink("file.png", path("link.png")).unwrap();
    assert!(
        run(&[], &path("in.png"), &path("link.png"))
            .status
            .success()
    );
    assert!(path("link.png").is_symlink());
    assert_eq!(
        image::open(path("file.png")).unwrap().into_rgb8().width(),
        8
    );
}

#[test]
fn a_picture_that_is_cut_off_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ENDINGS {
        let whole = folder.path().join(format!("whole.{ending}"));
        noise().save(&whole).unwrap();
        let bytes = std::fs::read(&whole).unwrap();
        let out = folder.path().join("out.png");
        assert!(run(&[], &whole, &out).status.success(), "{ending}");
        std::fs::remove_file(&out).unwrap();
        for percent in [30, 50, 80, 95] {
            let name = format!("cut-{percent}.{ending}");
            let cut = folder.path().join(&name);
            std::fs::write(&cut, &bytes[..bytes.len() * percent / 100]).unwrap();
            refused(&run(&[], &cut, &out), 1, &[&name]);
            assert!(!out.exists(), "{name}");
        }
    }
}

/// A preview has an end too, inside of what a camera notes.
#[test]
fn the_end_of_a_preview_is_not_that_of_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    noise().save(path("plain.jpg")).unwrap();
    let plain = std::fs::read(path("plain.jpg")).unwrap();
    // The marker of the start, a note of 6 bytes, and the rest.
    let note = b"\xff\xe5\x00\x08\xff\xd9\xff\xd9\xff\xd9";
    let whole = [&plain[..2], note, &plain[2..]].concat();
    std::fs::write(path("noted.jpg"), &whole).unwrap();
    let out = path("out.png");
    assert!(run(&[], &path("noted.jpg"), &out).status.success());
    std::fs::write(path("cut.jpg"), &whole[..whole.len() / 2]).unwrap();
    refused(&run(&[], &path("cut.jpg"), &out), 1, &["cut.jpg", "end"]);
}

/// Of a picture that is too large nothing but its size is read: these have no
/// more.
#[test]
fn the_size_is_known_before_the_picture_is_decoded() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.png");
    let input = folder.path().join("in.pgm");
    for (header, code, says) in [
        ("P5\n22000 22000\n255\n", 2, "takes 82 GiB; at most 8 do"),
        ("P5\n4000000000 3\n255\n", 2, "at most 8 do"),
        ("P5\n0 0\n255\n", 1, "at least one pixel, found 0x0"),
        ("P5\n0 7\n255\n", 1, "at least one pixel, found 0x7"),
    ] {
        std::fs::write(&input, header).unwrap();
        refused(&run(&[], &input, &out), code, &["in.pgm", says]);
    }
    // BMP: 14 bytes of a file, 40 of a picture of 0 x 0 in 24 bits.
    let mut bmp = [0; 54];
    bmp[..2].copy_from_slice(b"BM");
    (bmp[2], bmp[10], bmp[14], bmp[26], bmp[28]) = (54, 54, 40, 1, 24);
    std::fs::write(&input, bmp).unwrap();
    refused(&run(&[], &input, &out), 1, &["in.pgm"]);
}

#[cfg(unix)]
#[test]
fn only_files_of_some_size_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.png");
    refused(&run(&[], Path::new("/dev/zero"), &out), 1, &["/dev/zero"]);
    let pipe = folder.path().join("pipe.png");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    refused(
        &run(&[], &pipe, &out),
        1,
        &["pipe.png", "a device or a pipe"],
    );
    let large = folder.path().join("large.png");
    let file = std::fs::File::create(&large).unwrap();
    file.set_len(600 << 20).unwrap();
    refused(
        &run(&[], &large, &out),
        1,
        &["large.png", "512 MiB, found 600"],
    );
}
