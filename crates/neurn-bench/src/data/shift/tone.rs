//! Values changed where they stand.

/// The mean of a plane.
pub(super) fn mean(plane: &[f32]) -> f32 {
    let sum: f64 = plane.iter().copied().map(f64::from).sum();
    (sum / plane.len() as f64) as f32
}

/// `mean + factor * (x - mean)`
pub(super) fn contrast(plane: &mut [f32], factor: f32) {
    let mean = mean(plane);
    for value in plane {
        *value = mean + factor * (*value - mean);
    }
}

/// `x + offset`
pub(super) fn brighten(plane: &mut [f32], offset: f32) {
    for value in plane {
        *value += offset;
    }
}

/// `1 - x` in the outer `round(share * width / 2)` columns on either side, all
/// of them where the sides meet.
pub(super) fn invert_sides(plane: &mut [f32], width: usize, share: f32) {
    let columns = (share * width as f32 / 2.0).round() as usize;
    for row in plane.chunks_exact_mut(width) {
        for (x, value) in row.iter_mut().enumerate() {
            if x.min(width - 1 - x) < columns {
                *value = 1.0 - *value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inversion_grows_from_the_sides_to_the_whole() {
        let inverted = |width: usize, share: f32| -> String {
            let mut plane = vec![0.25; 2 * width];
            invert_sides(&mut plane, width, share);
            let (first, second) = plane.split_at(width);
            assert_eq!(first, second);
            let sign = |&x: &f32| if x == 0.75 { '-' } else { '+' };
            first.iter().map(sign).collect()
        };
        assert_eq!(inverted(8, 0.0), "++++++++");
        assert_eq!(inverted(8, 0.25), "-++++++-");
        assert_eq!(inverted(8, 0.5), "--++++--");
        assert_eq!(inverted(8, 1.0), "--------");
        assert_eq!(inverted(5, 0.8), "--+--");
        assert_eq!(inverted(5, 1.0), "-----");
        assert_eq!(inverted(1, 1.0), "-");
    }
}
