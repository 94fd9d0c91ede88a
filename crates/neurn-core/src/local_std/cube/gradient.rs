//! The gradient of the contrast map, gathered by every pixel from the patches
//! that hold it, and of sigma, which is the map with c = 1 and no peak.
//!
//! With y = sigma / c, g = dL/dy, and q* the patch of the peak,
//!
//! ```text
//! a(q)     = (g(q) - [q = q*] sum(g y)) / (c sigma(q))     0 where sigma = 0
//! dL/dx(p) = 1/k^2 sum over q of w(p, q) a(q) (x(p) - mu(q))
//! ```
//!
//! w counts how many places of the patch stand for the pixel: one, and at a
//! border that mirrors or repeats more. Every such patch also holds the pixel
//! itself, so a pixel looks at k x k patches and no others. The sum goes along
//! the rows of patches first, about the pixel of the same column in the middle
//! of the row, and then down. Both x(p) and that pixel lie in the patch, so no
//! term is larger than a(q) times twice the patch's range.

use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::launch::{Batch, accumulator, counts, dtypes, empty, units};
use super::tile::{Beyond, Grid, Place, Tile, UNITS, load, places_of, wrapped};

/// Values that a unit of [`partial_kernel`] looks at, at least.
const SHARE: usize = 16;
/// Cubes a group in [`partial_kernel`], at most.
const PARTS: usize = 256;

/// Of each group: `sum(g y)` and c, and the place of its peak.
pub(super) struct Peaks {
    values: CubeTensor,
    places: CubeTensor,
}

pub(super) fn peaks(
    images: &CubeTensor,
    response: &CubeTensor,
    by_response: &CubeTensor,
    patches: &Batch,
) -> Peaks {
    let [_, _, height, width] = patches.output();
    let size = patches.group * height * width;
    let groups = patches.groups();
    let parts = size.div_ceil(SHARE * UNITS).min(PARTS);
    let accumulator = accumulator(images.dtype);

    // sum(g y), the largest y, and its place: of each part, then of each group.
    let part_values = empty(images, [groups * parts * 2], accumulator);
    let part_places = empty(images, [groups * parts], DType::U32);
    partial_kernel::launch(
        &images.client,
        counts(images, groups * parts),
        units(),
        response.clone().into_tensor_arg(),
        by_response.clone().into_tensor_arg(),
        part_values.clone().into_tensor_arg(),
        part_places.clone().into_tensor_arg(),
        size,
        parts,
        groups * parts,
        dtypes(images.dtype),
    );
    let peaks = Peaks {
        values: empty(images, [groups * 2], accumulator),
        places: empty(images, [groups], DType::U32),
    };
    peak_kernel::launch(
        &images.client,
        counts(images, groups),
        units(),
        images.clone().into_tensor_arg(),
        part_values.into_tensor_arg(),
        part_places.into_tensor_arg(),
        peaks.values.clone().into_tensor_arg(),
        peaks.places.clone().into_tensor_arg(),
        parts,
        patches.group,
        patches.grid(groups, patches.patch_tiles()),
        patches.tile,
        dtypes(images.dtype),
    );
    peaks
}

/// Of the contrast map, or without peaks of sigma.
pub(super) fn gradient(
    images: CubeTensor,
    response: CubeTensor,
    by_response: CubeTensor,
    peaks: Option<Peaks>,
    pixels: &Batch,
) -> CubeTensor {
    let gradient = empty(&images, images.meta.shape().dims::<4>(), images.dtype);
    let tiles = pixels.pixel_tiles();
    let tasks = pixels.planes() * tiles[0] * tiles[1];
    let over_peak = peaks.is_some();
    let peaks = peaks.unwrap_or_else(|| Peaks {
        values: empty(&images, [1], accumulator(images.dtype)),
        places: empty(&images, [1], DType::U32),
    });
    gradient_kernel::launch(
        &gradient.client,
        counts(&images, tasks),
        units(),
        images.clone().into_tensor_arg(),
        response.into_tensor_arg(),
        by_response.into_tensor_arg(),
        peaks.values.into_tensor_arg(),
        peaks.places.into_tensor_arg(),
        gradient.clone().into_tensor_arg(),
        pixels.group,
        pixels.grid(tasks, tiles),
        over_peak,
        pixels.windows.stride,
        pixels.tile,
        dtypes(images.dtype),
    );
    gradient
}

