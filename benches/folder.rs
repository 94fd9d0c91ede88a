//! An epoch of training on pictures in files, beside an epoch of the same network on the
//! same pictures in memory, in turn in one run, and the largest memory of the process.
//!
//! ```text
//! cargo bench --bench folder -- FOLDER [MODEL]
//! ```
//!
//! Without a folder (`FOLDER/CLASS/*.jpg`) it draws some JPEGs of its own.

mod memory;

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::GradientsParams;
use burn::tensor::Device;
use image::{Rgb, RgbImage};
use neurn_bench::data::{Budget, DomainSource, ImageSet, Values, named};
use neurn_bench::train::Examples;
use neurn_models::{AdamConfig, Backbone, Model};

const SIDE: usize = 128;
const BATCH: usize = 32;
/// Times that each epoch is measured, in turn; the median counts.
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|each| each != "--bench")
        .collect();
    let drawn = tempfile::tempdir()?;
    let path = match arguments.first() {
        Some(path) => path.clone(),
        None => draw(drawn.path())?,
    };
    let model: Model = arguments.get(1).map_or("mobilenet-v1", |s| s).parse()?;
    let threads = std::thread::available_parallelism()?.get();
    // In a thread of the pool, as the studies train.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    Ok(pool.install(|| measure(&path, model).map_err(|error| error.to_string()))?)
}

/// A folder of two classes of JPEGs of 300 x 250 pixels.
fn draw(folder: &Path) -> Result<String, Box<dyn Error>> {
    for class in 0..2 {
        let folder = folder.join(class.to_string());
        std::fs::create_dir(&folder)?;
        for picture in 0..150 {
            let pixel = |x: u32, y: u32| Rgb([(x * (picture + 1)) as u8, (x ^ y) as u8, y as u8]);
            let image = RgbImage::from_fn(300, 250, pixel);
            image.save(folder.join(format!("{picture}.jpg")))?;
        }
    }
    Ok(folder.display().to_string())
}

fn measure(path: &str, model: Model) -> Result<(), Box<dyn Error>> {
    let source = named(&format!("domain={path}"))?;
    println!("{model}, {SIDE} x {SIDE}, batches of {BATCH}");
    println!("memory at the start: {} MiB", mebibytes());
    let again = read(&source, 0)?;
    println!(
        "{} pictures, none kept: {} MiB",
        again.labels().len(),
        mebibytes()
    );
    let kept = read(&source, 1 << 30)?;
    println!("kept in 8 bits: {} MiB", mebibytes());
    let held = in_memory(&kept)?;

    let device = Device::flex().autodiff();
    let classes = kept.class_counts().len();
    let mut network = model.config(classes, 3, SIDE).init(&device);
    let sets =
        [&again, &kept, &held].map(|images| Examples::new(images, 0..images.labels().len(), SIDE));
    let mut seconds = [const { Vec::new() }; 3];
    for round in 0..=ROUNDS {
        for (set, seconds) in sets.iter().zip(&mut seconds) {
            let start = Instant::now();
            network = epoch(network, set, &device)?;
            // The first round warms up.
            if round > 0 {
                seconds.push(start.elapsed().as_secs_f64());
            }
        }
    }
    let [again, kept, memory] = seconds.map(median);
    println!("an epoch in memory: {memory:.2} s");
    println!("from files, kept: {kept:.2} s, {:.2} times", kept / memory);
    println!(
        "from files, decoded anew: {again:.2} s, {:.2} times",
        again / memory
    );
    println!("memory at the end: {} MiB", mebibytes());
    Ok(())
}

fn read(source: &DomainSource, bytes: usize) -> Result<ImageSet, Box<dyn Error>> {
    Ok(source.read(SIDE, &Budget::new(bytes))?.train)
}

/// The same pictures in memory.
fn in_memory(images: &ImageSet) -> Result<ImageSet, Box<dyn Error>> {
    let mut values = Vec::new();
    for index in 0..images.labels().len() {
        let image = images.image(index)?;
        values.extend(image.iter().map(|value| (value * 255.0).round() as u8));
    }
    let labels = images.labels().to_vec();
    Ok(ImageSet::new(Values::U8(values), labels, images.shape()))
}

fn epoch(
    mut network: Backbone,
    images: &Examples,
    device: &Device,
) -> Result<Backbone, Box<dyn Error>> {
    let mut adam = AdamConfig::new().init();
    let cross_entropy = CrossEntropyLossConfig::new().init(device);
    for batch in images.batches(BATCH, Some(0), device).iter() {
        let batch = batch?;
        let output = network.forward(batch.images);
        let loss = cross_entropy.forward(output, batch.labels);
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = adam.step(1e-3, network, gradients);
    }
    Ok(network)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The largest memory of this process so far, in MiB.
fn mebibytes() -> u64 {
    memory::peak() >> 20
}
