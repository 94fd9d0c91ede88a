//! A population of neurons of which the true answer is known.
//!
//! Every neuron has a Gabor energy E = (w . g_cos)^2 + (w . g_sin)^2 (E. H.
//! Adelson, J. R. Bergen, JOSA A 2(2), 1985), divided by what its neighbours
//! see, E / (s^2 + mean of the pool) (D. J. Heeger, "Normalization of cell
//! responses in cat striate cortex", Visual Neuroscience 9(2), 1992). The pool
//! are Gabor energies of four orientations under an envelope twice as wide, in
//! the same place.
//!
//! - An excitatory neuron is sparse: it prefers one orientation, and its rate
//!   goes with the square of the normalized energy.
//! - An inhibitory neuron is broadly tuned: it adds up the energies of four
//!   orientations in a larger place, its rate goes with the square root of the
//!   normalized energy, and it is never far from its baseline.
//!
//! Receptive fields are larger in the areas beyond VISp. Areas and genotypes
//! have the shares of the 1,000 neurons of the paper; layers are those that
//! the driver lines mark. The counts of spikes are Poisson, independent given
//! the rate, so the noise has the variance of the mean.
//!
//! What comes out is made up: it shows that a measure finds what is there, and
//! nothing about mice.

use faer::Mat;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};
use rayon::prelude::*;

use super::{Neuron, Recordings, Responses, Stimuli};

mod field;
mod population;
mod scene;

/// How the population is made up. All of it follows from these numbers, on any
/// number of threads.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// Images.
    pub scenes: usize,
    /// Their height and width in pixels, at least 8.
    pub side: usize,
    /// How often each of them is shown.
    pub repeats: usize,
    /// Neurons.
    pub neurons: usize,
    /// Spikes of an excitatory neuron to the scene that it likes best;
    /// inhibitory ones have twice as many. The more, the less noise.
    pub spikes: f64,
    /// What the images, the neurons and the noise are drawn from.
    pub seed: u64,
}

/// Streams of random numbers, so that more neurons do not change the images.
/// Each has room for 2^32 draws of its kind.
#[derive(Clone, Copy)]
enum Stream {
    Scene = 1,
    Population = 2,
    Neuron = 3,
    Noise = 4,
}

impl Default for Simulated {
    /// 118 scenes of 31x31 as the Allen Brain Observatory has, 10 repeats, 240
    /// neurons, 2 spikes.
    fn default() -> Self {
        Self {
            scenes: 118,
            side: 31,
            repeats: 10,
            neurons: 240,
            spikes: 2.0,
            seed: 0,
        }
    }
}

impl Simulated {
    /// The images: 1/f noise behind and over a few things with edges.
    ///
    /// # Panics
    ///
    /// If there are no scenes or the side is less than 8.
    pub fn stimuli(&self) -> Stimuli {
        assert!(self.side >= 8, "images of {0}x{0}", self.side);
        let values: Vec<Vec<f64>> = (0..self.scenes)
            .into_par_iter()
            .map(|scene| scene::draw(self.side, &mut self.rng(Stream::Scene, scene)))
            .collect();
        Stimuli::new(self.scenes, self.side, self.side, values.concat())
            .expect("at least one scene, kept within 0..=1")
    }

    /// The neurons in the order of the responses.
    pub fn population(&self) -> Vec<Neuron> {
        population::draw(self.neurons, &mut self.rng(Stream::Population, 0))
    }

    /// The truth: the expected number of spikes, scenes x neurons, all above
    /// 0.
    ///
    /// # Panics
    ///
    /// If there are no scenes or neurons, the side is less than 8, or the
    /// spikes are not positive and finite.
    pub fn rates(&self) -> Mat<f64> {
        self.rates_of(&self.stimuli(), &self.population())
    }

    /// What is recorded: the images, and counts of spikes.
    ///
    /// # Panics
    ///
    /// As [`rates`](Self::rates), and if there are no repeats.
    pub fn recordings(&self) -> Recordings {
        let (stimuli, neurons) = (self.stimuli(), self.population());
        let rates = self.rates_of(&stimuli, &neurons);
        let values: Vec<Vec<f64>> = (0..self.repeats)
            .into_par_iter()
            .map(|repeat| self.counts(&rates, &mut self.rng(Stream::Noise, repeat)))
            .collect();
        let responses = Responses::new(self.repeats, self.scenes, self.neurons, values.concat())
            .expect("at least one repeat of finite counts");
        Recordings::new("simulated", true, stimuli, responses, neurons)
            .expect("as many scenes and neurons as responses")
    }

    /// The expected reliability of every neuron's mean over the repeats: the
    /// variance of its rate over the scenes (1/(n - 1)) as a part of the
    /// variance of that mean, `signal / (signal + noise / repeats)`, where the
    /// noise of Poisson counts is the mean rate. 0 of a neuron that does not
    /// tell the scenes apart.
    ///
    /// It is what split halves with the Spearman-Brown formula estimate, and
    /// its square root is the expected correlation with the truth, so the most
    /// that any model can reach.
    ///
    /// # Panics
    ///
    /// As [`recordings`](Self::recordings).
    pub fn reliability(&self) -> Vec<f64> {
        assert!(self.repeats > 0, "no repeats");
        let rates = self.rates();
        rates
            .col_iter()
            .map(|rates| {
                let mean = rates.iter().sum::<f64>() / self.scenes as f64;
                let squares: f64 = rates.iter().map(|rate| (rate - mean).powi(2)).sum();
                // The sum of one scene is 0, whatever it is divided by.
                let signal = squares / (self.scenes - 1).max(1) as f64;
                signal / (signal + mean / self.repeats as f64)
            })
            .collect()
    }

    fn rates_of(&self, stimuli: &Stimuli, neurons: &[Neuron]) -> Mat<f64> {
        assert!(!neurons.is_empty(), "no neurons");
        assert!(
            self.spikes.is_finite() && self.spikes > 0.0,
            "{} spikes",
            self.spikes
        );
        let columns: Vec<Vec<f64>> = neurons
            .par_iter()
            .enumerate()
            .map(|(index, neuron)| {
                let mut rng = self.rng(Stream::Neuron, index);
                field::rates(stimuli, neuron, self.spikes, &mut rng)
            })
            .collect();
        Mat::from_fn(self.scenes, self.neurons, |scene, neuron| {
            columns[neuron][scene]
        })
    }

    /// One repeat, scenes x neurons.
    fn counts(&self, rates: &Mat<f64>, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let mut counts = Vec::with_capacity(self.scenes * self.neurons);
        for scene in 0..self.scenes {
            for neuron in 0..self.neurons {
                let poisson =
                    Poisson::new(rates[(scene, neuron)]).expect("rates are above 0 and finite");
                counts.push(poisson.sample(rng));
            }
        }
        counts
    }

    fn rng(&self, stream: Stream, index: usize) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(((stream as u64) << 32) + index as u64);
        rng
    }
}
