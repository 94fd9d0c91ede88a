//! The papers' measure of single units: how far two densities overlap.

use std::f64::consts::PI;

use super::pearson::{constant, mean};

/// The grid of [`kde_iou`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DensityGrid {
    /// Points, at least; 1,000 if not said.
    pub points: usize,
    /// How many of the wider bandwidth the grid reaches beyond both samples;
    /// 5 if not said, beyond which a Gaussian holds 6e-7.
    pub bandwidths: f64,
}

impl Default for DensityGrid {
    fn default() -> Self {
        Self {
            points: 1_000,
            bandwidths: 5.0,
        }
    }
}

/// Two estimated densities on one grid, and their overlap.
#[derive(Clone, Debug, PartialEq)]
pub struct DensityOverlap {
    /// Integral of min(p, q) over integral of max(p, q), in 0..=1.
    pub iou: f64,
    /// Where the curves are given, equally spaced. Empty if both samples are
    /// constant.
    pub grid: Vec<f64>,
    /// Density of the first sample; zeros of a constant one, which no curve
    /// can show.
    pub first: Vec<f64>,
    /// Density of the second sample.
    pub second: Vec<f64>,
}

/// No bandwidth is spanned by fewer points than this, if [`MOST_POINTS`]
/// allow it: the trapezoid rule then is exact to 1e-9 for a Gaussian.
const POINTS_A_BANDWIDTH: f64 = 2.0;

/// A grid never has more points; bandwidths that differ by more than about
/// 10,000 have the narrower curve cut into coarse steps.
const MOST_POINTS: usize = 1 << 16;

/// How far two samples' distributions overlap: each density is estimated with
/// a Gaussian kernel of Scott's bandwidth, `s n^(-1/5)` with `s` the sample
/// standard deviation (n - 1 below the line; D. W. Scott, Multivariate Density
/// Estimation, 1992, as SciPy's `gaussian_kde`), both on one grid, and
/// integrated by the trapezoid rule.
///
/// 1 of a sample with itself, 0 of samples far apart; symmetric. It compares
/// the values themselves, so scale both samples first
/// ([`Scaling`](super::Scaling)) if they are in different units, as
/// activations and responses are. The estimated densities are smooth: two
/// samples of 50 from one normal distribution do not reach 1 but about 0.85.
///
/// A constant sample (or a single value) has no bandwidth, and is a spike: it
/// overlaps wholly (1) with a spike at the same place, and with anything else
/// not at all (0).
///
/// # Panics
///
/// If a sample is empty or has a value that is no number, or if the grid has
/// fewer than 2 points or reaches less than nothing beyond the samples.
pub fn kde_iou(first: &[f64], second: &[f64], settings: DensityGrid) -> DensityOverlap {
    let DensityGrid { points, bandwidths } = settings;
    assert!(
        points > 1 && bandwidths >= 0.0,
        "a grid of {points} points, {bandwidths} beyond the ends"
    );
    for sample in [first, second] {
        assert!(!sample.is_empty(), "density of no values");
        assert!(
            sample.iter().all(|value| value.is_finite()),
            "density of what is no number"
        );
    }
    let (wide, narrow) = match (bandwidth(first), bandwidth(second)) {
        (None, None) => {
            return DensityOverlap {
                iou: f64::from(first[0] == second[0]),
                grid: Vec::new(),
                first: Vec::new(),
                second: Vec::new(),
            };
        }
        (Some(a), Some(b)) => (a.max(b), a.min(b)),
        (Some(one), None) | (None, Some(one)) => (one, one),
    };
    let both = || first.iter().chain(second).copied();
    let low = both().fold(f64::INFINITY, f64::min) - bandwidths * wide;
    let high = both().fold(f64::NEG_INFINITY, f64::max) + bandwidths * wide;
    let needed = ((high - low) / narrow * POINTS_A_BANDWIDTH) as usize;
    let points = points.max(needed.min(MOST_POINTS));
    let step = (high - low) / (points - 1) as f64;
    let grid: Vec<f64> = (0..points).map(|point| low + step * point as f64).collect();

    let first = density(first, &grid);
    let second = density(second, &grid);
    let (mut least, mut most) = (0.0, 0.0);
    for (point, (&p, &q)) in first.iter().zip(&second).enumerate() {
        let weight = if point == 0 || point == points - 1 {
            0.5
        } else {
            1.0
        };
        least += weight * p.min(q);
        most += weight * p.max(q);
    }
    DensityOverlap {
        iou: least / most,
        grid,
        first,
        second,
    }
}