/// What a cube's units have found, in shared memory.
#[cube]
fn gather<A: Float>(sums: &mut Shared<[A]>, peaks: &mut Shared<[A]>, places: &mut Shared<[u32]>) {
    let unit = UNIT_POS as usize;
    sync_cube();
    let mut active = comptime!(UNITS / 2).runtime();
    while active > 0 {
        if unit < active {
            let other = unit + active;
            let sum = sums[unit] + sums[other];
            sums[unit] = sum;
            let (peak, place) = (peaks[other], places[other]);
            if peak > peaks[unit] || (peak == peaks[unit] && place < places[unit]) {
                peaks[unit] = peak;
                places[unit] = place;
            }
        }
        sync_cube();
        active /= 2;
    }
}

/// One part of one group a cube.
#[cube(launch)]
fn partial_kernel<F: Float, A: Float>(
    response: &Tensor<F>,
    by_response: &Tensor<F>,
    values: &mut Tensor<A>,
    places: &mut Tensor<u32>,
    size: usize,
    parts: usize,
    tasks: usize,
    #[define(F, A)] _dtypes: [ElemType; 2],
) {
    let task = CUBE_POS as usize;
    if task >= tasks {
        terminate!();
    }
    let mut sums = Shared::<[A]>::new_slice(UNITS);
    let mut peaks = Shared::<[A]>::new_slice(UNITS);
    let mut firsts = Shared::<[u32]>::new_slice(UNITS);

    let base = task / parts * size;
    let mut at = task % parts * comptime!(UNITS) + UNIT_POS as usize;
    let mut sum = A::from_int(0);
    let mut peak = A::from_int(0);
    let mut place = 0u32;
    while at < size {
        let y = A::cast_from(response[base + at]);
        sum += y * A::cast_from(by_response[base + at]);
        if y > peak {
            peak = y;
            place = at as u32;
        }
        at += parts * comptime!(UNITS);
    }
    let unit = UNIT_POS as usize;
    sums[unit] = sum;
    peaks[unit] = peak;
    firsts[unit] = place;
    gather::<A>(&mut sums, &mut peaks, &mut firsts);
    if UNIT_POS == 0 {
        values[2 * task] = sums[0];
        values[2 * task + 1] = peaks[0];
        places[task] = firsts[0];
    }
}

/// sum(g y) and c of one group a cube, c = 0 where the group is constant, and
/// the patch of the peak.
#[cube(launch)]
fn peak_kernel<F: Float, A: Float>(
    images: &Tensor<F>,
    part_values: &Tensor<A>,
    part_places: &Tensor<u32>,
    values: &mut Tensor<A>,
    places: &mut Tensor<u32>,
    parts: usize,
    group: usize,
    grid: &Grid,
    #[comptime] tile: Tile,
    #[define(F, A)] _dtypes: [ElemType; 2],
) {
    let task = CUBE_POS as usize;
    if task >= grid.tasks {
        terminate!();
    }
    let mut sums = Shared::<[A]>::new_slice(UNITS);
    let mut peaks = Shared::<[A]>::new_slice(UNITS);
    let mut firsts = Shared::<[u32]>::new_slice(UNITS);

    let unit = UNIT_POS as usize;
    let mut sum = A::from_int(0);
    let mut peak = A::from_int(0);
    let mut place = 0u32;
    // There are at most as many parts as units.
    if unit < parts {
        sum = part_values[2 * (task * parts + unit)];
        peak = part_values[2 * (task * parts + unit) + 1];
        place = part_places[task * parts + unit];
    }
    sums[unit] = sum;
    peaks[unit] = peak;
    firsts[unit] = place;
    gather::<A>(&mut sums, &mut peaks, &mut firsts);
    if UNIT_POS == 0 {
        let mut c = A::from_int(0);
        if peaks[0] > A::from_int(0) {
            let size = grid.out_height * grid.out_width;
            let first = firsts[0] as usize;
            let plane = task * group + first / size;
            let row = first % size / grid.out_width;
            let column = first % grid.out_width;
            c = patch_std::<F, A>(images, grid, plane, row, column, tile);
        }
        values[2 * task] = sums[0];
        values[2 * task + 1] = c;
        places[task] = firsts[0];
    }
}

