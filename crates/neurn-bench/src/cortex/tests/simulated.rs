//! The simulated population, of which the truth is known.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::cortex::simulated::Simulated;
use crate::cortex::{Area, CorticalLayer, Kind, Responses};

/// Pearson's r; 0 of a constant.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let centred = |values: &[f64]| -> Vec<f64> {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|value| value - mean).collect()
    };
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let (a, b) = (centred(a), centred(b));
    let scale = (dot(&a, &a) * dot(&b, &b)).sqrt();
    if scale > 0.0 {
        dot(&a, &b) / scale
    } else {
        0.0
    }
}

/// Per neuron the mean over random halves of the repeats of r between them.
pub(super) fn halves(responses: &Responses, splits: usize, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut repeats: Vec<usize> = (0..responses.repeats()).collect();
    let mut sums = vec![0.0; responses.neurons()];
    for _ in 0..splits {
        repeats.shuffle(&mut rng);
        let (first, second) = repeats.split_at(repeats.len() / 2);
        let (first, second) = (responses.mean_of(first), responses.mean_of(second));
        for (neuron, sum) in sums.iter_mut().enumerate() {
            *sum += correlation(&column(&first, neuron), &column(&second, neuron));
        }
    }
    sums.iter().map(|sum| sum / splits as f64).collect()
}

fn column(matrix: &faer::Mat<f64>, index: usize) -> Vec<f64> {
    matrix.col(index).iter().copied().collect()
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.into_iter().collect();
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn split_halves_agree_with_the_injected_noise() {
    let simulated = Simulated::default();
    let recordings = simulated.recordings();
    let expected = simulated.reliability();
    // Spearman-Brown: the reliability of all repeats from that of halves.
    let measured: Vec<f64> = halves(&recordings.responses, 20, 1)
        .into_iter()
        .map(|r| 2.0 * r / (1.0 + r))
        .collect();
    let differences: Vec<f64> = measured.iter().zip(&expected).map(|(a, b)| a - b).collect();
    let mean_reliability = mean(expected.iter().copied());
    println!(
        "reliability {mean_reliability:.3}, difference {:.4}",
        mean(differences.clone())
    );
    // The population spans what real recordings do.
    assert!(
        (0.5..0.95).contains(&mean_reliability),
        "{mean_reliability}"
    );
    // A correlation of 118 scenes has a standard error of at most
    // (1 - r^2) / sqrt(118) < 0.1 a neuron, the mean of 240 a fifteenth.
    assert!(mean(differences.iter().copied()).abs() < 0.01);
    let rms = mean(differences.iter().map(|d| d * d)).sqrt();
    assert!(rms < 0.1, "{rms}");
}

#[test]
fn the_truth_reaches_the_ceiling_and_shuffled_scenes_do_not() {
    let simulated = Simulated::default();
    let rates = simulated.rates();
    let responses = simulated.recordings().responses;
    let mut order: Vec<usize> = (0..simulated.scenes).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(5));
    let observed = responses.mean();
    let shuffled = faer::Mat::from_fn(observed.nrows(), observed.ncols(), |scene, neuron| {
        observed[(order[scene], neuron)]
    });
    let ceiling = mean(simulated.reliability().into_iter().map(f64::sqrt));
    let with = |matrix: &faer::Mat<f64>| {
        let r = |neuron| correlation(&column(&rates, neuron), &column(matrix, neuron));
        mean((0..simulated.neurons).map(r))
    };
    let (truth, chance) = (with(&observed), with(&shuffled));
    println!("ceiling {ceiling:.3}, truth {truth:.3}, shuffled {chance:.3}");
    assert!((truth - ceiling).abs() < 0.01, "{truth} for {ceiling}");
    // Neurons share the scenes, so 240 of them are fewer than 240 draws: one
    // draw has 1 / sqrt(117) = 0.09.
    assert!(chance.abs() < 0.09, "{chance}");
}

#[test]
fn noise_is_poisson() {
    let simulated = Simulated {
        repeats: 400,
        neurons: 12,
        scenes: 10,
        ..Simulated::default()
    };
    let rates = simulated.rates();
    let responses = simulated.recordings().responses;
    let repeats: Vec<_> = (0..400).map(|repeat| responses.repeat(repeat)).collect();
    for scene in 0..10 {
        for neuron in 0..12 {
            let rate = rates[(scene, neuron)];
            let counts: Vec<f64> = repeats
                .iter()
                .map(|counts| counts[(scene, neuron)])
                .collect();
            assert!(
                counts
                    .iter()
                    .all(|count| *count >= 0.0 && count.fract() == 0.0)
            );
            let average = mean(counts.iter().copied());
            let variance = mean(counts.iter().map(|count| (count - average).powi(2)));
            // Five standard errors: of the mean sqrt(rate / n), of the variance
            // sqrt((rate + 2 rate^2) / n).
            assert!(
                (average - rate).abs() < 5.0 * (rate / 400.0).sqrt(),
                "{average} for {rate}"
            );
            let error = ((rate + 2.0 * rate * rate) / 400.0).sqrt();
            assert!(
                (variance - rate).abs() < 5.0 * error + rate / 400.0,
                "{variance} for {rate}"
            );
        }
    }
}

