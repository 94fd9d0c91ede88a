//! Steps of training, and inference, beside PyTorch's on the same machine, timed in
//! turn in one run. A step is forward, cross-entropy, backward, Adam.
//!
//! ```text
//! python3 -m venv peers && peers/bin/pip install -r benches/peers/requirements.txt
//! PYTHON=peers/bin/python cargo bench --bench training [-- MODEL]
//! ```

#[path = "../peer.rs"]
mod peer;

use std::error::Error;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Int, Tensor};
use neurn_models::{AdamConfig, Backbone, BackboneConfig};

use crate::peer::Peer;

/// Model, side of the images, batch, and multiply-adds of an image in millions, forward.
const ROWS: [(&str, usize, usize, f64); 5] = [
    ("digit-net-small", 32, 64, 2.93),
    ("digit-net", 32, 64, 28.58),
    ("vgg19", 32, 32, 398.14),
    ("resnet18", 64, 32, 148.06),
    ("mobilenet-v1", 128, 16, 185.39),
];
/// Times that each side is measured, in turn.
const ROUNDS: usize = 3;
const BUDGET: Duration = Duration::from_secs(2);

fn main() -> Result<(), Box<dyn Error>> {
    let threads = std::thread::available_parallelism()?.get();
    // In a thread of the pool, as the studies train: else each operation would hand its work
    // to a thread that sleeps, and sleep until it is done.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    let measured = pool
        .build()?
        .install(|| measure(threads).map_err(|error| error.to_string()));
    Ok(measured?)
}

fn measure(threads: usize) -> Result<(), Box<dyn Error>> {
    let mut peer = Peer::start("training/training.py", threads)?;
    let named = std::env::args().nth(1).filter(|name| name != "--bench");
    let asked = |model: &str| named.as_deref().is_none_or(|named| named == model);

    println!("Images a second, {threads} threads, median of {ROUNDS} measurements in turn; in");
    println!("brackets billions of floating-point operations of convolutions and linear layers");
    println!("a second.\n");
    println!("| model | images | | ours | PyTorch | ours / PyTorch |");
    println!("|---|---|---|--:|--:|--:|");
    for (model, side, batch, millions) in ROWS.into_iter().filter(|row| asked(row.0)) {
        // Backward multiplies twice: for the images and for the weights.
        for (mode, times) in [("training", 3.0), ("inference", 1.0)] {
            let operations = 2e-3 * millions * times;
            let mut run = Run::new(model, side, batch, mode == "training");
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                ours.push(run.images_a_second());
                // No number, if PyTorch is not installed.
                let answer = peer.ask(&format!("{model} {side} {batch} {mode}"))?;
                theirs.extend(answer.trim().parse::<f64>());
            }
            let ours = median(ours);
            let (peer, ratio) = match theirs.is_empty() {
                true => ("-".into(), "-".into()),
                false => {
                    let theirs = median(theirs);
                    let peer = format!("{theirs:.0} ({:.0})", theirs * operations);
                    (peer, format!("{:.2}", ours / theirs))
                }
            };
            println!(
                "| {model} | {batch}x3x{side}x{side} | {mode} | {ours:.0} ({:.0}) | {peer} | {ratio} |",
                ours * operations
            );
        }
    }
    peer.end()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What is measured of ours.
struct Run {
    step: Box<dyn FnMut()>,
    batch: usize,
}

impl Run {
    fn new(model: &str, side: usize, batch: usize, training: bool) -> Self {
        let device = match training {
            true => Device::flex().autodiff(),
            false => Device::flex(),
        };
        let config = BackboneConfig::from_name(model, 10, 3, side).expect("a model of ours");
        let network = config.init(&device);
        let size = [batch, 3, side, side];
        let images = Tensor::<4>::random(size, Distribution::Normal(0.0, 1.0), &device);
        let mut step: Box<dyn FnMut()> = match training {
            true => Box::new(training_step(network.train(), images)),
            false => Box::new(move || {
                network.forward(images.clone()).into_data();
            }),
        };
        step();
        Self { step, batch }
    }

    fn images_a_second(&mut self) -> f64 {
        let start = Instant::now();
        let mut count = 0;
        while count < 3 || start.elapsed() < BUDGET {
            (self.step)();
            count += 1;
        }
        (count * self.batch) as f64 / start.elapsed().as_secs_f64()
    }
}

fn training_step(mut network: Backbone, images: Tensor<4>) -> impl FnMut() {
    let device = images.device();
    let mut adam = AdamConfig::new().init();
    let labels = Tensor::<1, Int>::arange(0..images.dims()[0] as i64, &device) % 10;
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    move || {
        let output = network.forward(images.clone());
        let loss = cross_entropy.forward(output, labels.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = adam.step(1e-3, network.clone(), gradients);
    }
}
