//! Folders of pictures: their forms, their faults, and how much is decoded.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use image::codecs::gif::GifEncoder;
use image::{Frame, ImageBuffer, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use neurn_bench::data::{
    self, Budget, DataError, Domain, DomainSource, ImageSet, Shares, SplitRule,
};

use crate::pictures::{cmyk, encoded, huge, jpeg, picture, png, turned};
use crate::{Folder, refused};

const SIDE: usize = 16;

fn source(path: &Path) -> DomainSource {
    DomainSource {
        name: "pets".to_string(),
        path: path.to_path_buf(),
        split: None,
        classes: None,
    }
}

fn read(folder: &Folder) -> Result<Domain, DataError> {
    source(folder.path()).read(SIDE, &Budget::default())
}

/// `count` pictures in each of these folders, of `SIDE` x `SIDE`.
fn pets(folders: &[&str], count: usize) -> Folder {
    let mut files = Vec::new();
    for (class, folder) in folders.iter().enumerate() {
        for number in 0..count {
            let shade = (40 * class + number) as u8;
            let bytes = png(picture(SIDE as u32, SIDE as u32, shade));
            files.push((format!("{folder}/{number}.png"), bytes));
        }
    }
    let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(n, b)| (&n[..], b.clone())).collect();
    Folder::new(&files)
}

fn add(folder: &Folder, name: &str, bytes: &[u8]) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The shade of every image of a set, by which the picture is known.
fn shades(set: &ImageSet) -> Vec<u8> {
    let shade = |index| (255.0 * set.image(index).unwrap()[0]).round() as u8;
    (0..set.labels().len()).map(shade).collect()
}

fn split_shades(domain: &Domain) -> [Vec<u8>; 3] {
    let validation = domain.validation.as_ref();
    [
        shades(&domain.train),
        validation.map(shades).unwrap_or_default(),
        shades(&domain.test),
    ]
}

#[test]
fn classes_by_name_and_splits_by_a_seed() {
    let folder = pets(&["dog", "cat", "Bird"], 10);
    add(&folder, "readme.txt", b"");
    add(&folder, ".hidden/1.png", b"");
    add(&folder, "dog/.1.png", b"");
    add(&folder, "dog/Thumbs.db", b"");
    let domain = read(&folder).unwrap();
    assert_eq!((domain.name.as_str(), domain.synthetic()), ("pets", false));
    assert_eq!(domain.classes, ["Bird", "cat", "dog"]);
    let validation = domain.validation.as_ref().unwrap();
    for (set, count) in [(&domain.train, 8), (validation, 1), (&domain.test, 1)] {
        assert_eq!(set.class_counts(), [count; 3]);
        assert_eq!(set.shape(), [3, SIDE, SIDE]);
        // Dogs have shades of 0 to 9, cats of 40 to 49, birds of 80 to 89.
        for (shade, &label) in shades(set).into_iter().zip(set.labels()) {
            assert_eq!(2 - shade / 40, label as u8);
        }
    }
    // Every picture once.
    let all: BTreeSet<u8> = split_shades(&domain).concat().into_iter().collect();
    assert_eq!(all.len(), 30);
    // No class first: the first images of a split are of several.
    let first: BTreeSet<u16> = domain.train.labels()[..8].iter().copied().collect();
    assert!(first.len() > 1, "{first:?}");

    // In another place, written in another order: the same.
    let other = pets(&["dog", "cat", "Bird"], 0);
    for name in ["Bird", "dog", "cat"] {
        for number in (0..10).rev() {
            let name = format!("{name}/{number}.png");
            add(&other, &name, &fs::read(folder.path().join(&name)).unwrap());
        }
    }
    let other = read(&other).unwrap();
    assert_eq!(split_shades(&other), split_shades(&domain));
    assert_eq!(other.train.fingerprint(), domain.train.fingerprint());
    // Another seed draws others, and other shares as many as they say.
    let drawn = |shares| {
        let rule = Some(SplitRule::Drawn(shares));
        DomainSource {
            split: rule,
            ..source(folder.path())
        }
        .read(SIDE, &Budget::default())
        .unwrap()
    };
    let seeded = drawn(Shares {
        seed: 1,
        ..Shares::default()
    });
    assert_ne!(split_shades(&seeded), split_shades(&domain));
    let half = drawn(Shares {
        train: 0.5,
        validation: 0.0,
        seed: 0,
    });
    assert!(half.validation.is_none());
    assert_eq!(half.test.class_counts(), [5; 3]);
}

