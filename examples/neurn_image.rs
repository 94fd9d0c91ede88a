//! Any picture in, its NeuRN map out.
//!
//! ```text
//! cargo run --release --example neurn_image -- photo.jpg neurn.png
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use burn::tensor::{Device, Tensor, TensorData};
use clap::Parser;
use image::{ImageReader, Limits, Rgb, RgbImage};
use neurn_bench::error::Error;
use neurn_core::{MaxScope, NeuRnConfig};

/// The local contrast of a picture as NeuRN sees it: each pixel of each channel
/// becomes the standard deviation of the patch around it, over the largest.
#[derive(Debug, Parser)]
struct Arguments {
    /// The picture: PNG, JPEG, WebP, TIFF, BMP, GIF or PNM.
    input: PathBuf,
    /// Where the map goes; the ending decides the format.
    output: PathBuf,
    /// Side of the patch, odd.
    #[arg(long, value_parser = odd, default_value = "3")]
    k: usize,
    /// Each channel over its own largest deviation.
    #[arg(long)]
    per_channel: bool,
    /// This quantile of the deviations serves as the largest, in (0, 1].
    #[arg(long, value_parser = quantile, default_value = "1")]
    quantile: f64,
    /// A patch whose deviation is below this counts as flat; white is 1.
    #[arg(long, value_parser = floor, default_value = "0")]
    noise_floor: f64,
    /// Put the picture itself at the left of the map.
    #[arg(long)]
    beside: bool,
}

fn odd(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(k) if k % 2 == 1 => Ok(k),
        _ => Err("expected an odd number".to_string()),
    }
}

fn quantile(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(q) if q > 0.0 && q <= 1.0 => Ok(q),
        _ => Err("expected a number above 0, up to 1".to_string()),
    }
}

fn floor(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(floor) if (0.0..=1.0).contains(&floor) => Ok(floor),
        _ => Err("expected a number from 0 to 1".to_string()),
    }
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
    let picture = read(&arguments.input)?;
    check(&picture, arguments)?;
    let neurn = NeuRnConfig::new(arguments.k)
        .with_quantile(arguments.quantile)
        .with_noise_floor(arguments.noise_floor)
        .with_max_scope(match arguments.per_channel {
            true => MaxScope::Channel,
            false => MaxScope::Image,
        })
        .init();
    let response = neurn.forward_image(tensor(&picture, &Device::default()));
    let mut result = to_picture(response);
    if arguments.beside {
        result = beside(&picture, &result);
    }
    result
        .save(&arguments.output)
        .map_err(|source| Error::Picture {
            path: arguments.output.clone(),
            source,
        })
}

/// That the patch fits the picture, and the work fits a computer.
fn check(picture: &RgbImage, arguments: &Arguments) -> Result<(), Error> {
    let (k, path) = (arguments.k, arguments.input.display());
    let (width, height) = picture.dimensions();
    let side = width.min(height) as usize;
    if k / 2 > side {
        let error = format!("--k {k} reaches beyond {path}, whose smaller side is {side}");
        return Err(Error::Argument(error));
    }
    // k shifted images and about a dozen more are alive at once, in f32.
    let bytes = u64::from(width) * u64::from(height) * 3 * 4 * (k as u64 + 12);
    let gib = bytes.div_ceil(1 << 30);
    if gib > 8 {
        let error = format!("--k {k} on {path} ({width}x{height}) takes {gib} GiB; at most 8 do");
        return Err(Error::Argument(error));
    }
    Ok(())
}

fn read(path: &Path) -> Result<RgbImage, Error> {
    let failed = |source: image::ImageError| Error::Picture {
        path: path.to_path_buf(),
        source,
    };
    let mut reader = ImageReader::open(path)
        .and_then(|reader| reader.with_guessed_format())
        .map_err(|e| failed(e.into()))?;
    reader.limits(Limits::default());
    Ok(reader.decode().map_err(failed)?.into_rgb8())
}

/// `[3, H, W]` in 0..=1.
fn tensor(picture: &RgbImage, device: &Device) -> Tensor<3> {
    let shape = [picture.height() as usize, picture.width() as usize, 3];
    let bytes = TensorData::new(picture.as_raw().clone(), shape);
    Tensor::<3>::from_data(bytes.convert::<f32>(), device).permute([2, 0, 1]) / 255.0
}

fn to_picture(response: Tensor<3>) -> RgbImage {
    let [_, height, width] = response.dims();
    let bytes = (response.permute([1, 2, 0]) * 255.0).round().into_data();
    let bytes: Vec<u8> = bytes.iter::<u8>().collect();
    let at = |x: u32, y: u32| (y as usize * width + x as usize) * 3;
    RgbImage::from_fn(width as u32, height as u32, |x, y| {
        let pixel = at(x, y);
        Rgb([bytes[pixel], bytes[pixel + 1], bytes[pixel + 2]])
    })
}

fn beside(left: &RgbImage, right: &RgbImage) -> RgbImage {
    let mut both = RgbImage::new(left.width() + right.width(), left.height());
    image::imageops::replace(&mut both, left, 0, 0);
    image::imageops::replace(&mut both, right, left.width().into(), 0);
    both
}
