//! A tile of patches, computed by one cube of units in its shared memory.
//!
//! Sigma is separable. With x_c the middle pixel of a column of k pixels,
//! d = x - x_c, and one column's mean and variance
//!
//! ```text
//! mean_j = x_c + 1/k sum d          var_j = 1/k ( sum d^2 - (sum d)^2 / k )
//! ```
//!
//! the k columns of a patch, with e_j = mean_j less that of the middle one, give
//!
//! ```text
//! sigma^2 = 1/k ( sum var_j + sum e_j^2 - (sum e_j)^2 / k )
//! ```
//!
//! # Error
//!
//! Let u = 2^-24 (2^-53 in f64). A sum of squares about one of the k values that are
//! summed is at most k times what remains once the square of the mean is gone. It rounds
//! at most k + 1 times and the square that is taken away at most 2 k + 1 times, so
//! k var_j, and what given e_j add, are off by at most `(3 k + 4) k u` of themselves.
//! Scaling, summing and the rest add k + 6 units, and the root halves all:
//! `(3 k^2 + 5 k + 6) / 2` units of sigma.
//!
//! What e_j is off by counts in the norm over the columns, over sqrt(k). A mean of d is
//! off by (k + 1) u times the mean of |d|, which is at most sqrt(k var_j):
//! `2 (k + 1) sqrt(k)` with that of the middle column. The difference of pixels, that of
//! the means and their sum round once each, and are in the norm at most 2 k sigma,
//! 2 sqrt(k) sigma and k sigma: `3 k + 2 sqrt(k)`.
//!
//! Together `1.5 k^2 + 2 k sqrt(k) + 5.5 k + 4 sqrt(k) + 3` units, and for a GPU's
//! divisions and root, which may be off by 6 u each, 15 more: less than
//! `3 k^2 + 10 k + 10`. A flat patch has d = e = 0 and gives exactly 0.

use cubecl::prelude::*;

use super::super::windows::Windows;
use crate::Border;

/// Units of a cube.
pub(super) const UNITS: usize = 256;

/// What stands beyond the image, without the constant: a kernel is compiled for
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Beyond {
    Symmetric,
    Reflect,
    /// Also of a border whose patches lie inside the image.
    Edge,
    Constant,
    Circular,
}

impl Beyond {
    fn of(border: Border) -> Self {
        match border {
            Border::Symmetric => Self::Symmetric,
            Border::Reflect => Self::Reflect,
            Border::Replicate | Border::Valid => Self::Edge,
            Border::Zero | Border::Constant(_) => Self::Constant,
            Border::Circular => Self::Circular,
        }
    }
}

/// What a kernel is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tile {
    pub k: usize,
    pub stride: usize,
    pub beyond: Beyond,
    pub margin: usize,
    /// Patches of the tile, at the stride.
    pub rows: usize,
    pub columns: usize,
    /// How many places the tile's pixels begin before its first row.
    pub reach: usize,
    /// Pixels of the tile.
    pub pixel_rows: usize,
    pub pixel_columns: usize,
}

impl Tile {
    pub(super) fn new(windows: &Windows, rows: usize, columns: usize) -> Self {
        let Windows {
            k, stride, border, ..
        } = *windows;
        // Those that a stride leaves over, too, so that none goes unseen.
        let pixels = |patches: usize| patches * stride + k - 1;
        Self {
            k,
            stride,
            beyond: Beyond::of(border),
            margin: windows.margin(),
            rows,
            columns,
            reach: 0,
            pixel_rows: pixels(rows),
            pixel_columns: pixels(columns),
        }
    }

    /// A tile of pixels, with all that the patches see which hold one of them.
    pub(super) fn around(windows: &Windows, rows: usize, columns: usize) -> Self {
        let Windows { k, border, .. } = *windows;
        Self {
            k,
            stride: 1,
            beyond: Beyond::of(border),
            margin: windows.margin(),
            rows,
            columns,
            reach: k - 1 - windows.margin(),
            pixel_rows: rows + 2 * (k - 1),
            pixel_columns: columns + 2 * (k - 1),
        }
    }

    /// How many values forward holds in shared memory.
    pub(super) fn shared(&self) -> usize {
        (self.pixel_rows + 2 * self.rows) * self.pixel_columns + UNITS
    }

    /// How many values backward holds in shared memory.
    pub(super) fn shared_backward(&self) -> usize {
        let patch_rows = self.rows + self.k - 1;
        let patch_columns = self.columns + self.k - 1;
        (self.pixel_rows + patch_rows) * self.pixel_columns
            + 2 * patch_rows * (patch_columns + self.columns)
    }
}

/// What the units know of the batch.
#[derive(CubeType, CubeLaunch)]
pub(super) struct Grid {
    /// Cubes that have something to do.
    pub tasks: usize,
    pub height: usize,
    pub width: usize,
    pub out_height: usize,
    pub out_width: usize,
    /// Tiles of a plane, down and across.
    pub tile_rows: usize,
    pub tile_columns: usize,
    /// The value beyond the image where no pixel stands there.
    pub constant: InputScalar,
}