#[test]
fn splits_that_the_folder_has() {
    for validation in [None, Some("val"), Some("valid"), Some("validation")] {
        let mut folders = vec!["train/cat", "train/dog", "test/cat", "test/dog"];
        let both = validation.map(|name| ["cat", "dog"].map(|class| format!("{name}/{class}")));
        folders.extend(both.iter().flatten().map(String::as_str));
        let folder = pets(&folders, 2);
        let domain = read(&folder).unwrap();
        assert_eq!(domain.classes, ["cat", "dog"]);
        let mut splits = split_shades(&domain);
        splits.iter_mut().for_each(|split| split.sort());
        let expected = if validation.is_some() {
            vec![160, 161, 200, 201]
        } else {
            vec![]
        };
        assert_eq!(
            splits,
            [vec![0, 1, 40, 41], expected, vec![80, 81, 120, 121]]
        );
    }
    // A class may be called so.
    let classes = read(&pets(&["train", "test", "tram"], 3)).unwrap().classes;
    assert_eq!(classes, ["test", "train", "tram"]);

    let own = |folder: &Folder| {
        let split = Some(SplitRule::Own);
        DomainSource {
            split,
            ..source(folder.path())
        }
        .read(SIDE, &Budget::default())
    };
    refused(own(&pets(&["cat", "dog"], 3)), &["no folder `train`"]);
    let folder = pets(
        &[
            "train/cat",
            "train/dog",
            "train/owl",
            "test/cat",
            "test/emu",
        ],
        1,
    );
    refused(
        read(&folder),
        &["only `train` has `dog`, `owl`; only `test` has `emu`"],
    );
}

#[test]
fn chosen_classes() {
    let folder = pets(&["dog", "cat", "bird"], 3);
    let choose = |classes: &[&str]| {
        let classes = Some(classes.iter().map(|class| class.to_string()).collect());
        DomainSource {
            classes,
            ..source(folder.path())
        }
        .read(SIDE, &Budget::default())
    };
    let domain = choose(&["dog", "bird"]).unwrap();
    assert_eq!(domain.classes, ["dog", "bird"]);
    assert_eq!(domain.train.class_counts(), [1, 1]);
    refused(choose(&["dog", "emu"]), &["the class `emu`", "found none"]);
    refused(choose(&["dog"]), &["at least two", "found 1"]);
    refused(choose(&["dog", "dog"]), &["chosen twice", "`dog`"]);
}

