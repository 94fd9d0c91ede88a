//! One patch by itself, in f64: the definition, for the peak of which the gradient
//! asks.

use std::marker::PhantomData;

use super::super::windows::Windows;
use super::lanes::Real;

/// The pixels of a patch.
pub(super) struct Patch<T> {
    /// Where they stand in their plane; `None` is the border's constant.
    places: Vec<Option<usize>>,
    /// How far they lie above the mean.
    deviations: Vec<f64>,
    value: PhantomData<T>,
}

impl<T: Real> Patch<T> {
    /// The patch at a row and column of patches at stride 1.
    pub(super) fn new(plane: &[T], windows: &Windows, row: usize, column: usize) -> Self {
        let Windows {
            k, height, width, ..
        } = *windows;
        let columns: Vec<_> = (0..k)
            .map(|j| windows.source((column + j) as isize, width))
            .collect();
        let mut places = Vec::with_capacity(k * k);
        for i in 0..k {
            match windows.source((row + i) as isize, height) {
                Some(y) => places.extend(columns.iter().map(|x| Some(y * width + (*x)?))),
                None => places.resize(places.len() + k, None),
            }
        }
        let constant = T::of(windows.border.value()).wide();
        let pixel = |place: &Option<usize>| place.map_or(constant, |place| plane[place].wide());
        // About the centre first, and then about the mean.
        let centre = pixel(&places[places.len() / 2]);
        let mut deviations: Vec<f64> = places.iter().map(|place| pixel(place) - centre).collect();
        let mean = deviations.iter().sum::<f64>() / (k * k) as f64;
        deviations.iter_mut().for_each(|d| *d -= mean);
        Self {
            places,
            deviations,
            value: PhantomData,
        }
    }

    /// The standard deviation.
    pub(super) fn std(&self) -> T {
        let squares: f64 = self.deviations.iter().map(|d| d * d).sum();
        // The range is that of f32 squares here too.
        T::of(squares / self.deviations.len() as f64).sqrt()
    }

    /// Adds to every pixel's gradient `share` times how far the pixel lies above the
    /// mean; beyond the border to that of the pixel shown there.
    pub(super) fn add_deviations(&self, share: f64, gradient: &mut [T]) {
        for (place, deviation) in self.places.iter().zip(&self.deviations) {
            if let Some(place) = *place {
                gradient[place] += T::of(share * deviation);
            }
        }
    }
}
