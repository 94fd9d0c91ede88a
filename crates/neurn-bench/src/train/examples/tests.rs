use burn::tensor::Device;
use image::{Rgb, RgbImage};
use neurn_core::NeuRnConfig;
use neurn_models::FrontendConfig;

use super::*;
use crate::data::{Budget, Domain, DomainSource, ShiftKind, Values, synthetic};

const SIDE: usize = 12;

/// Twelve pictures of two classes, of which nothing is kept, and the folder.
fn in_files(kept: usize) -> (tempfile::TempDir, Domain) {
    let folder = tempfile::tempdir().unwrap();
    for (class, shade) in [("cat", 10), ("dog", 90)] {
        std::fs::create_dir(folder.path().join(class)).unwrap();
        for number in 0..8 {
            let picture = RgbImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
                Rgb([
                    shade + 9 * number,
                    (7 * x + 5 * y) as u8,
                    (x * y) as u8 + number,
                ])
            });
            let path = folder.path().join(class).join(format!("{number}.png"));
            picture.save(path).unwrap();
        }
    }
    let source = DomainSource {
        name: "pets".to_string(),
        path: folder.path().to_path_buf(),
        split: None,
        classes: None,
    };
    let domain = source.read(SIDE, &Budget::new(kept)).unwrap();
    (folder, domain)
}

/// The same images in memory.
fn in_memory(set: &ImageSet) -> ImageSet {
    let bytes = |index| {
        let values = set.image(index).unwrap().into_iter();
        values.map(|value| (255.0 * value).round() as u8)
    };
    let values = (0..set.labels().len()).flat_map(bytes).collect();
    ImageSet::new(Values::U8(values), set.labels().to_vec(), set.shape())
}

/// All batches, as values and labels.
fn all(examples: &Examples, shuffle: Option<u64>) -> Vec<(Vec<f32>, Vec<i64>)> {
    let loader = examples.batches(5, shuffle, &Device::flex());
    let batches = loader.iter().map(|batch| {
        let Batch { images, labels } = batch.unwrap();
        let values = images.into_data().iter::<f32>().collect();
        (values, labels.into_data().iter::<i64>().collect())
    });
    batches.collect()
}

/// In memory or decoded when they are asked for, shuffled or not, plain, shifted
/// and through a frontend, the images are the same in the same order.
#[test]
fn from_files_as_from_memory() {
    let device = Device::flex();
    let neurn = FrontendConfig::neurn(NeuRnConfig::new(3).with_stride(2)).init();
    let shift = Shift::new(ShiftKind::Noise, 3).unwrap();
    let (_folder, domain) = in_files(0);
    let count = domain.train.labels().len();
    let files = Examples::new(&domain.train, 1..count, SIDE);
    let memory = Examples::new(&in_memory(&domain.train), 1..count, SIDE);
    assert!(domain.train.values().is_none());
    assert_eq!(files.labels(), memory.labels());
    for shuffle in [None, Some(3), Some(4)] {
        let batches = all(&files, shuffle);
        assert_eq!(batches.len(), (count - 1).div_ceil(5));
        assert_eq!(batches, all(&memory, shuffle));
        for change in [
            &|examples: &Examples| examples.shifted(&shift),
            &|examples: &Examples| examples.through(&neurn, &device),
            &|examples: &Examples| examples.shifted(&shift).through(&neurn, &device),
        ] as [&dyn Fn(&Examples) -> Examples; 3]
        {
            let [files, memory] = [&files, &memory].map(change);
            assert_ne!(all(&files, shuffle), batches);
            assert_eq!(all(&files, shuffle), all(&memory, shuffle));
            assert_eq!(files.picture(2).unwrap(), memory.picture(2).unwrap());
        }
    }
    // At another size, too.
    let [files, memory] = [&domain.train, &in_memory(&domain.train)]
        .map(|set| all(&Examples::new(set, 0..4, 7), None));
    assert_eq!(files, memory);
}

/// A loader that nobody listens to any more ends, and one whose file is gone
/// says which.
#[test]
fn a_loader_that_is_left_and_a_file_that_is_gone() {
    let (folder, domain) = in_files(0);
    let examples = Examples::new(&domain.train, 0..8, SIDE);
    let loader = examples.batches(1, None, &Device::flex());
    assert!(loader.iter().next().unwrap().is_ok());

    std::fs::remove_dir_all(folder.path().join("dog")).unwrap();
    let error = loader.iter().find_map(Result::err).unwrap().to_string();
    assert!(error.contains("dog/"), "{error}");
    let index = examples.labels().iter().position(|&label| label == 1);
    assert!(examples.picture(index.unwrap()).is_err());
    // What is kept needs no file.
    let (folder, domain) = in_files(1 << 20);
    std::fs::remove_dir_all(folder.path().join("dog")).unwrap();
    all(&Examples::new(&domain.train, 0..8, SIDE), None);
}

#[test]
fn statistics_are_those_of_two_passes() {
    let device = Device::flex();
    let digits = synthetic::domain("synthetic-svhn", 300, 10, 1)
        .unwrap()
        .train;
    let (_folder, pets) = in_files(0);
    let neurn = FrontendConfig::neurn(NeuRnConfig::new(3)).init();
    for set in [&digits, &pets.train] {
        let plain = Examples::new(set, 0..set.labels().len(), SIDE);
        for examples in [plain.clone(), plain.through(&neurn, &device)] {
            let (means, deviations) = examples.channel_statistics(&device).unwrap();
            let mut channels = vec![Vec::new(); 3];
            for (values, _) in all(&examples, None) {
                for (index, plane) in values.chunks(SIDE * SIDE).enumerate() {
                    channels[index % 3].extend(plane.iter().map(|&value| f64::from(value)));
                }
            }
            for (channel, values) in channels.iter().enumerate() {
                let count = values.len() as f64;
                let mean = values.iter().sum::<f64>() / count;
                let squares = values.iter().map(|value| (value - mean).powi(2));
                let deviation = (squares.sum::<f64>() / count).sqrt();
                // Sums of n values below 1, and a difference of two of them.
                let bound = 4.0 * count * f64::EPSILON;
                assert!((means[channel] - mean).abs() < bound);
                assert!((deviations[channel] - deviation).abs() < bound / deviation);
            }
        }
    }
}

/// Of one value everywhere: exactly that, and a deviation that can be divided by.
#[test]
fn a_flat_channel_has_a_deviation_of_one() {
    let values = [26, 255, 0].map(|value: u8| [value; SIDE * SIDE]).concat();
    let set = ImageSet::new(Values::U8(values.repeat(7)), vec![0_u8; 7], [3, SIDE, SIDE]);
    let examples = Examples::new(&set, 0..7, SIDE);
    let (means, deviations) = examples.channel_statistics(&Device::flex()).unwrap();
    assert_eq!(means, [f64::from(26.0_f32 / 255.0), 1.0, 0.0]);
    assert_eq!(deviations, [1.0; 3]);
}