#[test]
fn folders_of_another_form() {
    let missing = source("no/such/folder".as_ref());
    let error = missing.read(SIDE, &Budget::default()).unwrap_err();
    assert!(error.to_string().contains("no/such/folder"), "{error}");
    refused(
        read(&Folder::new(&[])),
        &["at least two folders", "found 0"],
    );
    refused(
        read(&pets(&["cat"], 3)),
        &["at least two folders", "found 1"],
    );
    let folder = pets(&["cat", "dog"], 3);
    fs::create_dir(folder.path().join("owl")).unwrap();
    refused(read(&folder), &["owl", "pictures of the class `owl`"]);
    let folder = pets(&["cat", "dog"], 3);
    add(&folder, "owl/notes.txt", b"none yet");
    refused(read(&folder), &["pictures of the class `owl`"]);
    refused(
        read(&pets(&["cat", "Cat", "dog"], 3)),
        &["upper and lower case", "`Cat` and `cat`"],
    );
    refused(
        read(&pets(&["cat", "dog"], 2)),
        &["at least three pictures"],
    );
    let file = source(&folder.path().join("owl/notes.txt"));
    let error = file.read(SIDE, &Budget::default()).unwrap_err();
    assert!(error.to_string().contains("notes.txt"), "{error}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_not_in_circles() {
    use std::os::unix::fs::symlink;
    let elsewhere = pets(&["owl"], 3);
    let folder = pets(&["cat", "dog"], 3);
    symlink(elsewhere.path().join("owl"), folder.path().join("owl")).unwrap();
    assert_eq!(read(&folder).unwrap().classes, ["cat", "dog", "owl"]);
    // Folders in a class belong to it.
    add(&folder, "cat/more/and/more.png", &png(picture(3, 3, 1)));
    let domain = read(&folder).unwrap();
    assert_eq!(domain.train.labels().len(), 4);

    for (link, to) in [
        ("cat/back", "."),
        ("cat/self", "cat"),
        ("cat/other", "dog"),
        ("zoo", "."),
    ] {
        let link = folder.path().join(link);
        symlink(folder.path().join(to).canonicalize().unwrap(), &link).unwrap();
        refused(read(&folder), &["read already"]);
        fs::remove_file(&link).unwrap();
    }
    for (link, to) in [("cat/4.png", "4.png"), ("cat/5.png", "gone.png")] {
        let link = folder.path().join(link);
        symlink(to, &link).unwrap();
        let error = read(&folder).unwrap_err().to_string();
        assert!(error.contains(link.to_str().unwrap()), "{error}");
        fs::remove_file(&link).unwrap();
    }
    // Endless, and a folder by the name of a picture.
    symlink("/dev/zero", folder.path().join("cat/6.png")).unwrap();
    refused(read(&folder), &["cat/6.png", "expected a file"]);
    fs::remove_file(folder.path().join("cat/6.png")).unwrap();
    fs::create_dir(folder.path().join("cat/7.png")).unwrap();
    assert!(read(&folder).is_ok());
}

/// What a viewer shows of these bytes, in the place of a picture in a folder.
fn shown(name: &str, bytes: &[u8], side: usize) -> Result<Vec<u8>, DataError> {
    let folder = pets(&["cat", "dog"], 0);
    for class in ["cat", "dog"] {
        for copy in ["a", "b", "c"] {
            add(&folder, &format!("{class}/{copy}{name}"), bytes);
        }
    }
    let domain = source(folder.path()).read(side, &Budget::default())?;
    let values = domain.test.image(0)?.into_iter();
    Ok(values.map(|value| (255.0 * value).round() as u8).collect())
}

/// RGB after RGB.
fn planes(picture: &RgbImage) -> Vec<u8> {
    let channel = |channel: usize| picture.pixels().map(move |pixel| pixel.0[channel]);
    (0..3).flat_map(channel).collect()
}

#[test]
fn every_format_whatever_its_name() {
    let original = picture(8, 8, 77);
    for (ending, format) in [
        ("png", ImageFormat::Png),
        ("bmp", ImageFormat::Bmp),
        ("webp", ImageFormat::WebP),
        ("tif", ImageFormat::Tiff),
        ("TIFF", ImageFormat::Tiff),
        ("ppm", ImageFormat::Pnm),
        ("JPEG", ImageFormat::Png),
        ("jpg", ImageFormat::Bmp),
    ] {
        let bytes = encoded(original.clone(), format);
        let name = format!(".{ending}");
        assert_eq!(
            shown(&name, &bytes, 8).unwrap(),
            planes(&original),
            "{ending}"
        );
        // Cut off.
        for part in [2, 3, 10] {
            let cut = &bytes[..bytes.len() - bytes.len() / part];
            refused(shown(&name, cut, 8), &[ending, "a picture"]);
        }
    }
    let grey = ImageBuffer::from_fn(8, 8, |x, y| Luma([(9 * x + y) as u8]));
    let expected: Vec<u8> = grey.as_raw().repeat(3);
    let bytes = encoded(grey.clone(), ImageFormat::Pnm);
    assert_eq!(shown(".pgm", &bytes, 8).unwrap(), expected);
    assert_eq!(shown(".png", &png(grey), 8).unwrap(), expected);
}

#[test]
fn pictures_as_a_viewer_shows_them() {
    // 16 bits.
    let deep = ImageBuffer::from_fn(8, 8, |x, y| {
        Rgb([x, y, x + y].map(|value| 257 * (9 * value) as u16))
    });
    let expected = RgbImage::from_fn(8, 8, |x, y| Rgb([x, y, x + y].map(|v| 9 * v as u8)));
    assert_eq!(shown(".png", &png(deep), 8).unwrap(), planes(&expected));
    // Transparent: white shows through.
    let glass = RgbaImage::from_fn(8, 8, |x, _| Rgba([200, 0, 100, (36 * x) as u8]));
    let expected = RgbImage::from_fn(8, 8, |x, _| {
        let alpha = f64::from(36 * x) / 255.0;
        Rgb([200.0, 0.0, 100.0].map(|v| (v * alpha + 255.0 * (1.0 - alpha)).round() as u8))
    });
    assert_eq!(shown(".png", &png(glass), 8).unwrap(), planes(&expected));
    // Cyan, and a mixture; a viewer turns ink i over black k to (1 - i)(1 - k).
    for (inks, colour) in [
        ([255, 0, 0, 0], [0, 255, 255]),
        ([0, 0, 0, 255], [0, 0, 0]),
        ([0, 128, 255, 0], [255, 127, 0]),
        ([51, 0, 0, 102], [122, 153, 153]),
    ] {
        let found = shown(".jpg", &cmyk(inks), 8).unwrap();
        for (channel, expected) in colour.into_iter().enumerate() {
            let value = found[64 * channel + 9];
            assert!(
                value.abs_diff(expected) <= 1,
                "{inks:?}: {value} for {expected}"
            );
        }
    }
    // The first frame of an animation.
    let mut gif = Vec::new();
    let frames = [[250, 0, 0, 255], [0, 0, 250, 255]]
        .map(|colour| Frame::new(RgbaImage::from_pixel(8, 8, Rgba(colour))));
    GifEncoder::new(&mut gif).encode_frames(frames).unwrap();
    let red = RgbImage::from_pixel(8, 8, Rgb([250, 0, 0]));
    assert_eq!(shown(".gif", &gif, 8).unwrap(), planes(&red));
    // A quarter turn clockwise: left becomes top.
    let halves = RgbImage::from_fn(16, 16, |x, _| Rgb([if x < 8 { 250 } else { 5 }; 3]));
    let upright = shown(".jpg", &turned(&halves, 1), 16).unwrap();
    let turned = shown(".jpg", &turned(&halves, 6), 16).unwrap();
    for (place, &value) in turned[..256].iter().enumerate() {
        let (row, column) = (place / 16, place % 16);
        assert_eq!(value, upright[16 * (15 - column) + row]);
        assert!(
            value.abs_diff(if row < 8 { 250 } else { 5 }) < 20,
            "{value}"
        );
    }
}

/// Shrunk, all of a picture counts: stripes finer than the new pixels are grey.
#[test]
fn pictures_are_resized_with_antialiasing() {
    let stripes = RgbImage::from_fn(64, 48, |x, _| Rgb([if x % 2 == 0 { 0 } else { 254 }; 3]));
    let found = shown(".png", &png(stripes), 8).unwrap();
    // But for the two columns at the sides, where the filter is cut off.
    for (place, &value) in found.iter().enumerate() {
        if !matches!(place % 8, 0 | 7) {
            assert!(value.abs_diff(127) <= 1, "{value}");
        }
    }
    let flat = RgbImage::from_pixel(37, 19, Rgb([12, 200, 255]));
    let expected = RgbImage::from_pixel(8, 8, Rgb([12, 200, 255]));
    assert_eq!(shown(".png", &png(flat), 8).unwrap(), planes(&expected));
}

#[test]
fn pictures_that_are_none() {
    for (name, bytes) in huge() {
        refused(shown(name, &bytes, 8), &[name, "20000x20000", "at most"]);
    }
    let whole = jpeg(&picture(64, 64, 7));
    for part in [1, 3, 5, 7, 9] {
        let cut = &whole[..whole.len() * part / 10];
        refused(shown(".jpg", cut, 8), &[".jpg", "cut off"]);
    }
    assert!(shown(".jpg", &[&whole[..], b"more"].concat(), 8).is_ok());
    for (name, bytes) in [
        (".jpg", &b""[..]),
        (".png", b"no picture"),
        (".heic", b"\0\0\0\x18ftypheic"),
        (".avif", b"\0\0\0\x18ftypavif"),
        (".ppm", b"P6\n0 5\n255\n"),
        (".png", b"\x89PNG\r\n\x1a\n"),
    ] {
        refused(shown(name, bytes, 8), &[name]);
    }
}

/// Nothing but what the budget allows is kept, and the images are the same.
#[test]
fn memory_has_a_bound() {
    let folder = pets(&["cat", "dog", "owl"], 10);
    let picture = 3 * SIDE * SIDE;
    let open = |budget: &Budget| source(folder.path()).read(SIDE, budget).unwrap();
    let all = Budget::default();
    let domain = open(&all);
    let expected = split_shades(&domain);
    assert_eq!((all.kept(), all.decoded()), (30 * picture, 30));
    for room in [0, picture - 1, 7 * picture + 5] {
        let budget = Budget::new(room);
        let some = open(&budget);
        let kept = room / picture;
        assert_eq!((budget.kept(), budget.decoded()), (kept * picture, 30));
        for round in 1..=3 {
            assert_eq!(split_shades(&some), expected);
            let decoded = 30 + round * (30 - kept);
            assert_eq!((budget.kept(), budget.decoded()), (kept * picture, decoded));
        }
        assert_eq!(some.train, domain.train);
        // One budget serves several domains, and has its room back in the end.
        let other = open(&budget);
        assert_eq!(budget.kept(), kept * picture);
        drop(other);
        drop(some);
        assert_eq!(budget.kept(), 0);
    }
}

#[test]
fn a_picture_that_changes_is_told_of() {
    let folder = pets(&["cat", "dog"], 3);
    let domain = source(folder.path()).read(SIDE, &Budget::new(0)).unwrap();
    let fingerprint = domain.train.fingerprint().to_string();
    for name in ["cat", "dog"] {
        for number in 0..3 {
            add(
                &folder,
                &format!("{name}/{number}.png"),
                &png(picture(16, 16, 99)),
            );
        }
    }
    refused(domain.train.image(0), &[".png", "found another"]);
    assert_ne!(read(&folder).unwrap().train.fingerprint(), fingerprint);
    // Nor is another name, or another class of the same name, the same.
    fs::rename(folder.path().join("cat"), folder.path().join("cow")).unwrap();
    let cows = read(&folder).unwrap();
    fs::rename(folder.path().join("cow"), folder.path().join("cat")).unwrap();
    assert_ne!(
        read(&folder).unwrap().test.fingerprint(),
        cows.test.fingerprint()
    );
}

#[test]
fn suites() {
    let folder = pets(&["a/cat", "a/dog", "b/cat", "b/dog"], 4);
    let path = folder.path().join("pets.toml");
    let read = |text: &str| {
        fs::write(&path, text).unwrap();
        data::suite::read(&path)
    };
    let text = "image_size = 24\nsplit = { seed = 5 }\n\
        [[domains]]\nname = \"one\"\npath = \"a\"\nsplit = { train = 0.5 }\n\
        [[domains]]\nname = \"two\"\npath = \"b\"\nclasses = [\"dog\", \"cat\"]\n";
    let suite = read(text).unwrap();
    assert_eq!(suite.image_size, Some(24));
    let [one, two] = &suite.domains[..] else {
        panic!("{suite:?}")
    };
    assert_eq!(one.path, folder.path().join("a"));
    let shares = |train, seed| {
        Some(SplitRule::Drawn(Shares {
            train,
            validation: 0.1,
            seed,
        }))
    };
    assert_eq!((one.split, two.split), (shares(0.5, 0), shares(0.8, 5)));
    let [one, two] = [one, two].map(|source| source.read(24, &Budget::default()).unwrap());
    assert_eq!((one.name.as_str(), one.train.shape()), ("one", [3, 24, 24]));
    let error = data::agree(&[&one, &two]).unwrap_err().to_string();
    assert!(
        error.contains("`one` and `two`") && error.contains("order"),
        "{error}"
    );
    assert_eq!(data::agree(&[&one, &one]).unwrap(), ["cat", "dog"]);

    let domain = "[[domains]]\nname = \"a\"\npath = \"a\"\n";
    for (text, says) in [
        ("", "missing field `domains`"),
        ("domains = []", "at least one domain"),
        ("domains = 3", "sequence"),
        (&format!("size = 3\n{domain}"), "unknown field `size`"),
        (&format!("image_size = 0\n{domain}"), "found 0"),
        (&format!("image_size = 100000\n{domain}"), "found 100000"),
        (&format!("{domain}{domain}"), "two named `a`"),
        (&domain.replace("\"a\"\np", "\"a+b\"\np"), "found `a+b`"),
        (&domain.replace("path = \"a\"", ""), "missing field `path`"),
        (&format!("{domain}split = \"mine\""), "expected \"own\""),
        (&format!("{domain}split = {{ train = 2 }}"), "below 1"),
    ] {
        refused(read(text), &["pets.toml", says]);
    }
    let error = data::suite::read(&folder.path().join("no.toml")).unwrap_err();
    assert!(error.to_string().contains("no.toml"), "{error}");
    fs::write(&path, [0xff, 0xfe]).unwrap();
    refused(data::suite::read(&path), &["pets.toml", "a suite"]);
}

#[test]
fn domains_by_name_and_folder() {
    let art = data::named("art-1=a/b=c").unwrap();
    assert_eq!(
        (art.name.as_str(), art.path.to_str()),
        ("art-1", Some("a/b=c"))
    );
    for wrong in [
        "",
        "=",
        "a",
        "a=",
        "=a",
        "a b=c",
        "a/b=c",
        "a+b=c",
        &format!("{}=a", "n".repeat(65)),
    ] {
        refused(data::named(wrong), &["NAME=PATH", &format!("`{wrong}`")]);
    }
}

#[test]
fn classes_that_differ_are_named() {
    let [one, two] = [["cat", "dog", "owl"], ["cat", "emu", "owl"]]
        .map(|classes| read(&pets(&classes, 3)).unwrap());
    let mut other = two;
    other.name = "zoo".to_string();
    let error = data::agree(&[&one, &other]).unwrap_err().to_string();
    assert!(
        error.contains("only `pets` has `dog`; only `zoo` has `emu`"),
        "{error}"
    );
    let mut many = other;
    many.classes = (0..30).map(|number| format!("class {number}")).collect();
    let error = data::agree(&[&one, &many]).unwrap_err().to_string();
    assert!(error.contains("`class 7` and 22 more"), "{error}");
    refused(data::agree(&[]), &["at least one domain"]);
}

#[test]
fn real_photographs() {
    let Some(root) = std::env::var_os("NEURN_DATA") else {
        println!("not run: NEURN_DATA names no folder");
        return;
    };
    let pacs = Path::new(&root).join("pacs");
    let budget = Budget::default();
    let mut domains = Vec::new();
    for (name, count) in [("art_painting", 2048), ("cartoon", 2344), ("photo", 1670)] {
        let domain = DomainSource {
            name: name.to_string(),
            ..source(&pacs.join(name))
        }
        .read(128, &budget)
        .unwrap();
        let sets = [
            Some(&domain.train),
            domain.validation.as_ref(),
            Some(&domain.test),
        ];
        let counts = sets.map(|set| set.unwrap().labels().len());
        assert_eq!(counts.iter().sum::<usize>(), count);
        // A class of n may be off by half a picture at each of two cuts.
        assert!(counts[0].abs_diff(count * 8 / 10) <= 7, "{counts:?}");
        assert!(counts[2].abs_diff(count / 10) <= 7, "{counts:?}");
        assert!(domain.test.class_counts().iter().all(|&count| count > 0));
        domains.push(domain);
    }
    let classes = data::agree(&domains.iter().collect::<Vec<_>>()).unwrap();
    assert_eq!(
        classes,
        [
            "dog", "elephant", "giraffe", "guitar", "horse", "house", "person"
        ]
    );
    assert_eq!(
        (budget.kept(), budget.decoded()),
        (6062 * 3 * 128 * 128, 6062)
    );
}