/// Where a tile lies.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Place {
    pub plane: usize,
    /// The first patch of the output.
    pub top: usize,
    pub left: usize,
}

#[cube]
impl Place {
    /// The tiles of a plane go by rows, and the planes one after another.
    pub(super) fn of_tile(grid: &Grid, tile_index: usize, #[comptime] tile: Tile) -> Place {
        let tiles = grid.tile_rows * grid.tile_columns;
        let inside = tile_index % tiles;
        Place {
            plane: tile_index / tiles,
            top: inside / grid.tile_columns * comptime!(tile.rows),
            left: inside % grid.tile_columns * comptime!(tile.columns),
        }
    }

    /// Whether there is such a patch.
    pub(super) fn holds(&self, grid: &Grid, row: usize, column: usize) -> bool {
        self.top + row < grid.out_height && self.left + column < grid.out_width
    }

    /// The pixel at a row and column of places below and right of the first.
    pub(super) fn pixel<F: Float, A: Float>(
        &self,
        images: &Tensor<F>,
        grid: &Grid,
        row: usize,
        column: usize,
        #[comptime] tile: Tile,
    ) -> A {
        let (height, width) = (grid.height as i32, grid.width as i32);
        let first = comptime!((tile.reach + tile.margin) as i32);
        let row = (self.top * comptime!(tile.stride) + row) as i32 - first;
        let column = (self.left * comptime!(tile.stride) + column) as i32 - first;
        let y = source(row, height, tile);
        let x = source(column, width, tile);
        let index = (self.plane * grid.height + y as usize) * grid.width + x as usize;
        let mut pixel = A::cast_from(images[index]);
        if comptime!(tile.beyond == Beyond::Constant)
            && (row < 0 || row >= height || column < 0 || column >= width)
        {
            pixel = grid.constant.get::<A>();
        }
        pixel
    }

    /// Its index in the output.
    pub(super) fn output(&self, grid: &Grid, row: usize, column: usize) -> usize {
        (self.plane * grid.out_height + self.top + row) * grid.out_width + self.left + column
    }
}

/// The pixel that a patch sees at `place` of a side, which may lie outside of it.
/// Beyond the last place where a patch looks, any pixel.
#[cube]
pub(super) fn source(place: i32, side: i32, #[comptime] tile: Tile) -> i32 {
    let last = side - 1;
    let mut at = place;
    if comptime!(tile.beyond == Beyond::Symmetric) {
        if place < 0 {
            at = -place - 1;
        } else if place > last {
            at = 2 * last + 1 - place;
        }
    }
    if comptime!(tile.beyond == Beyond::Reflect) {
        if place < 0 {
            at = -place;
        } else if place > last {
            at = 2 * last - place;
        }
    }
    if comptime!(tile.beyond == Beyond::Circular) {
        at = wrapped(place, side);
    }
    clamp(at, 0, last)
}

/// A place of a ring of `side` places. Nothing asks for one that is further off
/// than twice the ring before its first.
#[cube]
pub(super) fn wrapped(place: i32, side: i32) -> i32 {
    (place + 2 * side) % side
}

/// Whether a value is not finite.
#[cube]
pub(super) fn is_broken<A: Float>(value: A) -> bool {
    bool::cast_from(value.is_nan()) || bool::cast_from(value.is_inf())
}

/// How many places of the patch `q` stand for the pixel `x` of a side, if the
/// patch holds the pixel itself.
#[cube]
pub(super) fn places_of<A: Float>(q: i32, x: i32, side: i32, #[comptime] tile: Tile) -> A {
    let last = side - 1;
    let places = 1i32 + places_before(q, x, tile) + places_before(last - q, last - x, tile);
    A::cast_from(places)
}

/// Those before the first pixel; the other end mirrors this one.
#[cube]
fn places_before(q: i32, x: i32, #[comptime] tile: Tile) -> i32 {
    let margin = comptime!(tile.margin as i32);
    let mut places = 0i32;
    if comptime!(tile.beyond == Beyond::Symmetric) {
        if q + x < margin {
            places = 1;
        }
    } else if comptime!(tile.beyond == Beyond::Reflect) {
        if x > 0 && q + x <= margin {
            places = 1;
        }
    } else if comptime!(tile.beyond == Beyond::Edge) {
        if x == 0 && q < margin {
            places = margin - q;
        }
    }
    places
}

/// Copies the tile's pixels, and says whether this unit met one that is not
/// finite.
#[cube]
pub(super) fn load<F: Float, A: Float>(
    images: &Tensor<F>,
    grid: &Grid,
    place: &Place,
    pixels: &mut Shared<[A]>,
    #[comptime] tile: Tile,
) -> bool {
    let mut broken = false;
    let columns = comptime!(tile.pixel_columns);
    let mut at = UNIT_POS as usize;
    while at < comptime!(tile.pixel_rows * tile.pixel_columns) {
        let pixel = place.pixel::<F, A>(images, grid, at / columns, at % columns, tile);
        if is_broken::<A>(pixel) {
            broken = true;
        }
        pixels[at] = pixel;
        at += comptime!(UNITS);
    }
    broken
}

