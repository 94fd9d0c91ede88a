use super::*;

fn bytes(set: &ImageSet) -> &[u8] {
    match set.values().unwrap() {
        Values::U8(values) => values,
        Values::F32(_) => panic!("8-bit pixels"),
    }
}

fn images(set: &ImageSet) -> impl Iterator<Item = &[u8]> {
    bytes(set).chunks_exact(set.shape().iter().product())
}

#[test]
fn a_domain_has_its_name_shape_and_counts() {
    let shapes = [[1, 28, 28], [3, 32, 32], [1, 16, 16], [3, 28, 28]];
    for (name, shape) in NAMES.into_iter().zip(shapes) {
        let made = domain(name, 20, 10, 1).expect(name);
        assert_eq!(made.name, name);
        assert_eq!((made.train.shape(), made.test.shape()), (shape, shape));
        assert_eq!(
            (made.train.labels().len(), made.test.labels().len()),
            (20, 10)
        );
    }
}

#[test]
fn an_unknown_name_is_none_and_none_is_empty() {
    assert!(domain("mnist", 10, 10, 1).is_none());
    let empty = Kind::Usps.domain(0, 0, 1);
    assert!(empty.train.labels().is_empty() && bytes(&empty.test).is_empty());
}

#[test]
fn the_same_seed_gives_the_same_images() {
    for kind in Kind::ALL {
        let (a, b) = (kind.domain(30, 20, 7), kind.domain(30, 20, 7));
        assert_eq!((a.train, a.test), (b.train, b.test));
    }
}

#[test]
fn an_image_does_not_depend_on_the_count() {
    for kind in Kind::ALL {
        let (few, many) = (kind.domain(13, 3, 7), kind.domain(37, 21, 7));
        for (few, many) in [(few.train, many.train), (few.test, many.test)] {
            assert!(bytes(&many).starts_with(bytes(&few)));
            assert!(many.labels().starts_with(few.labels()));
        }
    }
}

#[test]
fn seeds_parts_and_domains_differ() {
    for kind in Kind::ALL {
        let (a, b) = (kind.domain(20, 20, 1), kind.domain(20, 20, 2));
        assert_ne!(a.train, b.train);
        assert_ne!(a.test, b.test);
        assert_ne!(a.train, a.test);
    }
    // The order of the labels, too.
    let orders = Kind::ALL.map(|kind| kind.domain(20, 0, 1).train.labels().to_vec());
    assert_ne!(orders[0], orders[1]);
    assert_ne!(orders[0], orders[3]);
}

#[test]
fn no_two_images_are_the_same() {
    for kind in Kind::ALL {
        let made = kind.domain(200, 200, 3);
        let mut all: Vec<&[u8]> = images(&made.train).chain(images(&made.test)).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 400, "{}", kind.name());
    }
}

#[test]
fn every_ten_images_hold_every_digit() {
    for kind in Kind::ALL {
        let set = kind.domain(105, 0, 5).train;
        for ten in set.labels().chunks_exact(10) {
            let mut ten = ten.to_vec();
            ten.sort_unstable();
            assert_eq!(ten, (0..10).collect::<Vec<u16>>());
        }
        assert!(set.class_counts().iter().all(|&n| n == 10 || n == 11));
    }
}

#[test]
fn handwriting_is_white_on_black() {
    let made = Kind::Mnist.domain(300, 0, 11).train;
    for image in images(&made) {
        // A long tail may reach the border, but never a corner.
        let corners = (0..4).flat_map(|row| (0..4).map(move |column| 28 * row + column));
        assert!(
            corners
                .flat_map(|at| [at, 783 - at])
                .all(|at| image[at] == 0)
        );
        assert!(image.iter().filter(|&&value| value > 200).count() > 15);
        let ink = image.iter().filter(|&&value| value > 127).count();
        assert!((25..320).contains(&ink), "{ink} of 784 pixels are ink");
    }
}

#[test]
fn coarse_handwriting_fills_its_image() {
    let made = Kind::Usps.domain(300, 0, 11).train;
    for image in images(&made) {
        let row_has_ink = |row: usize| image[16 * row..16 * (row + 1)].iter().any(|&v| v > 60);
        assert!(row_has_ink(1) && row_has_ink(14));
        assert!(image.iter().filter(|&&value| value < 20).count() > 30);
        assert!(image.iter().any(|&value| value > 180));
    }
    let brightness = |kind: Kind| {
        let set = kind.domain(300, 0, 11).train;
        bytes(&set).iter().map(|&v| f64::from(v)).sum::<f64>() / bytes(&set).len() as f64
    };
    assert!(brightness(Kind::Usps) > 1.4 * brightness(Kind::Mnist));
}

#[test]
fn colour_domains_have_colour_and_either_polarity() {
    for kind in [Kind::Svhn, Kind::MnistM] {
        let [_, height, width] = kind.shape();
        let made = kind.domain(300, 0, 11).train;
        let plane = height * width;
        let mut brightness = Vec::new();
        for image in images(&made) {
            assert_ne!(image[..plane], image[plane..2 * plane]);
            let (low, high) = (image.iter().min(), image.iter().max());
            assert!(high > low);
            let sum: f64 = image.iter().map(|&v| f64::from(v)).sum();
            brightness.push(sum / image.len() as f64);
        }
        brightness.sort_by(f64::total_cmp);
        assert!(
            brightness[30] < 90.0 && brightness[270] > 140.0,
            "{}",
            kind.name()
        );
    }
}

#[test]
fn patches_are_smooth_like_photographs() {
    let mut steps = Vec::new();
    for index in 0..100 {
        let patch = texture::patch(28, &mut Rng::new([1, 2, 3, index]));
        assert!(
            patch
                .iter()
                .flatten()
                .all(|value| (0.0..=1.0).contains(value))
        );
        for row in patch.chunks_exact(28) {
            steps.extend(row.windows(2).map(|pair| (pair[1][1] - pair[0][1]).abs()));
        }
    }
    steps.sort_by(f32::total_cmp);
    let share = |q: f32| steps[(q * (steps.len() - 1) as f32) as usize];
    assert!(share(0.5) < 0.03, "half of all neighbours are nearly equal");
    assert!(share(0.99) > 0.06, "but there are edges");
}
