//! A layer of a network, as far as the measures look at it.

use burn::tensor::Tensor;
use faer::{Mat, MatRef};

use super::neurons::{map_size, seen};
use super::settings::UnitMap;
use crate::cortex::{Stimuli, resampled};
use crate::measures::pearson::constant;
use crate::measures::{Distance, Rdm, gram, representation};

/// What a layer makes of the stimuli.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// Dissimilarities of the scenes, over all units and places.
    pub rdm: Rdm,
    /// Products of the scenes' patterns, over all units and places.
    pub gram: Mat<f64>,
    /// A map of each unit at the size of those of neurons, units x pixels.
    pub maps: Mat<f64>,
    /// The mean activation of each unit over its places, scenes x units.
    pub activations: Mat<f64>,
    /// Units with the same activation everywhere in every scene.
    pub constant: usize,
}

/// How layers are summed up.
#[derive(Clone, Copy, Debug)]
pub struct Summary<'a> {
    /// What was shown.
    pub stimuli: &'a Stimuli,
    /// How scenes are told apart.
    pub distance: Distance,
    /// What a unit's map is.
    pub map: UnitMap,
}

impl Summary<'_> {
    /// Of the output of a layer for all scenes in order, `[scenes, units, h, w]`.
    ///
    /// # Errors
    ///
    /// The first value that is not finite.
    ///
    /// # Panics
    ///
    /// If it is of another number of scenes.
    pub fn layer(&self, name: &str, output: Tensor<4>) -> Result<Layer, f32> {
        let [scenes, units, height, width] = output.dims();
        assert_eq!(scenes, self.stimuli.scenes(), "features of all scenes");
        let values: Vec<f32> = output.into_data().iter::<f32>().collect();
        if let Some(&value) = values.iter().find(|value| !value.is_finite()) {
            return Err(value);
        }
        let places = height * width;
        let patterns = Mat::from_fn(scenes, units * places, |scene, place| {
            f64::from(values[scene * units * places + place])
        });
        let activations = Mat::from_fn(scenes, units, |scene, unit| {
            let first = (scene * units + unit) * places;
            let sum: f64 = values[first..][..places]
                .iter()
                .map(|&x| f64::from(x))
                .sum();
            sum / places as f64
        });
        let maps = match self.map {
            UnitMap::Weighted => representation(activations.as_ref(), seen(self.stimuli).as_ref()),
            UnitMap::Mean => {
                let mut means = vec![0.0; units * places];
                for scene in values.chunks_exact(units * places) {
                    for (mean, &value) in means.iter_mut().zip(scene) {
                        *mean += f64::from(value) / scenes as f64;
                    }
                }
                let size = map_size(self.stimuli);
                let maps: Vec<Vec<f64>> = means
                    .chunks_exact(places)
                    .map(|map| resampled(map, [height, width], size))
                    .collect();
                Mat::from_fn(units, size[0] * size[1], |unit, pixel| maps[unit][pixel])
            }
        };
        let constant = (0..units)
            .filter(|unit| {
                let first = values[unit * places];
                let of_unit = (0..scenes)
                    .flat_map(|scene| &values[(scene * units + unit) * places..][..places]);
                of_unit.into_iter().all(|&value| value == first)
            })
            .count();
        Ok(self.sum_up(name, patterns.as_ref(), maps, activations, constant))
    }

    /// Of units without places, scenes x units; their maps are the weighted ones.
    pub fn units(&self, name: &str, activations: Mat<f64>) -> Layer {
        let maps = representation(activations.as_ref(), seen(self.stimuli).as_ref());
        let units = 0..activations.ncols();
        let constant = units
            .filter(|&unit| constant(activations.col_as_slice(unit)))
            .count();
        let patterns = activations.clone();
        self.sum_up(name, patterns.as_ref(), maps, activations, constant)
    }

    fn sum_up(
        &self,
        name: &str,
        patterns: MatRef<'_, f64>,
        maps: Mat<f64>,
        activations: Mat<f64>,
        constant: usize,
    ) -> Layer {
        Layer {
            name: name.to_string(),
            rdm: Rdm::of(patterns, self.distance),
            gram: gram(patterns),
            maps,
            activations,
            constant,
        }
    }
}
