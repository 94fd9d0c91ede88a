//! Steps of training beside PyTorch's on the same machine, timed in turn in one
//! run: forward, cross-entropy, backward, Adam.
//!
//! ```text
//! python3 -m venv peers && peers/bin/pip install -r benches/peers/requirements.txt
//! PYTHON=peers/bin/python cargo bench --bench training [-- MODEL]
//! ```

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Int, Tensor};
use neurn_models::BackboneConfig;

/// Model and batch.
const TRAININGS: [(&str, usize); 3] = [("digit-net-small", 64), ("digit-net", 64), ("vgg19", 32)];
const BUDGET: Duration = Duration::from_secs(4);

fn main() -> Result<(), Box<dyn Error>> {
    let threads = std::thread::available_parallelism()?.get();
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../benches/training/training.py"
    );
    let mut peer = Command::new(python)
        .args([script, &threads.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut ask = peer.stdin.take().ok_or("no stdin")?;
    let mut answers = BufReader::new(peer.stdout.take().ok_or("no stdout")?).lines();

    println!("images a second on 32x32x3, {threads} threads; in brackets of PyTorch's");
    println!("| model | batch | one run | {threads} runs at a time, together | PyTorch |");
    println!("|---|--:|--:|--:|--:|");
    let named = std::env::args().nth(1).filter(|name| name != "--bench");
    let asked = |model: &str| named.as_deref().is_none_or(|named| named == model);
    for (model, batch) in TRAININGS.into_iter().filter(|(model, _)| asked(model)) {
        let before = steps(model, batch);
        writeln!(ask, "{model} {batch}")?;
        let answer = answers.next().ok_or("the script ended")??;
        let theirs = answer.trim().parse::<f64>().ok();
        // Ours before and after.
        let alone = (before + steps(model, batch)) / 2.0;
        let together: f64 = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..threads)
                .map(|_| scope.spawn(|| steps(model, batch)))
                .collect();
            runs.into_iter().filter_map(|run| run.join().ok()).sum()
        });
        let cell = |ours: f64| match theirs {
            Some(theirs) => format!("{ours:.0} ({:.2})", ours / theirs),
            None => format!("{ours:.0}"),
        };
        let peer = theirs.map_or("-".into(), |theirs| format!("{theirs:.0}"));
        println!(
            "| {model} | {batch} | {} | {} | {peer} |",
            cell(alone),
            cell(together)
        );
    }
    drop(ask);
    peer.wait()?;
    Ok(())
}

/// Images a second over steps of training.
fn steps(model: &str, batch: usize) -> f64 {
    let device = Device::flex().autodiff();
    let config = BackboneConfig::from_name(model, 10, 3, 32).expect("a model of ours");
    let mut network = config.init(&device).train();
    let mut adam = AdamConfig::new().with_epsilon(1e-8).init();
    let images = Tensor::<4>::random([batch, 3, 32, 32], Distribution::Normal(0.0, 1.0), &device);
    let labels = Tensor::<1, Int>::arange(0..batch as i64, &device) % 10;
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    let mut step = || {
        let output = network.forward(images.clone());
        let loss = cross_entropy.forward(output, labels.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = adam.step(1e-3, network.clone(), gradients);
    };
    step();
    let start = Instant::now();
    let mut count = 0;
    while count < 3 || start.elapsed() < BUDGET {
        step();
        count += 1;
    }
    (count * batch) as f64 / start.elapsed().as_secs_f64()
}
