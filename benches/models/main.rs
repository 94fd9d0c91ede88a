//! Every model beside torchvision's and timm's on the same machine, timed in turn
//! in one run: forward, and a step of training (forward, sum, backward).
//!
//! ```text
//! python3 -m venv peers && peers/bin/pip install torch torchvision timm
//! PYTHON=peers/bin/python cargo bench --bench models -- resnet18 vgg11
//! PYTHON=peers/bin/python cargo bench --bench models -- --train resnet18
//! cargo bench --bench models -- --load vgg19.pth
//! ```
//!
//! The last one loads a file of VGG-19's weights and reads it, in turn; models.py
//! `--save` writes one.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use burn::tensor::{Device, Distribution, Tensor};
use neurn_models::{Model, WeightsFile};

/// Images in a step of training.
const BATCH: usize = 4;

/// How long a measurement takes at least.
const BUDGET: Duration = Duration::from_millis(1500);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|each| each != "--bench")
        .collect();
    match arguments.first().map(String::as_str) {
        Some("--load") => load(&arguments[1..]),
        Some("--train") => compare(&arguments[1..], true),
        _ => compare(&arguments, false),
    }
}

fn compare(names: &[String], trains: bool) -> Result<(), Box<dyn Error>> {
    let threads = std::thread::available_parallelism()?.get();
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../benches/models/models.py"
    );
    let mut peer = Command::new(python)
        .args([script, &threads.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut ask = peer.stdin.take().ok_or("no stdin")?;
    let mut answers = BufReader::new(peer.stdout.take().ok_or("no stdout")?).lines();
    let batch = if trains { BATCH } else { 1 };
    println!("images a second, {batch} at a time, {threads} threads");
    println!("| model | side | this crate | PyTorch | of PyTorch's |\n|---|--:|--:|--:|--:|");
    for name in names {
        let model: Model = name.parse()?;
        let side = model.image_size();
        writeln!(
            ask,
            "{name} {side} {batch} {}",
            if trains { "train" } else { "forward" }
        )?;
        let answer = answers.next().ok_or("the script ended")??;
        let ours = if trains {
            training(model)
        } else {
            forward(model)
        };
        match answer.trim().parse::<f64>() {
            Ok(theirs) => {
                println!(
                    "| {name} | {side} | {ours:.2} | {theirs:.2} | {:.2} |",
                    ours / theirs
                );
            }
            Err(_) => println!("| {name} | {side} | {ours:.2} | - | - |"),
        }
    }
    drop(ask);
    peer.wait()?;
    Ok(())
}

/// How often a second `step` can be done, after a first time that is not counted.
fn rate(mut step: impl FnMut()) -> f64 {
    step();
    let start = Instant::now();
    let mut count = 0.0;
    while count < 1.0 || start.elapsed() < BUDGET {
        step();
        count += 1.0;
    }
    count / start.elapsed().as_secs_f64()
}

fn images(model: Model, batch: usize, device: &Device) -> Tensor<4> {
    let side = model.image_size();
    Tensor::random(
        [batch, 3, side, side],
        Distribution::Normal(0.0, 1.0),
        device,
    )
}

fn forward(model: Model) -> f64 {
    let device = Device::flex();
    let network = model.published(1000).init(&device);
    let images = images(model, 1, &device);
    rate(|| drop(network.forward(images.clone()).into_data()))
}

fn training(model: Model) -> f64 {
    let device = Device::flex().autodiff();
    let network = model.published(1000).init(&device);
    let images = images(model, BATCH, &device);
    BATCH as f64 * rate(|| drop(network.forward(images.clone()).sum().backward()))
}

/// The largest memory of this process so far, in bytes. 0 where the system does not
/// say.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

fn load(paths: &[String]) -> Result<(), Box<dyn Error>> {
    for path in paths {
        let size = fs::metadata(path)?.len();
        // In the system's memory, for both.
        let read = |path: &str| -> Result<f64, Box<dyn Error>> {
            let start = Instant::now();
            let bytes = fs::read(path)?;
            let seconds = start.elapsed().as_secs_f64();
            drop(bytes);
            Ok(seconds)
        };
        let load = || -> Result<f64, Box<dyn Error>> {
            let model: Model = "vgg19".parse()?;
            let start = Instant::now();
            let network = model.published(1000).init(&Device::flex());
            let network = WeightsFile::new(path).load(network)?;
            let seconds = start.elapsed().as_secs_f64();
            drop(network);
            Ok(seconds)
        };
        // Before anything else takes memory.
        let before = peak();
        load()?;
        let taken = peak() - before;
        let mut seconds = [f64::INFINITY; 2];
        for _ in 0..5 {
            seconds[0] = seconds[0].min(read(path)?);
            seconds[1] = seconds[1].min(load()?);
        }
        let [read, load] = seconds;
        println!(
            "{path}: {size} bytes, read in {read:.3} s, loaded in {load:.3} s ({:.2}), memory {:.2} of the file",
            load / read,
            taken as f64 / size as f64
        );
    }
    Ok(())
}
