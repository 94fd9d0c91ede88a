//! Rows of pixels by their places, those of the border among them.

use std::ops::{Deref, DerefMut, Range};

use super::super::windows::Windows;
use super::isa::Real;

/// As many values as a register holds, at most.
pub(super) const LANES: usize = 16;

/// Bytes of a line of the cache.
pub(super) const LINE: usize = 64;

/// Values that begin a line of the cache, so that no block of them lies across two.
#[derive(Default)]
pub(super) struct Lines<T> {
    values: Vec<T>,
    first: usize,
}

impl<T: Real> Lines<T> {
    /// Makes room for `count` values, which are gone if there was less.
    pub(super) fn resize(&mut self, count: usize) {
        let count = count + LINE / size_of::<T>();
        if self.values.len() < count {
            self.values = vec![T::default(); count];
            self.first = self.values.as_ptr().align_offset(LINE);
        }
    }
}

impl<T> Deref for Lines<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values[self.first..]
    }
}

impl<T> DerefMut for Lines<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.first..]
    }
}

/// Rows of at least [`LANES`] values.
#[derive(Default)]
pub(super) struct Rows<T> {
    /// Of which images and places the starts are.
    known: Option<(Windows, Range<isize>)>,
    /// Where a row begins among the pixels; `None` are zeros.
    starts: Vec<Option<usize>>,
    zeros: Vec<T>,
    /// All of a narrow image; what lies beyond it are zeros.
    narrow: Vec<T>,
    rows: Vec<*const T>,
    first: isize,
}

impl<T: Real> Rows<T> {
    /// Those at some places, or the nearest that a patch sees.
    pub(super) fn start(&mut self, image: &[T], windows: &Windows, places: Range<isize>) {
        let Windows {
            k, height, width, ..
        } = *windows;
        let length = width.max(LANES);
        self.first = places.start;
        let known = (*windows, places);
        if self.known.as_ref() != Some(&known) {
            let last = (windows.patches(height) + k - 2) as isize;
            self.starts.clear();
            self.starts.extend(known.1.clone().map(|place| {
                let y = windows.source(place.clamp(0, last), height)?;
                Some(y * length)
            }));
            self.zeros.resize(length, T::default());
            self.known = Some(known);
        }
        let pixels = if width < LANES {
            self.narrow.clear();
            self.narrow.resize(height * LANES, T::default());
            let rows = self.narrow.chunks_mut(LANES).zip(image.chunks(width));
            rows.for_each(|(to, from)| to[..width].copy_from_slice(from));
            &self.narrow
        } else {
            image
        };
        // Each of the starts is that of one of these rows.
        assert!(pixels.len() >= height * length);
        let (pixels, zeros) = (pixels.as_ptr(), self.zeros.as_ptr());
        self.rows.clear();
        self.rows.extend(
            self.starts
                .iter()
                .map(|start| start.map_or(zeros, |start| pixels.wrapping_add(start))),
        );
    }

    #[inline(always)]
    pub(super) fn row(&self, place: isize) -> *const T {
        self.rows[(place - self.first) as usize]
    }

    /// `count` rows from a place on.
    #[inline(always)]
    pub(super) fn from(&self, place: isize, count: usize) -> &[*const T] {
        &self.rows[(place - self.first) as usize..][..count]
    }
}

/// What a border shows of a row.
#[derive(Default)]
pub(super) struct Beyond {
    windows: Option<Windows>,
    /// A place beyond the image, and the column that stands there if not a zero.
    pub(super) shown: Vec<(usize, Option<usize>)>,
}

impl Beyond {
    /// Looks at the border of images, if it has not been these.
    pub(super) fn see(&mut self, windows: &Windows) {
        if self.windows != Some(*windows) {
            self.windows = Some(*windows);
            let Windows { width, .. } = *windows;
            let margin = windows.margin();
            let places = (0..margin).chain(width + margin..width + 2 * margin);
            self.shown.clear();
            self.shown
                .extend(places.map(|place| (place, windows.source(place as isize, width))));
        }
    }

    /// Writes a row of pixels with its border.
    #[inline(always)]
    pub(super) fn pad<T: Real>(&self, pixels: &[T], row: &mut [T]) {
        // Half of the places stand before the pixels.
        row[self.shown.len() / 2..][..pixels.len()].copy_from_slice(pixels);
        for &(place, shown) in &self.shown {
            row[place] = shown.map_or(T::default(), |x| pixels[x]);
        }
    }
}