/// Mean, about the middle pixel, and variance of the column of k pixels below
/// every pixel of the rows of patches.
#[cube]
fn columns<A: Float>(
    pixels: &Shared<[A]>,
    means: &mut Shared<[A]>,
    variances: &mut Shared<[A]>,
    #[comptime] tile: Tile,
) {
    let columns = comptime!(tile.pixel_columns);
    let size = A::cast_from(comptime!(tile.k as u32));
    let mut at = UNIT_POS as usize;
    while at < comptime!(tile.rows * tile.pixel_columns) {
        let first = at / columns * comptime!(tile.stride * tile.pixel_columns) + at % columns;
        let middle = pixels[first + comptime!(tile.k / 2 * tile.pixel_columns)];
        let mut sum = A::from_int(0);
        let mut squares = A::from_int(0);
        for i in 0..comptime!(tile.k) {
            let d = pixels[first + i * columns] - middle;
            sum += d;
            squares += d * d;
        }
        let mean = sum / size;
        means[at] = mean;
        variances[at] = at_least_0::<A>((squares - mean * sum) / size);
        at += comptime!(UNITS);
    }
}

/// Sigma of one patch of the tile.
#[cube]
fn sigma<A: Float>(
    pixels: &Shared<[A]>,
    means: &Shared<[A]>,
    variances: &Shared<[A]>,
    row: usize,
    column: usize,
    #[comptime] tile: Tile,
) -> A {
    let half = comptime!(tile.k / 2);
    let size = A::cast_from(comptime!(tile.k as u32));
    let first = row * comptime!(tile.pixel_columns) + column * comptime!(tile.stride);
    let middles = first
        + row * comptime!((tile.stride - 1) * tile.pixel_columns)
        + comptime!(tile.k / 2 * tile.pixel_columns);
    let pixel = pixels[middles + half];
    let mean = means[first + half];
    let mut sum = A::from_int(0);
    let mut squares = A::from_int(0);
    let mut within = A::from_int(0);
    for j in 0..comptime!(tile.k) {
        let e = (pixels[middles + j] - pixel) + (means[first + j] - mean);
        sum += e;
        squares += e * e;
        within += variances[first + j];
    }
    let between = at_least_0::<A>(squares - sum / size * sum);
    ((within + between) / size).sqrt()
}

/// The patches of a tile: its pixels, and means and variances of their columns.
#[derive(CubeType)]
pub(super) struct Patches<A: Float> {
    pixels: Shared<[A]>,
    means: Shared<[A]>,
    variances: Shared<[A]>,
}

#[cube]
impl<A: Float> Patches<A> {
    pub(super) fn new(#[comptime] tile: Tile) -> Self {
        Patches::<A> {
            pixels: Shared::new_slice(comptime!(tile.pixel_rows * tile.pixel_columns)),
            means: Shared::new_slice(comptime!(tile.rows * tile.pixel_columns)),
            variances: Shared::new_slice(comptime!(tile.rows * tile.pixel_columns)),
        }
    }

    /// Makes all units ready for [`sigma`](Self::sigma), and says whether this one
    /// met a pixel that is not finite.
    pub(super) fn load<F: Float>(
        &mut self,
        images: &Tensor<F>,
        grid: &Grid,
        place: &Place,
        #[comptime] tile: Tile,
    ) -> bool {
        let broken = load::<F, A>(images, grid, place, &mut self.pixels, tile);
        sync_cube();
        columns::<A>(&self.pixels, &mut self.means, &mut self.variances, tile);
        sync_cube();
        broken
    }

    /// Sigma of one patch.
    pub(super) fn sigma(&self, row: usize, column: usize, #[comptime] tile: Tile) -> A {
        sigma::<A>(
            &self.pixels,
            &self.means,
            &self.variances,
            row,
            column,
            tile,
        )
    }
}

/// Rounding may take a variance below 0. What is not finite stays so, which
/// `max` does not promise.
#[cube]
fn at_least_0<A: Float>(variance: A) -> A {
    let mut variance = variance;
    if variance < A::from_int(0) {
        variance = A::from_int(0);
    }
    variance
}

/// The largest of a cube's units; less than 0 if one of them is.
#[cube]
pub(super) fn largest<A: Float>(value: A, shared: &mut Shared<[A]>) -> A {
    let unit = UNIT_POS as usize;
    shared[unit] = value;
    sync_cube();
    let mut active = comptime!(UNITS / 2).runtime();
    while active > 0 {
        if unit < active {
            let other = shared[unit + active];
            shared[unit] = larger::<A>(shared[unit], other);
        }
        sync_cube();
        active /= 2;
    }
    let largest = shared[0];
    sync_cube();
    largest
}

/// The larger of two peaks; what is less than 0 stands for a group that is not
/// finite.
#[cube]
pub(super) fn larger<A: Float>(a: A, b: A) -> A {
    let zero = A::from_int(0);
    let mut larger = a;
    if a >= zero && (b < zero || b > a) {
        larger = b;
    }
    larger
}
