//! Which neurons there are.

use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

use crate::cortex::{Area, CorticalLayer, Genotype, Neuron};

/// Neurons of the paper in every area.
const AREAS: [(Area, usize); 6] = [
    (Area::VISp, 393),
    (Area::VISl, 256),
    (Area::VISpm, 176),
    (Area::VISrl, 91),
    (Area::VISal, 60),
    (Area::VISam, 24),
];

/// Neurons of the paper of every genotype: 500 inhibitory, 500 excitatory.
const GENOTYPES: [(&str, usize); 22] = [
    ("Vip", 234),
    ("Sst", 157),
    ("Pvalb", 109),
    ("Emx1-1", 93),
    ("Emx1-2", 4),
    ("Emx1-3", 7),
    ("Slc17a7-1", 83),
    ("Slc17a7-2", 8),
    ("Cux2-1", 51),
    ("Cux2-2", 39),
    ("Cux2-3", 35),
    ("Rorb-1", 29),
    ("Rorb-2", 42),
    ("Nr5a1-1", 8),
    ("Nr5a1-2", 20),
    ("Ntsr1", 19),
    ("Tlx3", 16),
    ("Rbp4-1", 6),
    ("Rbp4-2", 14),
    ("Scnn1a-1", 6),
    ("Scnn1a-2", 10),
    ("Fezf2", 10),
];

/// The depths in micrometres that the lines which mark no layer are imaged at.
const DEPTHS: [f64; 3] = [175.0, 275.0, 375.0];

/// `count` neurons, areas and genotypes in proportion and apart from each
/// other at random.
pub(super) fn draw(count: usize, rng: &mut ChaCha8Rng) -> Vec<Neuron> {
    let mut areas = spread(&AREAS.map(|(_, share)| share), count);
    areas.shuffle(rng);
    let genotypes = spread(&GENOTYPES.map(|(_, share)| share), count);
    areas
        .into_iter()
        .zip(genotypes)
        .enumerate()
        .map(|(index, (area, genotype))| {
            let genotype: Genotype = GENOTYPES[genotype].0.parse().expect("a line");
            let depth = DEPTHS.choose(rng).copied().expect("some depths");
            Neuron {
                id: format!("simulated/{index}"),
                area: Some(AREAS[area].0),
                layer: CorticalLayer::at(depth, Some(genotype.driver())),
                kind: genotype.kind(),
                genotype: Some(genotype),
            }
        })
        .collect()
}

/// `count` numbers of shares, those of one share behind each other: every
/// share gets its part rounded down, and what is left goes to the largest
/// remainders (Hamilton's method), of equal ones to the first.
fn spread(shares: &[usize], count: usize) -> Vec<usize> {
    let total: usize = shares.iter().sum();
    let mut parts: Vec<usize> = shares.iter().map(|share| share * count / total).collect();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(shares[index] * count % total));
    let left = count - parts.iter().sum::<usize>();
    for &index in order.iter().take(left) {
        parts[index] += 1;
    }
    parts
        .iter()
        .enumerate()
        .flat_map(|(index, &part)| std::iter::repeat_n(index, part))
        .collect()
}
