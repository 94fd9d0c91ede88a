//! A part of a plane with what its border shows, cut so that patches side by side
//! find their pixels side by side.
//!
//! ```text
//!             stride 1                          stride 2
//! row:        b a | a b c d e f | f e           b a | a b c d e f | f e
//! in a tile:  b a a b c d e f f e               b a c e f    (every second place)
//! k = 5:      ^ ^ ^ ^ ^                         a b d f e    (and those between)
//! ```
//!
//! Pixel t of all patches of a row then begins at `taps[t]`. Which pixel stands where
//! is looked up once in [`Windows::source`]: most follow each other in the image, and the
//! rest is a list. So every border and every stride is a matter of this file.
//! Where all of them lie inside the image, side by side, the image itself is shown and
//! nothing is copied.

use std::ops::{Deref, DerefMut, Range};

use super::super::windows::Windows;
use super::lanes::{MOST, Real};

/// Bytes of a line of the cache.
const LINE: usize = 64;

/// Values that begin a line of the cache.
pub(super) struct Lines<T> {
    values: Vec<T>,
    first: usize,
}

impl<T: Real> Lines<T> {
    pub(super) const fn new() -> Self {
        Self {
            values: Vec::new(),
            first: 0,
        }
    }

    /// Makes room for `count` values; what was there is gone if there was less.
    pub(super) fn resize(&mut self, count: usize) {
        let count = count + LINE / size_of::<T>();
        if self.values.len() < count {
            self.values = vec![T::default(); count];
            self.first = self.values.as_ptr().align_offset(LINE);
            // An interpreter may not know.
            self.first = self.first.min(LINE / size_of::<T>());
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

/// Values from one row to the next, for rows of `length`: such that rows above each
/// other do not share what the cache has for a few addresses.
pub(super) fn pitch(length: usize) -> usize {
    length.next_multiple_of(2 * MOST) + MOST
}

/// Cuts columns into parts of `most`, but for the last, which fills a register if there
/// are so many.
pub(super) fn parts(columns: Range<usize>, most: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::with_capacity(columns.len() / most + 1);
    let mut from = columns.start;
    while from < columns.end {
        let end = match columns.end - from < most + MOST {
            true => columns.end,
            false => from + most,
        };
        parts.push(from..end);
        from = end;
    }
    parts
}

/// Rows of pixels that patches see: pixel t of the first patch stands at
/// `from + taps[t]`.
pub(super) struct View<'a, T> {
    pub(super) pixels: &'a [T],
    pub(super) from: usize,
    /// From one row to the next.
    pub(super) pitch: usize,
    pub(super) taps: &'a [usize],
}

/// Pixels that a patch sees, row by row.
pub(super) struct Tile<T> {
    values: Lines<T>,
    layouts: Vec<Layout>,
    /// 0, 1, 2 and on.
    side_by_side: Vec<usize>,
}

/// Which pixel stands where, for patches of some columns.
struct Layout {
    windows: Windows,
    columns: Range<isize>,
    /// From one row to the next, and to the next of `stride` lines of which a row is made.
    pitch: usize,
    line: usize,
    /// Where the pixels of the first patch are in a row.
    taps: Vec<usize>,
    /// Where in each line, from which pixel on, and how often the next `stride` pixels are
    /// the next of the lines.
    inside: [usize; 3],
    /// What stands elsewhere; `None` is the border's constant.
    outside: Vec<(usize, Option<usize>)>,
}

impl Layout {
    fn new(windows: &Windows, columns: Range<isize>) -> Self {
        let Windows {
            k, stride, width, ..
        } = *windows;
        let [_, patches] = windows.output();
        let margin = windows.margin() as isize;
        let end = ((patches - 1) * stride + k) as isize;
        let count = columns.len() + (k - 1) / stride;
        // A register full of the last patches may reach beyond them.
        let line = (count + MOST).next_multiple_of(MOST);
        // Of place i of all lines, the first pixel.
        let pixel = |i: usize| (columns.start + i as isize) * stride as isize - margin;
        let whole = |i: &usize| (0..=width as isize - stride as isize).contains(&pixel(*i));
        let first = (0..count).find(whole).unwrap_or(count);
        let inside = (first..count).take_while(whole).count();
        let from = match inside {
            0 => 0,
            _ => pixel(first) as usize,
        };
        let mut outside = Vec::new();
        for i in (0..first).chain(first + inside..count) {
            for phase in 0..stride.min(k) {
                let place = pixel(i) + margin + phase as isize;
                let seen = (0..end).contains(&place);
                let source = seen.then(|| windows.source(place, width)).flatten();
                outside.push((phase * line + i, source));
            }
        }
        Self {
            windows: *windows,
            pitch: pitch(stride * line),
            line,
            taps: (0..k).map(|t| t % stride * line + t / stride).collect(),
            inside: [first, from, inside],
            outside,
            columns,
        }
    }

    /// Writes a row of a tile.
    #[inline(always)]
    fn fill<T: Real>(&self, row: &mut [T], plane: &[T], place: usize) {
        let Windows {
            stride,
            height,
            width,
            border,
            ..
        } = self.windows;
        let constant = T::of(border.value());
        let Some(y) = self.windows.source(place as isize, height) else {
            row.fill(constant);
            return;
        };
        let pixels = &plane[y * width..][..width];
        let [to, from, count] = self.inside;
        let inside = &pixels[from..][..count * stride];
        match stride {
            1 => row[to..][..count].copy_from_slice(inside),
            2 => deal::<T, 2>(inside, self.line, &mut row[to..]),
            3 => deal::<T, 3>(inside, self.line, &mut row[to..]),
            4 => deal::<T, 4>(inside, self.line, &mut row[to..]),
            _ => {
                for (i, pixels) in inside.chunks_exact(stride).enumerate() {
                    for (phase, pixel) in pixels.iter().take(self.taps.len()).enumerate() {
                        row[phase * self.line + to + i] = *pixel;
                    }
                }
            }
        }
        for &(to, from) in &self.outside {
            row[to] = from.map_or(constant, |from| pixels[from]);
        }
    }
}

/// Deals pixels out to STRIDE lines, one to each in turn.
#[inline(always)]
fn deal<T: Real, const STRIDE: usize>(pixels: &[T], line: usize, to: &mut [T]) {
    let (pixels, _) = pixels.as_chunks::<STRIDE>();
    let mut lines = to.chunks_mut(line);
    let lines: [_; STRIDE] = std::array::from_fn(|_| lines.next());
    let mut lines = lines.map(|line| &mut line.expect("as many lines as that")[..pixels.len()]);
    // The compiler makes shuffles of registers of it.
    for (i, pixels) in pixels.iter().enumerate() {
        for (line, pixel) in lines.iter_mut().zip(pixels) {
            line[i] = *pixel;
        }
    }
}

impl<T: Real> Tile<T> {
    pub(super) fn new() -> Self {
        Self {
            values: Lines::new(),
            layouts: Vec::new(),
            side_by_side: Vec::new(),
        }
    }

    /// Shows some rows of places of a plane, as far as the patches of some columns see
    /// them; those before the first patch and beyond the last see the border's constant.
    ///
    /// Registers of `n` patches can be read: the last ends at the last column, or, if
    /// there are fewer columns than `n`, begins at the first.
    #[inline(always)]
    pub(super) fn show<'a>(
        &'a mut self,
        plane: &'a [T],
        windows: &Windows,
        rows: Range<usize>,
        columns: Range<isize>,
        n: usize,
    ) -> View<'a, T> {
        if let Some((from, pitch)) = inside(windows, &rows, &columns).filter(|_| columns.len() >= n)
        {
            let known = self.side_by_side.len();
            self.side_by_side.extend(known..windows.k.max(known));
            return View {
                pixels: plane,
                from,
                pitch,
                taps: &self.side_by_side,
            };
        }
        let layout = self.layout(windows, columns);
        let layout = &self.layouts[layout];
        self.values.resize(rows.len() * layout.pitch);
        for (row, place) in self.values.chunks_exact_mut(layout.pitch).zip(rows) {
            layout.fill(row, plane, place);
        }
        View {
            pixels: &self.values,
            from: 0,
            pitch: layout.pitch,
            taps: &layout.taps,
        }
    }

    /// Looks up a layout, or makes it.
    fn layout(&mut self, windows: &Windows, columns: Range<isize>) -> usize {
        if self
            .layouts
            .first()
            .is_some_and(|layout| layout.windows != *windows)
        {
            self.layouts.clear();
        }
        let known = self
            .layouts
            .iter()
            .position(|layout| layout.columns == columns);
        known.unwrap_or_else(|| {
            self.layouts.push(Layout::new(windows, columns));
            self.layouts.len() - 1
        })
    }
}

/// Where the image has some rows and columns of places, and from one row to the next, if
/// it has all that patches there see, side by side.
fn inside(
    windows: &Windows,
    rows: &Range<usize>,
    columns: &Range<isize>,
) -> Option<(usize, usize)> {
    let Windows {
        k,
        stride,
        height,
        width,
        ..
    } = *windows;
    let margin = windows.margin();
    let [first, last] = [columns.start, columns.end + k as isize - 1];
    let there = stride == 1
        && (margin..=margin + height).contains(&rows.start)
        && rows.end <= margin + height
        && first >= margin as isize
        && last <= (margin + width) as isize;
    there.then(|| {
        (
            (rows.start - margin) * width + first as usize - margin,
            width,
        )
    })
}
