//! Every model beside torchvision's and timm's on the same machine, in turn in one run:
//! forward of one image, a step of training (forward, sum, backward), and the memory that
//! such a step takes.
//!
//! ```text
//! python3 -m venv peers && peers/bin/pip install torch torchvision timm
//! PYTHON=peers/bin/python cargo bench --bench models [-- MODEL...]
//! cargo bench --bench models -- --load vgg19.pth
//! ```
//!
//! The last one loads a file of VGG-19's weights and reads it, in turn; models.py
//! `--save` writes one.

#[path = "../memory.rs"]
mod memory;
#[path = "../peer.rs"]
mod peer;

use std::error::Error;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use burn::tensor::{Device, Distribution, Tensor};
use neurn_models::{Model, WeightsFile};

use crate::memory::peak;
use crate::peer::Peer;

/// Images in a step of training.
const BATCH: usize = 4;
/// How long a measurement takes at least.
const BUDGET: Duration = Duration::from_millis(1000);
/// Times that each side is measured, in turn; the best counts.
const ROUNDS: usize = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|each| each != "--bench")
        .collect();
    match arguments.first().map(String::as_str) {
        Some("--load") => load(&arguments[1..]),
        Some("--measure") => {
            println!("{}", Measured::of(arguments[1].parse()?)?.line());
            Ok(())
        }
        _ => compare(&arguments),
    }
}

/// One side's numbers.
#[derive(Clone, Copy)]
struct Measured {
    /// Images a second.
    forward: f64,
    training: f64,
    /// Of a training step beyond what the process took before, in MiB.
    memory: f64,
}

impl Measured {
    /// This crate's. In a process of its own, since memory is that of a process, and in a
    /// thread of the pool, as the studies train.
    fn of(model: Model) -> Result<Self, Box<dyn Error>> {
        let threads = std::thread::available_parallelism()?.get();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        Ok(pool.build()?.install(|| {
            let before = peak();
            let training = training(model);
            let memory = (peak() - before) as f64 / f64::from(1 << 20);
            Self {
                forward: forward(model),
                training,
                memory,
            }
        }))
    }

    fn line(self) -> String {
        format!("{} {} {}", self.forward, self.training, self.memory)
    }

    /// None, if the line holds no numbers.
    fn read(line: &str) -> Option<Self> {
        let numbers: Vec<f64> = line
            .split(' ')
            .filter_map(|n| n.trim().parse().ok())
            .collect();
        match numbers[..] {
            [forward, training, memory] => Some(Self {
                forward,
                training,
                memory,
            }),
            _ => None,
        }
    }

    fn best(self, other: Self) -> Self {
        Self {
            forward: self.forward.max(other.forward),
            training: self.training.max(other.training),
            memory: self.memory.min(other.memory),
        }
    }
}

fn compare(names: &[String]) -> Result<(), Box<dyn Error>> {
    let models = match names {
        [] => Model::all().collect::<Vec<_>>(),
        names => names.iter().map(|n| n.parse()).collect::<Result<_, _>>()?,
    };
    let threads = std::thread::available_parallelism()?.get();
    let mut peer = Peer::start("models/models.py", threads)?;
    println!(
        "Images a second: forward one at a time, training {BATCH} at a time; MiB of a step.\n"
    );
    println!(
        "| model | side | forward | PyTorch | ratio | training | PyTorch | ratio | MiB | PyTorch |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for model in models {
        let (mut ours, mut theirs): (Option<Measured>, Option<Measured>) = (None, None);
        for _ in 0..ROUNDS {
            let new = here(model)?;
            ours = Some(ours.map_or(new, |old| old.best(new)));
            if let Some(new) = there(&mut peer, model)? {
                theirs = Some(theirs.map_or(new, |old| old.best(new)));
            }
        }
        println!("{}", row(model, ours.expect("a round"), theirs));
    }
    peer.end()
}

fn row(model: Model, ours: Measured, theirs: Option<Measured>) -> String {
    let pair = |ours: f64, theirs: Option<f64>| match theirs {
        Some(theirs) => format!("{ours:.1} | {theirs:.1} | {:.2}", ours / theirs),
        None => format!("{ours:.1} | | "),
    };
    format!(
        "| {model} | {} | {} | {} | {:.0} | {} |",
        model.image_size(),
        pair(ours.forward, theirs.map(|theirs| theirs.forward)),
        pair(ours.training, theirs.map(|theirs| theirs.training)),
        ours.memory,
        theirs.map_or(String::new(), |theirs| format!("{:.0}", theirs.memory)),
    )
}

/// This crate's numbers, from a process of their own.
fn here(model: Model) -> Result<Measured, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?)
        .args(["--measure", &model.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    let line = String::from_utf8(output.stdout)?;
    Ok(Measured::read(&line).ok_or_else(|| format!("{model} was not measured: {line}"))?)
}

/// PyTorch's numbers; none, if there is no such model there.
fn there(peer: &mut Peer, model: Model) -> Result<Option<Measured>, Box<dyn Error>> {
    let answer = peer.ask(&format!("{model} {} {BATCH}", model.image_size()))?;
    Ok(Measured::read(&answer))
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
