//! NeuRN's forward pass beside OpenCV, PyTorch (eager and compiled) and SciPy,
//! timed in turn in one run, as ratios.
//!
//! ```text
//! python3 -m venv peers && peers/bin/pip install -r benches/peers/requirements.txt
//! PYTHON=peers/bin/python cargo bench --bench peers
//! ```

use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use burn::tensor::{Device, Distribution, Tensor};
use neurn_core::NeuRnConfig;

const SHAPES: [[usize; 4]; 3] = [[64, 3, 32, 32], [8, 3, 224, 224], [1, 3, 1080, 1920]];
const PEERS: [&str; 4] = ["opencv", "torch_eager", "torch_compiled", "scipy"];

fn main() -> Result<(), Box<dyn Error>> {
    let threads = std::thread::available_parallelism()?.to_string();
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/peers/peers.py");
    let mut peers = Command::new(python)
        .args([script, &threads])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut ask = peers.stdin.take().ok_or("no stdin")?;
    let mut answers = BufReader::new(peers.stdout.take().ok_or("no stdout")?).lines();

    println!("milliseconds, and how many times ours; {threads} threads");
    println!("| shape | k | copy | neurn | {} |", PEERS.join(" | "));
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    let device = Device::default();
    for shape in SHAPES {
        let images = Tensor::<4>::random(shape, Distribution::Uniform(0.0, 1.0), &device);
        let copy = median(|| images.clone() + 0.0);
        let name = shape.map(|side| side.to_string());
        for k in [3, 5, 7, 9, 15] {
            let neurn = NeuRnConfig::new(k).init();
            let forward = || median(|| neurn.forward(images.clone()));
            let mut ours = vec![forward()];
            let mut theirs = Vec::new();
            for peer in PEERS {
                writeln!(ask, "{peer} {} {k}", name.join(" "))?;
                let answer = answers.next().ok_or("the script ended")??;
                theirs.push(answer.trim().parse::<f64>().ok());
                ours.push(forward());
            }
            // Ours before and after each peer; the median of all.
            ours.sort_by(f64::total_cmp);
            let ours = ours[ours.len() / 2];
            let cells: Vec<String> = theirs
                .iter()
                .map(|theirs| match theirs {
                    Some(time) => format!("{time:.2} ({:.1})", time / ours),
                    None => "-".into(),
                })
                .collect();
            println!(
                "| {} | {k} | {copy:.3} | {ours:.3} | {} |",
                name.join("x"),
                cells.join(" | ")
            );
        }
    }
    drop(ask);
    peers.wait()?;
    Ok(())
}

/// In milliseconds.
fn median(mut run: impl FnMut() -> Tensor<4>) -> f64 {
    black_box(run());
    let mut times = Vec::new();
    let begin = Instant::now();
    while times.len() < 5 || begin.elapsed() < Duration::from_millis(500) {
        let start = Instant::now();
        black_box(run());
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
