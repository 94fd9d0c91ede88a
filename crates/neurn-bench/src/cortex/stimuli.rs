//! The images that were shown.

use faer::Mat;

use super::CortexError;

/// Grey images of one size: scenes x height x width, row after row, black 0
/// and white 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Stimuli {
    scenes: usize,
    height: usize,
    width: usize,
    values: Vec<f64>,
}

impl Stimuli {
    /// # Errors
    ///
    /// [`CortexError::Values`] if a size is 0, there are not `scenes * height *
    /// width` values, or one lies outside 0..=1.
    pub fn new(
        scenes: usize,
        height: usize,
        width: usize,
        values: Vec<f64>,
    ) -> Result<Self, CortexError> {
        let shape = [scenes, height, width];
        check_shape("stimuli", &shape, values.len())?;
        if let Some(place) = values.iter().position(|v| !(0.0..=1.0).contains(v)) {
            let found = format!("{} in scene {}", values[place], place / (height * width));
            return Err(CortexError::values("stimuli", "values from 0 to 1", found));
        }
        Ok(Self {
            scenes,
            height,
            width,
            values,
        })
    }

    /// How many images.
    pub fn scenes(&self) -> usize {
        self.scenes
    }

    /// Rows of an image.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns of an image.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The pixels of an image, row after row.
    ///
    /// # Panics
    ///
    /// If there is no such scene.
    pub fn scene(&self, scene: usize) -> &[f64] {
        let pixels = self.height * self.width;
        &self.values[scene * pixels..][..pixels]
    }

    /// Scenes x pixels.
    pub fn matrix(&self) -> Mat<f64> {
        let pixels = self.height * self.width;
        Mat::from_fn(self.scenes, pixels, |scene, pixel| {
            self.values[scene * pixels + pixel]
        })
    }

    /// The images at another size by bilinear interpolation with half-pixel
    /// centres; the ratio of the sides is not kept.
    ///
    /// Along an axis that shrinks by a factor s the triangle is s times as
    /// wide, so that every pixel counts: an average with weights and no
    /// aliasing, PyTorch's `interpolate(mode="bilinear", antialias=True)`.
    ///
    /// # Panics
    ///
    /// If a side is 0.
    #[must_use]
    pub fn resized(&self, height: usize, width: usize) -> Self {
        assert!(height > 0 && width > 0, "images of {height}x{width}");
        let rows = taps(self.height, height);
        let columns = taps(self.width, width);
        let mut values = Vec::with_capacity(self.scenes * height * width);
        for scene in 0..self.scenes {
            let pixels = resize(self.scene(scene), self.width, &rows, &columns);
            // Weights add up to 1 but for a rounding.
            values.extend(pixels.into_iter().map(|pixel| pixel.clamp(0.0, 1.0)));
        }
        Self {
            scenes: self.scenes,
            height,
            width,
            values,
        }
    }

    /// Some of the images, in this order.
    ///
    /// # Panics
    ///
    /// If there are none or there is no such scene.
    #[must_use]
    pub fn select(&self, scenes: &[usize]) -> Self {
        assert!(!scenes.is_empty(), "no scenes");
        Self {
            scenes: scenes.len(),
            values: scenes
                .iter()
                .flat_map(|&scene| self.scene(scene))
                .copied()
                .collect(),
            ..*self
        }
    }
}

/// A map of any values at another size, as [`Stimuli::resized`] does it.
///
/// # Panics
///
/// If a side is 0, or the map is not of its size.
pub fn resampled(map: &[f64], from: [usize; 2], to: [usize; 2]) -> Vec<f64> {
    assert!(to[0] > 0 && to[1] > 0, "a map of {to:?}");
    assert_eq!(map.len(), from[0] * from[1], "a map of {from:?}");
    resize(map, from[1], &taps(from[0], to[0]), &taps(from[1], to[1]))
}

/// The pixels that make up a new one: the first of them, and their weights.
pub(super) type Tap = (usize, Vec<f64>);

/// The taps of every place of `to` among `from` pixels. The weights are a
/// triangle around the place's centre and sum up to 1.
pub(super) fn taps(from: usize, to: usize) -> Vec<Tap> {
    let scale = from as f64 / to as f64;
    let reach = scale.max(1.0);
    (0..to)
        .map(|place| {
            let centre = (place as f64 + 0.5) * scale - 0.5;
            let first = (centre - reach).ceil().max(0.0) as usize;
            let last = ((centre + reach).floor() as usize).min(from - 1);
            let mut weights: Vec<f64> = (first..=last)
                .map(|pixel| (1.0 - (pixel as f64 - centre).abs() / reach).max(0.0))
                .collect();
            let sum: f64 = weights.iter().sum();
            weights.iter_mut().for_each(|weight| *weight /= sum);
            (first, weights)
        })
        .collect()
}

/// One image, rows first, kept within 0..=1 against rounding.
pub(super) fn resize(pixels: &[f64], width: usize, rows: &[Tap], columns: &[Tap]) -> Vec<f64> {
    let mut values = Vec::with_capacity(rows.len() * columns.len());
    for (first, weights) in rows {
        let mut row = vec![0.0; width];
        for (weight, source) in weights.iter().zip(pixels.chunks_exact(width).skip(*first)) {
            for (sum, value) in row.iter_mut().zip(source) {
                *sum += weight * value;
            }
        }
        values.extend(columns.iter().map(|(first, weights)| {
            weights
                .iter()
                .zip(&row[*first..])
                .map(|(w, v)| w * v)
                .sum::<f64>()
        }));
    }
    values
}

/// Whether sizes are positive and make up `count` values.
pub(super) fn check_shape(field: &str, shape: &[usize], count: usize) -> Result<(), CortexError> {
    if shape.contains(&0) {
        let found = format!("{shape:?}");
        return Err(CortexError::values(field, "at least one a side", found));
    }
    let product = shape.iter().try_fold(1_usize, |a, &b| a.checked_mul(b));
    if product != Some(count) {
        let expected = format!("as many values as {shape:?} has");
        return Err(CortexError::values(field, expected, count.to_string()));
    }
    Ok(())
}
