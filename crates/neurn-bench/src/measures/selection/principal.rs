//! Where a layout starts: the plane in which rows differ most.

use faer::{MatRef, Side};

/// The largest coordinate, as in umap-learn.
const SPREAD: f64 = 10.0;

/// The part of the first eigenvalue below which another is a rounding.
const ROUNDING: f64 = 1e-12;

/// Coordinates of every row on the first two principal components of a matrix
/// (rows x columns) whose columns have a mean of 0, scaled alike so that the
/// largest is 10 from 0. A component's sign is the one that makes its largest
/// coordinate positive. What varies in fewer directions has zeros in the rest.
///
/// # Panics
///
/// If a value is no finite number.
pub(super) fn plane(centred: MatRef<'_, f64>) -> Vec<[f64; 2]> {
    let (rows, columns) = centred.shape();
    let mut plane = vec![[0.0; 2]; rows];
    let side = rows.min(columns);
    if side == 0 {
        return plane;
    }
    // The smaller of the two products, which have the same eigenvalues.
    let wide = rows <= columns;
    let product = if wide {
        centred * centred.transpose()
    } else {
        centred.transpose() * centred
    };
    let eigen = product
        .self_adjoint_eigen(Side::Lower)
        .expect("a symmetric matrix of finite numbers has eigenvectors");
    // In ascending order.
    let values = eigen.S().column_vector();
    for axis in 0..side.min(2) {
        let place = side - 1 - axis;
        let value = values[place];
        if value <= ROUNDING * values[side - 1] {
            break;
        }
        let vector = eigen.U().col(place);
        let along = if wide {
            vector * faer::Scale(value.sqrt())
        } else {
            centred * vector
        };
        let sign = largest(along.iter().copied()).signum();
        for (point, coordinate) in plane.iter_mut().zip(along.iter()) {
            point[axis] = sign * coordinate;
        }
    }
    let reach = largest(plane.iter().flatten().copied()).abs();
    if reach > 0.0 {
        for coordinate in plane.iter_mut().flatten() {
            *coordinate *= SPREAD / reach;
        }
    }
    plane
}

/// The value that is farthest from 0, the first of equals.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |largest: f64, value| {
        if value.abs() > largest.abs() {
            value
        } else {
            largest
        }
    })
}

#[cfg(test)]
mod tests {
    use faer::Mat;

    use super::*;

    /// Four corners, whose components are the axes: 2 and 1 long.
    const CORNERS: [[f64; 2]; 4] = [[-2.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.0, -1.0]];

    /// The corners in `columns` dimensions, the long axis in the last.
    fn corners(columns: usize) -> Mat<f64> {
        Mat::from_fn(4, columns, |row, column| match column {
            0 => CORNERS[row][1],
            _ if column == columns - 1 => CORNERS[row][0],
            _ => 0.0,
        })
    }

    #[test]
    fn the_longest_axis_comes_first_whatever_the_shape() {
        for columns in [2, 3, 4, 9] {
            let plane = plane(corners(columns).as_ref());
            for (point, corner) in plane.iter().zip(CORNERS) {
                for axis in 0..2 {
                    // Signs of a component with two largest are of either.
                    let error = point[axis].abs() - 5.0 * corner[axis].abs();
                    assert!(error.abs() < 1e-12, "{plane:?}");
                }
            }
        }
    }

    #[test]
    fn the_largest_coordinate_is_positive() {
        let line = MatRef::from_row_major_slice(&[1.0, 1.0, -2.0], 3, 1);
        let plane = plane(line);
        let expected = [-5.0, -5.0, 10.0];
        for (point, expected) in plane.iter().zip(expected) {
            assert!((point[0] - expected).abs() < 1e-12, "{plane:?}");
            assert_eq!(point[1], 0.0);
        }
    }

    #[test]
    fn what_does_not_vary_is_at_0() {
        for (rows, columns) in [(0, 0), (0, 3), (3, 0), (1, 1), (3, 2), (2, 3)] {
            let plane = plane(Mat::zeros(rows, columns).as_ref());
            assert_eq!(plane, vec![[0.0; 2]; rows]);
        }
    }
}