/// The definition, by one unit.
#[cube]
fn patch_std<F: Float, A: Float>(
    images: &Tensor<F>,
    grid: &Grid,
    plane: usize,
    top: usize,
    left: usize,
    #[comptime] tile: Tile,
) -> A {
    let half = comptime!(tile.k / 2);
    let size = A::cast_from(comptime!((tile.k * tile.k) as u32));
    let place = Place { plane, top, left };
    let centre = place.pixel::<F, A>(images, grid, half, half, tile);
    let mut sum = A::from_int(0);
    for i in 0..comptime!(tile.k) {
        for j in 0..comptime!(tile.k) {
            sum += place.pixel::<F, A>(images, grid, i, j, tile) - centre;
        }
    }
    let mean = sum / size;
    let mut squares = A::from_int(0);
    for i in 0..comptime!(tile.k) {
        for j in 0..comptime!(tile.k) {
            let d = place.pixel::<F, A>(images, grid, i, j, tile) - centre - mean;
            squares += d * d / size;
        }
    }
    squares.sqrt()
}

/// The gradient of one tile of pixels a cube.
#[cube(launch)]
fn gradient_kernel<F: Float, A: Float>(
    images: &Tensor<F>,
    response: &Tensor<F>,
    by_response: &Tensor<F>,
    values: &Tensor<A>,
    places: &Tensor<u32>,
    gradient: &mut Tensor<F>,
    group: usize,
    grid: &Grid,
    #[comptime] over_peak: bool,
    #[comptime] stride: usize,
    #[comptime] tile: Tile,
    #[define(F, A)] _dtypes: [ElemType; 2],
) {
    let task = CUBE_POS as usize;
    if task >= grid.tasks {
        terminate!();
    }
    // The patches that hold a pixel of the tile, and the pixels they see.
    let rows = comptime!(tile.rows + tile.k - 1);
    let columns = comptime!(tile.columns + tile.k - 1);
    let pixel_columns = comptime!(tile.pixel_columns);
    let half = comptime!(tile.k / 2);
    let mut pixels = Shared::<[A]>::new_slice(comptime!(tile.pixel_rows * tile.pixel_columns));
    let mut means =
        Shared::<[A]>::new_slice(comptime!((tile.rows + tile.k - 1) * tile.pixel_columns));
    let mut weights = Shared::<[A]>::new_slice(comptime!(
        (tile.rows + tile.k - 1) * (tile.columns + tile.k - 1)
    ));
    let mut offsets = Shared::<[A]>::new_slice(comptime!(
        (tile.rows + tile.k - 1) * (tile.columns + tile.k - 1)
    ));
    let mut along_weights =
        Shared::<[A]>::new_slice(comptime!((tile.rows + tile.k - 1) * tile.columns));
    let mut along_offsets =
        Shared::<[A]>::new_slice(comptime!((tile.rows + tile.k - 1) * tile.columns));

    let place = Place::of_tile(grid, task, tile);
    let of_group = place.plane / group;
    let mut share = A::from_int(0);
    let mut c = A::from_int(1);
    let mut peak = 0usize.runtime();
    if comptime!(over_peak) {
        share = values[2 * of_group];
        c = values[2 * of_group + 1];
        peak = places[of_group] as usize;
    }
    let size = A::cast_from(comptime!(tile.k as u32));
    let zero = A::from_int(0);
    // Counted from the first that there is.
    let first_row = place.top as i32 - comptime!(tile.reach as i32);
    let first_column = place.left as i32 - comptime!(tile.reach as i32);

    load::<F, A>(images, grid, &place, &mut pixels, tile);
    sync_cube();

    // Means of columns about their middle pixel.
    let mut at = UNIT_POS as usize;
    while at < rows * pixel_columns {
        let middle = pixels[at + half * pixel_columns];
        let mut sum = zero;
        for i in 0..comptime!(tile.k) {
            sum += pixels[at + i * pixel_columns] - middle;
        }
        means[at] = sum / size;
        at += comptime!(UNITS);
    }
    sync_cube();

    // a, and the mean of the patch about its centre.
    let mut at = UNIT_POS as usize;
    while at < rows * columns {
        let row = at / columns;
        let column = at % columns;
        let first = row * pixel_columns + column;
        let middles = first + half * pixel_columns;
        let centre = pixels[middles + half];
        let mut sum = zero;
        for j in 0..comptime!(tile.k) {
            sum += (pixels[middles + j] - centre) + means[first + j];
        }
        offsets[at] = sum / size;

        let mut a = zero;
        let mut row = first_row + row as i32;
        let mut column = first_column + column as i32;
        // Patches of a ring hold pixels across its seam.
        if comptime!(tile.beyond == Beyond::Circular) {
            row = wrapped(row, grid.height as i32);
            column = wrapped(column, grid.width as i32);
        }
        let step = comptime!(stride as i32);
        if row >= 0 && column >= 0 && row % step == 0 && column % step == 0 {
            let row = (row / step) as usize;
            let column = (column / step) as usize;
            if row < grid.out_height && column < grid.out_width {
                let index = (place.plane * grid.out_height + row) * grid.out_width + column;
                let y = A::cast_from(response[index]);
                if y > zero && c > zero {
                    let mut g = A::cast_from(by_response[index]);
                    let in_group = index - of_group * group * grid.out_height * grid.out_width;
                    // Without a peak the share is 0.
                    if in_group == peak {
                        g -= share;
                    }
                    a = g / (c * y) / c;
                }
            }
        }
        weights[at] = a;
        at += comptime!(UNITS);
    }
    sync_cube();

    // Along the rows of patches.
    let mut at = UNIT_POS as usize;
    while at < rows * comptime!(tile.columns) {
        let row = at / comptime!(tile.columns);
        let column = at % comptime!(tile.columns);
        let middles = (row + half) * pixel_columns + half;
        let pixel = pixels[(row + half) * pixel_columns + comptime!(tile.k - 1) + column];
        let x = (place.left + column) as i32;
        let mut sum = zero;
        let mut sum_of_means = zero;
        for j in 0..comptime!(tile.k) {
            let q = first_column + (column + j) as i32;
            let w = places_of::<A>(q, x, grid.width as i32, tile);
            let i = row * columns + column + j;
            let a = w * weights[i];
            sum += a;
            sum_of_means += a * ((pixels[middles + column + j] - pixel) + offsets[i]);
        }
        along_weights[at] = sum;
        along_offsets[at] = sum_of_means;
        at += comptime!(UNITS);
    }
    sync_cube();

    // Down.
    let mut at = UNIT_POS as usize;
    while at < comptime!(tile.rows * tile.columns) {
        let row = at / comptime!(tile.columns);
        let column = at % comptime!(tile.columns);
        if place.top + row < grid.height && place.left + column < grid.width {
            let pixel_column = column + comptime!(tile.k - 1);
            let pixel = pixels[(row + comptime!(tile.k - 1)) * pixel_columns + pixel_column];
            let y = (place.top + row) as i32;
            let mut sum = zero;
            for i in 0..comptime!(tile.k) {
                let q = first_row + (row + i) as i32;
                let w = places_of::<A>(q, y, grid.height as i32, tile);
                let middle = pixels[(row + i + half) * pixel_columns + pixel_column];
                let along = (row + i) * comptime!(tile.columns) + column;
                sum += w * ((pixel - middle) * along_weights[along] - along_offsets[along]);
            }
            let index =
                (place.plane * grid.height + place.top + row) * grid.width + place.left + column;
            // A group that is constant has no gradient, whatever it holds.
            let mut value = zero;
            if c > zero {
                value = sum / size / size;
            }
            gradient[index] = F::cast_from(value);
        }
        at += comptime!(UNITS);
    }
}
