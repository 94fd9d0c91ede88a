//! A Gaussian blur of one plane.

/// Blurs a plane of `[height, width]` by a Gaussian of this standard deviation
/// (in pixels), which is cut off at 2.5 of them; the border is continued
/// outwards. Below a deviation of 0.1 nothing changes.
///
/// `image::imageops::blur` cuts off nearer than that, at two deviations where
/// the deviation is one pixel.
pub(super) fn blur(values: &mut [f32], [height, width]: [usize; 2], deviation: f32) {
    if deviation < 0.1 {
        return;
    }
    let reach = (2.5 * deviation).ceil() as usize;
    let weights: Vec<f32> = (0..=2 * reach)
        .map(|i| {
            let distance = (i as f32 - reach as f32) / deviation;
            (-0.5 * distance * distance).exp()
        })
        .collect();
    let total: f32 = weights.iter().sum();
    let mut blurred = vec![0.0; height.max(width)];
    // Along the rows, then along the columns.
    for (lines, line_step, length, step) in [(height, width, width, 1), (width, 1, height, width)] {
        let blurred = &mut blurred[..length];
        for line in 0..lines {
            for (i, out) in blurred.iter_mut().enumerate() {
                let sum: f32 = weights
                    .iter()
                    .enumerate()
                    .map(|(k, weight)| {
                        let at = (i + k).saturating_sub(reach).min(length - 1);
                        weight * values[line * line_step + at * step]
                    })
                    .sum();
                *out = sum / total;
            }
            for (i, value) in blurred.iter().enumerate() {
                values[line * line_step + i * step] = *value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ```python
    /// import numpy as np
    /// from scipy import ndimage  # 1.17.1
    ///
    /// y, x = np.mgrid[:4, :6]
    /// v = ((31 * y + 17 * x) % 29) / 29
    /// print(ndimage.gaussian_filter(v, 1.2, mode="nearest", radius=3))
    /// ```
    #[test]
    fn agrees_with_scipy() {
        #[rustfmt::skip]
        let blurred: [f64; 24] = [
            0.194269269, 0.334872434, 0.442417472, 0.512628011, 0.546536920, 0.576026656,
            0.239236674, 0.379839839, 0.482502588, 0.525005014, 0.480390895, 0.398760248,
            0.294717070, 0.435320235, 0.534532923, 0.557455459, 0.457353178, 0.297199505,
            0.339684475, 0.480287639, 0.578282918, 0.594296375, 0.474614204, 0.286752417,
        ];
        let at = |i: usize| (31 * (i / 6) + 17 * (i % 6)) % 29;
        let mut values: Vec<f32> = (0..24).map(|i| at(i) as f32 / 29.0).collect();
        blur(&mut values, [4, 6], 1.2);
        for (i, (&value, expected)) in values.iter().zip(blurred).enumerate() {
            // Two sums of seven products, each over a sum of seven weights.
            let error = (f64::from(value) - expected).abs();
            assert!(
                error < 32.0 * f64::from(f32::EPSILON),
                "{i}: {value} for {expected}"
            );
        }
    }

    #[test]
    fn what_is_flat_stays_flat() {
        for size in [[1, 1], [1, 9], [9, 1], [5, 8]] {
            let mut values = vec![0.3; size[0] * size[1]];
            blur(&mut values, size, 2.0);
            for value in values {
                // Two sums of eleven products, each over a sum of eleven weights.
                assert!((value - 0.3).abs() < 0.3 * 48.0 * f32::EPSILON, "{value}");
            }
            let mut ones = vec![1.0; size[0] * size[1]];
            blur(&mut ones, size, 2.0);
            assert!(ones.iter().all(|&value| value == 1.0), "{size:?}");
        }
    }

    #[test]
    fn hardly_a_deviation_changes_nothing() {
        let mut values = [0.0, 1.0, 0.5, 0.25];
        blur(&mut values, [2, 2], 0.05);
        assert_eq!(values, [0.0, 1.0, 0.5, 0.25]);
    }
}
