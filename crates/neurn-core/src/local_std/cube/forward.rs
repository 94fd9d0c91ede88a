//! Sigma, and the contrast map: in one pass for groups that fit the shared
//! memory of a cube, and otherwise in a pass that finds the peaks and one that
//! computes sigma again over them. Every value is read once or twice and
//! written once.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::launch::{Batch, accumulator, counts, dtypes, empty, units};
use super::tile::{Grid, Patches, Place, Tile, UNITS, is_broken, larger, largest};

pub(super) fn local_std(images: CubeTensor, batch: &Batch) -> CubeTensor {
    let output = empty(&images, batch.output(), images.dtype);
    let [down, across] = batch.patch_tiles();
    let tasks = batch.planes() * down * across;
    sigma_kernel::launch(
        &output.client,
        counts(&images, tasks),
        units(),
        images.clone().into_tensor_arg(),
        output.clone().into_tensor_arg(),
        batch.grid(tasks, [down, across]),
        batch.tile,
        dtypes(images.dtype),
    );
    output
}

pub(super) fn contrast(images: CubeTensor, batch: &Batch) -> CubeTensor {
    let output = empty(&images, batch.output(), images.dtype);
    let [down, across] = batch.patch_tiles();
    let groups = batch.groups();
    let tiles = batch.group * down * across;
    if batch.leaves(tiles * batch.tile.rows * batch.tile.columns) {
        group_kernel::launch(
            &output.client,
            counts(&images, groups),
            units(),
            images.clone().into_tensor_arg(),
            output.clone().into_tensor_arg(),
            batch.grid(groups, [down, across]),
            f32::NAN,
            tiles,
            batch.tile,
            dtypes(images.dtype),
        );
        return output;
    }
    let tasks = groups * tiles;
    let of_tiles = empty(&images, [tasks], accumulator(images.dtype));
    let peaks = empty(&images, [groups], accumulator(images.dtype));
    peaks_of_tiles_kernel::launch(
        &output.client,
        counts(&images, tasks),
        units(),
        images.clone().into_tensor_arg(),
        of_tiles.clone().into_tensor_arg(),
        batch.grid(tasks, [down, across]),
        batch.tile,
        dtypes(images.dtype),
    );
    peaks_kernel::launch(
        &output.client,
        counts(&images, groups),
        units(),
        of_tiles.into_tensor_arg(),
        peaks.clone().into_tensor_arg(),
        tiles,
        groups,
        dtypes(images.dtype)[1],
    );
    over_peaks_kernel::launch(
        &output.client,
        counts(&images, tasks),
        units(),
        images.clone().into_tensor_arg(),
        peaks.into_tensor_arg(),
        output.clone().into_tensor_arg(),
        batch.grid(tasks, [down, across]),
        tiles,
        f32::NAN,
        batch.tile,
        dtypes(images.dtype),
    );
    output
}

/// Sigma of one tile of one plane a cube.
#[cube(launch)]
fn sigma_kernel<F: Float, A: Float>(
    images: &Tensor<F>,
    output: &mut Tensor<F>,
    grid: &Grid,
    #[comptime] tile: Tile,
    #[define(F, A)] _dtypes: [ElemType; 2],
) {
    let task = CUBE_POS as usize;
    if task >= grid.tasks {
        terminate!();
    }
    let mut patches = Patches::<A>::new(tile);

    let place = Place::of_tile(grid, task, tile);
    patches.load::<F>(images, grid, &place, tile);
    let mut at = UNIT_POS as usize;
    while at < comptime!(tile.rows * tile.columns) {
        let row = at / comptime!(tile.columns);
        let column = at % comptime!(tile.columns);
        if place.holds(grid, row, column) {
            let sigma = patches.sigma(row, column, tile);
            output[place.output(grid, row, column)] = F::cast_from(sigma);
        }
        at += comptime!(UNITS);
    }
}

/// The largest sigma of one tile of one plane a cube.
#[cube(launch)]
fn peaks_of_tiles_kernel<F: Float, A: Float>(
    images: &Tensor<F>,
    peaks: &mut Tensor<A>,
    grid: &Grid,
    #[comptime] tile: Tile,
    #[define(F, A)] _dtypes: [ElemType; 2],
) {
    let task = CUBE_POS as usize;
    if task >= grid.tasks {
        terminate!();
    }
    let mut patches = Patches::<A>::new(tile);
    let mut of_units = Shared::<[A]>::new_slice(UNITS);

    let place = Place::of_tile(grid, task, tile);
    let broken = patches.load::<F>(images, grid, &place, tile);
    let mut peak = unit_peak::<A>(broken);
    let mut at = UNIT_POS as usize;
    while at < comptime!(tile.rows * tile.columns) {
        let row = at / comptime!(tile.columns);
        let column = at % comptime!(tile.columns);
        if place.holds(grid, row, column) {
            let sigma = patches.sigma(row, column, tile);
            peak = larger::<A>(peak, of_patch::<A>(sigma));
        }
        at += comptime!(UNITS);
    }
    let peak = largest::<A>(peak, &mut of_units);
    if UNIT_POS == 0 {
        peaks[task] = peak;
    }
}

