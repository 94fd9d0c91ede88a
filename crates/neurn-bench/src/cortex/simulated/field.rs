//! What one neuron answers to every scene.

use std::f64::consts::{PI, TAU};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::cortex::{Area, Kind, Neuron, Stimuli};

/// Orientations of a pool.
const ORIENTATIONS: usize = 4;

/// The contrast at which normalization begins, as the energy of a grating: a
/// tenth of black and white.
const SEMI_SATURATION: f64 = 0.1 * 0.1 / 4.0;

/// A pair of Gabor functions a quarter of a wave apart.
struct Gabor {
    even: Vec<f64>,
    odd: Vec<f64>,
}

/// Where a neuron looks and what for. Lengths are in pixels.
#[derive(Clone, Copy)]
struct Field {
    centre: [f64; 2],
    /// Standard deviation of the envelope.
    width: f64,
    period: f64,
    orientation: f64,
}

/// The expected spikes to every scene.
pub(super) fn rates(
    stimuli: &Stimuli,
    neuron: &Neuron,
    spikes: f64,
    rng: &mut ChaCha8Rng,
) -> Vec<f64> {
    let inhibitory = neuron.kind == Some(Kind::Inhibitory);
    let field = Field::draw(stimuli.width() as f64, neuron.area, inhibitory, rng);
    let own: Vec<Gabor> = if inhibitory {
        field.turned(stimuli).collect()
    } else {
        vec![field.gabor(stimuli)]
    };
    let wide = Field {
        width: 2.0 * field.width,
        ..field
    };
    let pool: Vec<Gabor> = wide.turned(stimuli).collect();
    let drives: Vec<f64> = (0..stimuli.scenes())
        .map(|scene| {
            let pixels = stimuli.scene(scene);
            let normalized = energy(&own, pixels) / (SEMI_SATURATION + energy(&pool, pixels));
            if inhibitory {
                normalized.sqrt()
            } else {
                normalized.powi(2)
            }
        })
        .collect();

    let (baseline, most) = if inhibitory {
        (0.25 * spikes, 2.0 * spikes)
    } else {
        (0.02 * spikes, spikes)
    };
    // The best scene has the most spikes; if all are blank, none has any but
    // those of the baseline.
    let best = drives.iter().copied().fold(0.0, f64::max);
    let gain = if best > 0.0 {
        (most - baseline) / best
    } else {
        0.0
    };
    drives.iter().map(|drive| baseline + gain * drive).collect()
}

/// The mean energy of the Gabors.
fn energy(gabors: &[Gabor], pixels: &[f64]) -> f64 {
    let dot = |filter: &[f64]| -> f64 { filter.iter().zip(pixels).map(|(f, p)| f * p).sum() };
    let sum: f64 = gabors
        .iter()
        .map(|gabor| dot(&gabor.even).powi(2) + dot(&gabor.odd).powi(2))
        .sum();
    sum / gabors.len() as f64
}

impl Field {
    fn draw(side: f64, area: Option<Area>, inhibitory: bool, rng: &mut ChaCha8Rng) -> Self {
        let larger = match area {
            None | Some(Area::VISp) => 1.0,
            Some(Area::VISl | Area::VISrl) => 1.25,
            Some(Area::VISal) => 1.4,
            Some(Area::VISpm | Area::VISam) => 1.6,
        };
        let broader = if inhibitory { 1.5 } else { 1.0 };
        let period = side * rng.random_range(0.13..0.35);
        Self {
            centre: [0, 1].map(|_| side * rng.random_range(0.2..0.8)),
            width: 0.4 * period * larger * broader,
            period,
            orientation: rng.random_range(0.0..PI),
        }
    }

    /// The same at equal steps of orientation.
    fn turned(self, stimuli: &Stimuli) -> impl Iterator<Item = Gabor> {
        (0..ORIENTATIONS).map(move |step| {
            let turn = PI * step as f64 / ORIENTATIONS as f64;
            let orientation = self.orientation + turn;
            Self {
                orientation,
                ..self
            }
            .gabor(stimuli)
        })
    }

    /// Both functions have no response to a plane of one grey. Their scale is
    /// such that a grating of half the range, in phase, gives about 1/4.
    fn gabor(self, stimuli: &Stimuli) -> Gabor {
        let (height, width) = (stimuli.height(), stimuli.width());
        let (sin, cos) = self.orientation.sin_cos();
        let mut envelope = Vec::with_capacity(height * width);
        let mut phases = Vec::with_capacity(height * width);
        for pixel in 0..height * width {
            let x = (pixel % width) as f64 - self.centre[0];
            let y = (pixel / width) as f64 - self.centre[1];
            envelope.push((-0.5 * (x * x + y * y) / (self.width * self.width)).exp());
            phases.push(TAU * (cos * x + sin * y) / self.period);
        }
        let sum: f64 = envelope.iter().sum();
        envelope.iter_mut().for_each(|value| *value /= sum);
        let balanced = |wave: fn(f64) -> f64| -> Vec<f64> {
            let pairs = || envelope.iter().zip(&phases);
            let mean: f64 = pairs().map(|(e, &phase)| e * wave(phase)).sum();
            pairs()
                .map(|(e, &phase)| e * (wave(phase) - mean))
                .collect()
        };
        Gabor {
            even: balanced(f64::cos),
            odd: balanced(f64::sin),
        }
    }
}
