use std::ops::Range;

use crate::kernels::convolution::geometry::Geometry;

/// What the taps of a kernel see along one axis. For a target at place q the tap sees the
/// source at `q * stride + shift`, beyond whose ends are zeros.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// The first target, and from one to the next.
    pub start: usize,
    pub step: usize,
    /// Targets.
    pub count: usize,
    pub stride: usize,
    pub taps: Vec<Tap>,
}

/// A place of the kernel along an axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tap {
    pub index: usize,
    pub shift: isize,
}

/// Targets next to each other, and the taps that see something other than zeros there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub targets: Range<usize>,
    pub taps: Range<usize>,
}

impl Axis {
    /// The output, from the images.
    pub fn forward(geometry: &Geometry, axis: usize) -> Self {
        let (dilation, padding) = (geometry.dilation[axis], geometry.padding[axis]);
        let tap = |index: usize| Tap {
            index,
            shift: (index * dilation) as isize - padding as isize,
        };
        Self {
            start: 0,
            step: 1,
            count: geometry.output[axis],
            stride: geometry.stride[axis],
            taps: (0..geometry.kernel[axis]).map(tap).collect(),
        }
    }

    /// The images, from the output: one axis for each phase of the stride. A pixel is seen
    /// by those taps that stand on it at a whole position.
    pub fn backward(geometry: &Geometry, axis: usize) -> Vec<Self> {
        let (dilation, padding) = (geometry.dilation[axis], geometry.padding[axis]);
        let (stride, size) = (geometry.stride[axis], geometry.image[axis]);
        let phase = |start: usize| {
            let taps = (0..geometry.kernel[axis]).filter_map(|index| {
                let shift = (start + padding) as isize - (index * dilation) as isize;
                let whole = shift.rem_euclid(stride as isize) == 0;
                whole.then(|| Tap {
                    index,
                    shift: shift.div_euclid(stride as isize),
                })
            });
            Self {
                start,
                step: stride,
                count: (size - start).div_ceil(stride),
                stride: 1,
                taps: taps.collect(),
            }
        };
        (0..stride.min(size)).map(phase).collect()
    }

    /// Targets that the same taps see inside a source of `size`, in order.
    pub fn segments(&self, targets: Range<usize>, size: usize) -> Vec<Segment> {
        let inside = |target: usize, tap: &Tap| {
            let source = (target * self.stride) as isize + tap.shift;
            usize::try_from(source).is_ok_and(|source| source < size)
        };
        let mut segments: Vec<Segment> = Vec::new();
        for target in targets {
            // Those inside are neighbours, since shifts rise or fall.
            let first = self.taps.iter().position(|tap| inside(target, tap));
            let first = first.unwrap_or(self.taps.len());
            let count = self.taps[first..]
                .iter()
                .take_while(|tap| inside(target, tap))
                .count();
            let taps = first..first + count;
            match segments.last_mut().filter(|last| last.taps == taps) {
                Some(last) => last.targets.end += 1,
                None => segments.push(Segment {
                    targets: target..target + 1,
                    taps,
                }),
            }
        }
        segments
    }

    /// The first source that the target at 0 sees.
    pub fn low(&self) -> isize {
        self.taps.iter().map(|tap| tap.shift).min().unwrap_or(0)
    }

    /// Sources that `count` targets see, from the first to the last.
    pub fn span(&self, count: usize) -> usize {
        let high = self.taps.iter().map(|tap| tap.shift).max().unwrap_or(0);
        (count - 1) * self.stride + (high - self.low()) as usize + 1
    }
}
