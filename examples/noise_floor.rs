//! Draws the picture of neurn-core's README: a scene and a blank wall, both with
//! a sensor's noise, beside their NeuRN maps without a noise floor and with one.
//!
//! ```text
//! cargo run --release --example noise_floor -- crates/neurn-core/images/noise_floor.png
//! ```

use std::path::PathBuf;
use std::process::ExitCode;

use burn::tensor::{Device, Tensor, TensorData};
use clap::Parser;
use image::{GrayImage, Luma};
use neurn_bench::error::Error;
use neurn_core::NeuRnConfig;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

/// The standard deviation of the noise, where white is 1.
const NOISE: f32 = 0.01;
/// Two standard deviations: of 9 pixels of noise, 2 patches in 100,000 have more.
const FLOOR: f64 = 0.02;
/// Pixels of a side.
const SIDE: usize = 128;
/// Pixels between two pictures.
const GAP: usize = 4;

/// A scene and a blank wall with noise, and NeuRN's maps of both without a noise
/// floor and with one.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the picture goes.
    output: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    let rows = [noisy(scene, 1), noisy(|_, _| 0.6, 2)].map(|image| {
        let plain = NeuRnConfig::default();
        let with_floor = plain.clone().with_noise_floor(FLOOR);
        let map = |config: &NeuRnConfig| config.init().forward_image(image.clone());
        [image.clone(), map(&plain), map(&with_floor)].map(grey)
    });
    picture(&rows)
        .save(&arguments.output)
        .map_err(|source| Error::Picture {
            path: arguments.output.clone(),
            source,
        })
}

/// A bright disk, a faint one, and a dark bar, on a grey ground.
fn scene(x: f32, y: f32) -> f32 {
    let is_in_disk = |cx: f32, cy: f32, r: f32| (x - cx).powi(2) + (y - cy).powi(2) < r * r;
    if is_in_disk(0.35, 0.35, 0.2) {
        0.9
    } else if is_in_disk(0.72, 0.62, 0.18) {
        0.68
    } else if (0.15..0.45).contains(&x) && (0.75..0.85).contains(&y) {
        0.15
    } else {
        0.6
    }
}

/// `[1, H, W]` of a brightness at each place, with noise.
fn noisy(brightness: impl Fn(f32, f32) -> f32, seed: u64) -> Tensor<3> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let noise = Normal::new(0.0, NOISE).expect("a standard deviation");
    let pixels: Vec<f32> = (0..SIDE * SIDE)
        .map(|i| {
            let (x, y) = (i % SIDE, i / SIDE);
            brightness(x as f32 / SIDE as f32, y as f32 / SIDE as f32) + noise.sample(&mut rng)
        })
        .collect();
    let data = TensorData::new(pixels, [1, SIDE, SIDE]);
    Tensor::from_data(data, &Device::default())
}

/// Bytes of one channel in 0..=1.
fn grey(map: Tensor<3>) -> Vec<u8> {
    let bytes = (map.clamp(0.0, 1.0) * 255.0).round().into_data();
    bytes.iter::<u8>().collect()
}

/// Rows of pictures, on white.
fn picture(rows: &[[Vec<u8>; 3]]) -> GrayImage {
    let across = |count: usize| (count * (SIDE + GAP) - GAP) as u32;
    let mut all = GrayImage::from_pixel(across(3), across(rows.len()), Luma([255]));
    for (row, pictures) in rows.iter().enumerate() {
        for (column, bytes) in pictures.iter().enumerate() {
            let one = GrayImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
                Luma([bytes[y as usize * SIDE + x as usize]])
            });
            let place = |count: usize| (count * (SIDE + GAP)) as i64;
            image::imageops::replace(&mut all, &one, place(column), place(row));
        }
    }
    all
}