/// The largest of the tiles of one group a cube.
#[cube(launch)]
fn peaks_kernel<A: Float>(
    of_tiles: &Tensor<A>,
    peaks: &mut Tensor<A>,
    tiles: usize,
    groups: usize,
    #[define(A)] _dtype: ElemType,
) {
    let group = CUBE_POS as usize;
    if group >= groups {
        terminate!();
    }
    let mut of_units = Shared::<[A]>::new_slice(UNITS);
    let mut peak = A::from_int(0);
    let mut at = UNIT_POS as usize;
    while at < tiles {
        peak = larger::<A>(peak, of_tiles[group * tiles + at]);
        at += comptime!(UNITS);
    }
    let peak = largest::<A>(peak, &mut of_units);
    if UNIT_POS == 0 {
        peaks[group] = peak;
    }
}

/// Sigma over the peak of the group, one tile of one plane a cube.
#[cube(launch)]
fn over_peaks_kernel<F: Float, A: Float>(
    images: &Tensor<F>,
    peaks: &Tensor<A>,
    output: &mut Tensor<F>,
    grid: &Grid,
    tiles: usize,
    nan: f32,
    #[comptime] tile: Tile,
    #[define(F, A)] _dtypes: [ElemType; 2],
) {
    let task = CUBE_POS as usize;
    if task >= grid.tasks {
        terminate!();
    }
    let mut patches = Patches::<A>::new(tile);

    let peak = peaks[task / tiles];
    let place = Place::of_tile(grid, task, tile);
    patches.load::<F>(images, grid, &place, tile);
    let mut at = UNIT_POS as usize;
    while at < comptime!(tile.rows * tile.columns) {
        let row = at / comptime!(tile.columns);
        let column = at % comptime!(tile.columns);
        if place.holds(grid, row, column) {
            let sigma = patches.sigma(row, column, tile);
            let response = over_peak::<A>(sigma, peak, nan);
            output[place.output(grid, row, column)] = F::cast_from(response);
        }
        at += comptime!(UNITS);
    }
}

/// The contrast map of one group a cube, which holds sigma until it knows the
/// peak.
#[cube(launch)]
fn group_kernel<F: Float, A: Float>(
    images: &Tensor<F>,
    output: &mut Tensor<F>,
    grid: &Grid,
    nan: f32,
    #[comptime] tiles: usize,
    #[comptime] tile: Tile,
    #[define(F, A)] _dtypes: [ElemType; 2],
) {
    let group = CUBE_POS as usize;
    if group >= grid.tasks {
        terminate!();
    }
    let size = comptime!(tile.rows * tile.columns);
    let mut patches = Patches::<A>::new(tile);
    let mut of_units = Shared::<[A]>::new_slice(UNITS);
    let mut held = Shared::<[A]>::new_slice(comptime!(tiles * tile.rows * tile.columns));

    let mut peak = A::from_int(0);
    for i in 0..tiles {
        let place = Place::of_tile(grid, group * tiles + i, tile);
        let broken = patches.load::<F>(images, grid, &place, tile);
        peak = larger::<A>(peak, unit_peak::<A>(broken));
        let mut at = UNIT_POS as usize;
        while at < size {
            let row = at / comptime!(tile.columns);
            let column = at % comptime!(tile.columns);
            if place.holds(grid, row, column) {
                let sigma = patches.sigma(row, column, tile);
                held[i * size + at] = sigma;
                peak = larger::<A>(peak, of_patch::<A>(sigma));
            }
            at += comptime!(UNITS);
        }
        sync_cube();
    }
    let peak = largest::<A>(peak, &mut of_units);
    for i in 0..tiles {
        let place = Place::of_tile(grid, group * tiles + i, tile);
        let mut at = UNIT_POS as usize;
        while at < size {
            let row = at / comptime!(tile.columns);
            let column = at % comptime!(tile.columns);
            if place.holds(grid, row, column) {
                let response = over_peak::<A>(held[i * size + at], peak, nan);
                output[place.output(grid, row, column)] = F::cast_from(response);
            }
            at += comptime!(UNITS);
        }
    }
}

/// What a unit has seen before its first patch.
#[cube]
fn unit_peak<A: Float>(broken: bool) -> A {
    let mut peak = A::from_int(0);
    if broken {
        peak = A::from_int(-1);
    }
    peak
}

/// The peak that one patch is.
#[cube]
fn of_patch<A: Float>(sigma: A) -> A {
    let mut peak = sigma;
    if is_broken::<A>(sigma) {
        peak = A::from_int(-1);
    }
    peak
}

/// A flat group stays 0, and one that is not finite is NaN throughout. A GPU's
/// quotient of two equal numbers need not be 1, so the peak is not divided.
#[cube]
fn over_peak<A: Float>(sigma: A, peak: A, nan: f32) -> A {
    let mut response = A::from_int(0);
    if peak < A::from_int(0) {
        response = A::cast_from(nan);
    } else if peak > A::from_int(0) {
        response = A::from_int(1);
        if sigma < peak {
            response = sigma / peak;
        }
    }
    response
}