/// Scott's; `None` of a sample that does not vary.
pub(crate) fn bandwidth(sample: &[f64]) -> Option<f64> {
    if constant(sample) {
        return None;
    }
    let mean = mean(sample);
    let squares: f64 = sample.iter().map(|value| (value - mean).powi(2)).sum();
    let count = sample.len() as f64;
    let bandwidth = (squares / (count - 1.0)).sqrt() * count.powf(-0.2);
    // Values that differ by less than can be squared.
    (bandwidth > 0.0).then_some(bandwidth)
}

/// At these places; zeros of a sample that does not vary.
pub(crate) fn density(sample: &[f64], grid: &[f64]) -> Vec<f64> {
    let Some(bandwidth) = bandwidth(sample) else {
        return vec![0.0; grid.len()];
    };
    let height = 1.0 / (sample.len() as f64 * bandwidth * (2.0 * PI).sqrt());
    grid.iter()
        .map(|point| {
            let kernels = sample.iter().map(|value| {
                let distance = (point - value) / bandwidth;
                (-0.5 * distance * distance).exp()
            });
            height * kernels.sum::<f64>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn iou(a: &[f64], b: &[f64]) -> f64 {
        kde_iou(a, b, DensityGrid::default()).iou
    }

    #[test]
    fn spikes() {
        assert_eq!(iou(&[0.1; 3], &[0.1; 5]), 1.0);
        assert_eq!(iou(&[0.1; 3], &[0.2; 3]), 0.0);
        assert_eq!(iou(&[0.1; 3], &[0.0, 0.1, 0.2]), 0.0);
        assert_eq!(iou(&[0.0, 0.1, 0.2], &[0.1]), 0.0);
        assert_eq!(iou(&[1.0], &[1.0]), 1.0);
    }

    #[test]
    fn far_apart_they_do_not_overlap() {
        assert!(iou(&[0.0, 1.0, 2.0], &[100.0, 101.0, 102.0]) < 1e-12);
    }

    #[test]
    fn each_curve_holds_one() {
        // The second is 1,000 times as narrow.
        let overlap = kde_iou(
            &[0.0, 1.0, 5.0],
            &[2.0, 2.001, 2.003],
            DensityGrid::default(),
        );
        let step = overlap.grid[1] - overlap.grid[0];
        for curve in [&overlap.first, &overlap.second] {
            let area = step * curve.iter().sum::<f64>();
            // Each tail beyond 5 bandwidths holds 3e-7.
            assert!((area - 1.0).abs() < 1e-6, "{area}");
        }
    }

    proptest! {
        #[test]
        fn perfect_with_itself_symmetric_and_a_share(
            a in prop::collection::vec(-10.0..10.0_f64, 1..30),
            b in prop::collection::vec(-10.0..10.0_f64, 1..30),
        ) {
            prop_assert_eq!(iou(&a, &a), 1.0);
            prop_assert_eq!(iou(&a, &b), iou(&b, &a));
            prop_assert!((0.0..=1.0).contains(&iou(&a, &b)));
        }

        /// The grid moves and stretches with the samples.
        #[test]
        fn one_scale_and_offset_for_both_changes_nothing(
            a in prop::collection::vec(-1.0..1.0_f64, 3..20),
            b in prop::collection::vec(-1.0..1.0_f64, 3..20),
            scale in 0.1..10.0_f64,
            offset in -5.0..5.0_f64,
        ) {
            let moved = |sample: &[f64]| -> Vec<f64> {
                sample.iter().map(|value| value * scale + offset).collect()
            };
            prop_assert!((iou(&a, &b) - iou(&moved(&a), &moved(&b))).abs() < 1e-8);
        }
    }
}
