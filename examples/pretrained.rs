//! What a pretrained network sees in pictures, or what a layer of it gives.
//!
//!     cargo run --release --example pretrained -- --list
//!     cargo run --release --example pretrained -- --model resnet50 PICTURE...
//!     cargo run --release --example pretrained -- --model resnet50 \
//!         --features layer3 --out features.npy PICTURE...

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};
use clap::Parser;
use image::imageops::{FilterType, crop_imm, resize};
use indicatif::{ProgressBar, ProgressStyle};
use neurn_models::{
    Classifier, ClassifierConfig, Filter, FrontendConfig, MODELS, Model, NeuRnConfig,
    Preprocessing, Weights, WeightsFile, WeightsFolder,
};

/// Name what is in pictures, by a network with published weights.
#[derive(Debug, Parser)]
#[command(name = "pretrained", version)]
struct Arguments {
    /// The network.
    #[arg(long, value_parser = MODELS.to_vec(), required_unless_present = "list")]
    model: Option<String>,
    /// A file of weights, .pth or .safetensors. Without it, published ones are taken
    /// from the folder that NEURN_WEIGHTS names or the user's cache, or fetched.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Put NeuRN (k = 3) in front, which the published weights have not seen.
    #[arg(long)]
    neurn: bool,
    /// Write what this layer gives instead of the classes.
    #[arg(long, value_name = "LAYER", requires = "out")]
    features: Option<String>,
    /// Where to write it: a NumPy array [pictures, channels, height, width].
    #[arg(long, value_name = "FILE", requires = "features")]
    out: Option<PathBuf>,
    /// List the models and their weights.
    #[arg(long)]
    list: bool,
    /// Pictures.
    #[arg(required_unless_present = "list")]
    pictures: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.list {
        true => list(),
        false => run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn list() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    writeln!(
        out,
        "| model | parameters | 10^9 multiply-adds | at | weights | MiB | top-1 |"
    )?;
    writeln!(out, "|---|---:|---:|---:|---|---:|---:|")?;
    for model in Model::all() {
        let side = model.image_size();
        // Those for small images are published for ten.
        let classes = if side > 32 { 1000 } else { 10 };
        let billions = model.multiply_adds(classes, side, side) as f64 / 1e9;
        let parameters = model.parameters(classes);
        let start = format!("| {model} | {parameters} | {billions:.3} | {side}");
        if model.weights().is_empty() {
            writeln!(out, "{start} | none | | |")?;
        }
        for weights in model.weights() {
            let size = weights
                .mebibytes()
                .map_or_else(String::new, |size| format!("{size:.1}"));
            let top1 = weights
                .top1()
                .map_or_else(String::new, |top1| format!("{top1:.2}"));
            writeln!(out, "{start} | {} | {size} | {top1} |", weights.name())?;
        }
    }
    Ok(())
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let name = arguments.model.as_deref().unwrap_or_default();
    let model: Model = name.parse()?;
    let published = model.weights();
    let Some(first) = published.first() else {
        return Err(format!("{model} has no published weights of which this program knows").into());
    };
    // Those of a file are told by its name, as they may need other pictures.
    let named = arguments.weights.as_deref().and_then(Path::file_name);
    let of_file = |weights: &&Weights| named.is_some_and(|name| name == weights.file());
    let weights = published.iter().find(of_file).unwrap_or(first);
    let path = match &arguments.weights {
        Some(path) => path.clone(),
        None => fetched(weights)?,
    };
    let device = Device::default();
    let start = Instant::now();
    let classifier = classifier(model, weights, &path, arguments.neurn, &device)?;
    eprintln!(
        "{weights} from {} in {:.2?}",
        path.display(),
        start.elapsed()
    );
    match (&arguments.features, &arguments.out) {
        (Some(layer), Some(out)) => features(arguments, &classifier, weights, layer, out, &device),
        _ => classes(arguments, &classifier, weights, &device),
    }
}

/// The file of published weights, fetched where it is not there yet.
fn fetched(weights: &Weights) -> Result<PathBuf, Box<dyn Error>> {
    let bar = ProgressBar::no_length().with_style(ProgressStyle::with_template(
        "{msg} {bar:30} {bytes} of {total_bytes}, {bytes_per_sec}",
    )?);
    bar.set_message(weights.file());
    let path = WeightsFolder::of_user()?.file(weights, &mut |done, all| {
        all.into_iter().for_each(|all| bar.set_length(all));
        bar.set_position(done);
    });
    bar.finish_and_clear();
    Ok(path?)
}

fn classifier(
    model: Model,
    weights: &Weights,
    path: &Path,
    neurn: bool,
    device: &Device,
) -> Result<Classifier, Box<dyn Error>> {
    let frontend = match neurn {
        true => FrontendConfig::neurn(NeuRnConfig::new(3)),
        false => FrontendConfig::none(),
    };
    let Preprocessing { mean, std, .. } = weights.preprocessing();
    let config = ClassifierConfig::new(frontend, model.published(weights.labels().count()))
        .with_mean(mean.to_vec())
        .with_std(std.to_vec());
    let classifier = config.init(device);
    Ok(Classifier {
        backbone: WeightsFile::new(path).load(classifier.backbone)?,
        ..classifier
    })
}

/// The five best classes of each picture.
fn classes(
    arguments: &Arguments,
    classifier: &Classifier,
    weights: &Weights,
    device: &Device,
) -> Result<(), Box<dyn Error>> {
    let labels: Vec<&str> = weights.labels().names().collect();
    for path in &arguments.pictures {
        let image = prepared(path, &weights.preprocessing(), device)?;
        let start = Instant::now();
        let logits = classifier.forward(image);
        let shares = softmax(logits, 1).into_data();
        let time = start.elapsed();
        let mut shares: Vec<(f32, &str)> = shares.iter().zip(labels.iter().copied()).collect();
        shares.sort_by(|a, b| b.0.total_cmp(&a.0));
        let best = shares.iter().take(5);
        let best: Vec<_> = best
            .map(|(share, name)| format!("{name} {:.1} %", 100.0 * share))
            .collect();
        writeln!(
            std::io::stdout(),
            "{}: {} ({time:.0?})",
            path.display(),
            best.join(", ")
        )?;
    }
    Ok(())
}

/// What a layer gives for each picture, into one array.
fn features(
    arguments: &Arguments,
    classifier: &Classifier,
    weights: &Weights,
    layer: &str,
    out: &Path,
    device: &Device,
) -> Result<(), Box<dyn Error>> {
    let mut numbers: Vec<f32> = Vec::new();
    let mut shape = [0; 4];
    for path in &arguments.pictures {
        let image = prepared(path, &weights.preprocessing(), device)?;
        let features = classifier.features(image, &[layer])?.remove(0);
        shape = features.dims();
        numbers.extend(features.into_data().iter::<f32>());
    }
    shape[0] = arguments.pictures.len();
    write_array(out, shape, &numbers).map_err(|error| format!("{}: {error}", out.display()))?;
    writeln!(std::io::stdout(), "{}: {layer} of {shape:?}", out.display())?;
    Ok(())
}

/// A picture as the network takes it but for mean and deviation: pixels in 0..=1.
fn prepared(
    path: &Path,
    preprocessing: &Preprocessing,
    device: &Device,
) -> Result<Tensor<4>, Box<dyn Error>> {
    let picture = image::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let picture = picture.to_rgb8();
    let (width, height) = picture.dimensions();
    let Preprocessing {
        resize: side,
        crop,
        filter,
        ..
    } = *preprocessing;
    let longer =
        |length: u32| (side as u64 * u64::from(length) / u64::from(width.min(height))) as u32;
    let (width, height) = (longer(width), longer(height));
    let filter = match filter {
        Filter::Bilinear => FilterType::Triangle,
        Filter::Bicubic => FilterType::CatmullRom,
    };
    let picture = resize(&picture, width, height, filter);
    let crop = crop as u32;
    let middle = |length: u32| (length - crop) / 2;
    let picture = crop_imm(&picture, middle(width), middle(height), crop, crop).to_image();
    let pixels = TensorData::new(picture.into_raw(), [1, crop as usize, crop as usize, 3]);
    let pixels = Tensor::<4>::from_data(pixels.convert::<f32>(), device);
    Ok(pixels.permute([0, 3, 1, 2]) / 255.0)
}

/// A NumPy file, version 1.0.
fn write_array(path: &Path, shape: [usize; 4], numbers: &[f32]) -> std::io::Result<()> {
    let [a, b, c, d] = shape;
    let mut header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({a}, {b}, {c}, {d}), }}");
    // The numbers begin at a multiple of 64 bytes.
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"\x93NUMPY\x01\x00")?;
    file.write_all(&(header.len() as u16).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    for number in numbers {
        file.write_all(&number.to_le_bytes())?;
    }
    file.flush()
}