#[test]
fn neurons_are_in_the_proportions_of_the_paper() {
    let simulated = Simulated {
        neurons: 1000,
        ..Simulated::default()
    };
    let neurons = simulated.population();
    let count = |name: &str| {
        let of = |n: &&crate::cortex::Neuron| n.genotype.as_ref().unwrap().to_string() == name;
        neurons.iter().filter(of).count()
    };
    for (name, expected) in [("Vip", 234), ("Emx1-2", 4), ("Rorb-2", 42), ("Fezf2", 10)] {
        assert_eq!(count(name), expected, "{name}");
    }
    for (area, expected) in Area::ALL.into_iter().zip([393, 256, 91, 60, 176, 24]) {
        assert_eq!(
            neurons.iter().filter(|n| n.area == Some(area)).count(),
            expected,
            "{area}"
        );
    }
    for kind in Kind::ALL {
        assert_eq!(neurons.iter().filter(|n| n.kind == Some(kind)).count(), 500);
    }
    for neuron in &neurons {
        let layer = neuron.layer.unwrap();
        match neuron.genotype.as_ref().unwrap().driver() {
            "Ntsr1" => assert_eq!(layer, CorticalLayer::Layer6),
            "Rbp4" | "Tlx3" | "Fezf2" => assert_eq!(layer, CorticalLayer::Layer5),
            _ => assert_ne!(layer, CorticalLayer::Layer6),
        }
    }
    // Fewer neurons have the same shares, rounded.
    let neurons = Simulated::default().population();
    assert_eq!(
        neurons
            .iter()
            .filter(|n| n.area == Some(Area::VISp))
            .count(),
        94
    );
    let vip = neurons
        .iter()
        .filter(|n| n.genotype.as_ref().unwrap().driver() == "Vip");
    assert_eq!(vip.count(), 56);
}

#[test]
fn excitatory_neurons_are_sparse_and_inhibitory_ones_broad() {
    let simulated = Simulated::default();
    let neurons = simulated.population();
    let rates = simulated.rates();
    // Of A. Treves and E. T. Rolls, Network 2(4), 1991: 0 of a neuron that
    // answers to all scenes alike, near 1 of one that answers to few.
    let sparseness = |kind| {
        let of = |neuron: usize| {
            let rates = column(&rates, neuron);
            let square = mean(rates.iter().map(|rate| rate * rate));
            1.0 - mean(rates).powi(2) / square
        };
        mean(
            (0..neurons.len())
                .filter(|&n| neurons[n].kind == Some(kind))
                .map(of),
        )
    };
    let [excitatory, inhibitory] = Kind::ALL.map(sparseness);
    println!("sparseness {excitatory:.3} and {inhibitory:.3}");
    assert!(excitatory > 0.4 && inhibitory < 0.2);
}

#[test]
fn images_are_of_full_contrast_and_all_different() {
    let stimuli = Simulated::default().stimuli();
    for scene in 0..stimuli.scenes() {
        let pixels = stimuli.scene(scene);
        let average = mean(pixels.iter().copied());
        let deviation = mean(pixels.iter().map(|p| (p - average).powi(2))).sqrt();
        assert!(deviation > 0.02, "scene {scene}: {deviation}");
        assert!((0..scene).all(|other| stimuli.scene(other) != pixels));
    }
}

#[test]
fn the_spectrum_falls_with_the_frequency() {
    // Steps between pixels that are 1 and 2 apart: white noise has equal ones,
    // a spectrum of 1/f has the larger ones further apart.
    let stimuli = Simulated::default().stimuli();
    let step = |apart: usize| {
        mean((0..stimuli.scenes()).flat_map(|scene| {
            let rows = stimuli.scene(scene).chunks_exact(31);
            rows.flat_map(|row| row.iter().zip(&row[apart..]))
                .map(|(a, b)| (a - b).powi(2))
                .collect::<Vec<_>>()
        }))
    };
    let steps = [1, 2, 4, 8].map(step);
    assert!(steps.is_sorted_by(|a, b| 1.2 * a < *b), "{steps:?}");
}

#[test]
fn a_seed_decides_and_threads_do_not() {
    let small = Simulated {
        scenes: 12,
        repeats: 3,
        neurons: 20,
        ..Simulated::default()
    };
    let recordings = small.recordings();
    let alone = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    assert_eq!(alone.install(|| small.recordings()), recordings);
    assert!(recordings.simulated);
    let other = Simulated {
        seed: 1,
        ..small.clone()
    }
    .recordings();
    assert_ne!(other.stimuli, recordings.stimuli);
    assert_ne!(other.responses, recordings.responses);

    // More of one thing leaves the others as they are.
    let more = Simulated {
        repeats: 5,
        scenes: 15,
        ..small
    }
    .recordings();
    let first: Vec<usize> = (0..12).collect();
    assert_eq!(more.stimuli.select(&first), recordings.stimuli);
    assert_eq!(more.neurons, recordings.neurons);
}

#[test]
fn rates_are_positive_in_any_size() {
    for (side, scenes, neurons, spikes) in [(8, 1, 1, 1e-3), (9, 2, 7, 1e3), (40, 3, 5, 2.0)] {
        let simulated = Simulated {
            scenes,
            side,
            neurons,
            spikes,
            ..Simulated::default()
        };
        let rates = simulated.rates();
        for neuron in 0..neurons {
            assert!(
                column(&rates, neuron)
                    .iter()
                    .all(|&rate| rate > 0.0 && rate <= 2.0 * spikes * (1.0 + 1e-12))
            );
        }
        let reliability = simulated.reliability();
        assert!(
            reliability.iter().all(|r| (0.0..1.0).contains(r)),
            "{reliability:?}"
        );
    }
}
