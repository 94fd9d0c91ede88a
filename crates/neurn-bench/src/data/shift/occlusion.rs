//! A square laid over an image.

use std::ops::Range;

use super::tone::mean;

/// The rows and columns of a square of `round(fraction * shorter side)` pixels
/// in an image of `[height, width]`. `place`, in 0..1 on either axis, makes all
/// the places within the image equally likely. At one place a larger square
/// covers all that a smaller one does.
pub(super) fn square(fraction: f64, place: [f32; 2], size: [usize; 2]) -> [Range<usize>; 2] {
    let side = (fraction * size[0].min(size[1]) as f64).round() as usize;
    [0, 1].map(|axis| {
        let places = size[axis] - side + 1;
        // In f64 the product is exact, and therefore below `places`.
        let start = (f64::from(place[axis]) * places as f64) as usize;
        start..start + side
    })
}

/// Gives a square of a plane `width` wide the plane's mean.
pub(super) fn cover(plane: &mut [f32], width: usize, [rows, columns]: &[Range<usize>; 2]) {
    let mean = mean(plane);
    for row in rows.clone() {
        plane[row * width..][columns.clone()].fill(mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: [f32; 6] = [0.0, 0.2, 0.5, 0.77, 0.9, 1.0 - f32::EPSILON / 2.0];

    #[test]
    fn the_square_has_its_side_and_lies_within() {
        for size in [[1, 1], [5, 9], [28, 28], [32, 32], [40, 33]] {
            for fraction in [0.0, 0.2, 0.3, 0.5, 1.0] {
                for place in PLACES {
                    let square = square(fraction, [place, 1.0 - place.max(0.1)], size);
                    let side = (fraction * size[0].min(size[1]) as f64).round() as usize;
                    for (range, extent) in square.iter().zip(size) {
                        assert_eq!(range.len(), side);
                        assert!(range.end <= extent);
                    }
                }
            }
        }
    }

    #[test]
    fn the_ends_of_chance_are_the_ends_of_the_image() {
        assert_eq!(square(0.5, [0.0, PLACES[5]], [8, 10]), [0..4, 6..10]);
    }

    #[test]
    fn a_larger_square_covers_a_smaller_one() {
        for size in [[32, 32], [17, 30]] {
            for place in PLACES {
                let squares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0]
                    .map(|fraction| square(fraction, [place; 2], size));
                for pair in squares.windows(2) {
                    for (small, large) in pair[0].iter().zip(&pair[1]) {
                        assert!(large.start <= small.start && small.end <= large.end);
                    }
                }
            }
        }
    }
}
