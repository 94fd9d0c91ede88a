//! Ridge regression from units to neurons: how much of a neuron a layer
//! predicts.

use faer::{Mat, MatRef, Side};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::gram::centred;
use super::pearson::pearson;

/// Cross-validated ridge regression with a penalty for each neuron.
///
/// The scenes are cut into folds. What is predicted of a fold comes from a
/// regression on the others, with intercept and with the penalty that
/// predicts each of those best when it alone is left out, so no scene has a
/// part in its own prediction, nor in the choice of its penalty. The error of
/// leaving one out is known in closed form, `(y - y^) / (1 - h)` with h from
/// the diagonal of the hat matrix (Allen 1974, Technometrics 16; scikit-learn's
/// `RidgeCV`).
///
/// It works on [`gram`](super::gram) matrices, so its cost is that of the
/// scenes, however many units a layer has.
#[derive(Clone, Debug, PartialEq)]
pub struct Ridge {
    /// Parts of the scenes, at least 2; 5 if not said.
    pub folds: usize,
    /// Penalties to choose from, as shares of the mean variance of the units'
    /// patterns in training, `tr(K) / scenes`; 1e-4 to 1e4 in powers of ten if
    /// not said. Of penalties that do equally well, the first.
    pub penalties: Vec<f64>,
    /// What the folds are drawn from.
    pub seed: u64,
}

impl Default for Ridge {
    fn default() -> Self {
        Self {
            folds: 5,
            penalties: (-4..=4).map(|power| 10_f64.powi(power)).collect(),
            seed: 0,
        }
    }
}

/// What was predicted of neurons.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Predicted responses, scenes x neurons, each from the other folds.
    pub predicted: Mat<f64>,
    /// Correlation of predicted and measured responses of each neuron over the
    /// scenes of a fold, its mean over the folds, in -1..=1; 0 in a fold where
    /// either does not vary.
    ///
    /// Fold by fold, as then chance is exactly 0: what a fold is predicted from
    /// knows nothing of it. Over all scenes at once it would be below 0, since
    /// what is left out deviates from the mean in the direction opposite to
    /// what is kept.
    pub correlations: Vec<f64>,
}

impl Ridge {
    /// Predicts responses (scenes x neurons) from the [`gram`](super::gram)
    /// matrix of a layer.
    ///
    /// # Panics
    ///
    /// If there are fewer than 2 folds or 3 scenes for each of them, no
    /// penalties or such that are not positive, a number that is not finite, or
    /// if the numbers of scenes differ.
    pub fn predict(&self, gram: MatRef<'_, f64>, responses: MatRef<'_, f64>) -> Prediction {
        let folds = self.folds(responses.nrows());
        self.predict_folds(gram, responses, &folds)
    }

    pub(super) fn predict_folds(
        &self,
        gram: MatRef<'_, f64>,
        responses: MatRef<'_, f64>,
        folds: &[Vec<usize>],
    ) -> Prediction {
        let (scenes, neurons) = responses.shape();
        assert_eq!(gram.shape(), (scenes, scenes), "responses to other scenes");
        assert!(
            !self.penalties.is_empty() && self.penalties.iter().all(|p| *p > 0.0),
            "positive penalties; got {:?}",
            self.penalties
        );
        let mut predicted = Mat::zeros(scenes, neurons);
        for fold in folds {
            let kept: Vec<usize> = (0..scenes).filter(|scene| !fold.contains(scene)).collect();
            let of_fold = self.fold(gram, responses, &kept, fold);
            for (row, &scene) in fold.iter().enumerate() {
                for neuron in 0..neurons {
                    predicted[(scene, neuron)] = of_fold[(row, neuron)];
                }
            }
        }
        let measured: Vec<Vec<f64>> = (0..neurons)
            .map(|neuron| responses.col(neuron).iter().copied().collect())
            .collect();
        let correlations = measured
            .iter()
            .enumerate()
            .map(|(neuron, measured)| {
                let predicted = predicted.col_as_slice(neuron);
                let of_folds = folds.iter().map(|fold| {
                    let [a, b] = [measured.as_slice(), predicted]
                        .map(|values| fold.iter().map(|&scene| values[scene]).collect::<Vec<_>>());
                    pearson(&a, &b).unwrap_or(0.0)
                });
                of_folds.sum::<f64>() / folds.len() as f64
            })
            .collect();
        Prediction {
            predicted,
            correlations,
        }
    }

    /// The folds: scenes in random order, dealt out one by one.
    fn folds(&self, scenes: usize) -> Vec<Vec<usize>> {
        assert!(
            self.folds >= 2 && scenes >= 3 * self.folds,
            "{} folds of {scenes} scenes",
            self.folds
        );
        let mut order: Vec<usize> = (0..scenes).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(self.seed));
        let mut folds = vec![Vec::new(); self.folds];
        for (place, scene) in order.into_iter().enumerate() {
            folds[place % self.folds].push(scene);
        }
        folds.iter_mut().for_each(|fold| fold.sort_unstable());
        folds
    }

    /// What is predicted of the scenes of a fold, from those that are kept.
    fn fold(
        &self,
        gram: MatRef<'_, f64>,
        responses: MatRef<'_, f64>,
        kept: &[usize],
        fold: &[usize],
    ) -> Mat<f64> {
        let (count, neurons) = (kept.len(), responses.ncols());
        let inner = Mat::from_fn(count, count, |i, j| gram[(kept[i], kept[j])]);
        // Products with the kept patterns, all about their mean.
        let means: Vec<f64> = (0..count)
            .map(|i| inner.row(i).iter().sum::<f64>() / count as f64)
            .collect();
        let mean = means.iter().sum::<f64>() / count as f64;
        let outer = Mat::from_fn(fold.len(), count, |i, j| {
            let row = kept.iter().map(|&scene| gram[(fold[i], scene)]);
            gram[(fold[i], kept[j])] - row.sum::<f64>() / count as f64 - means[j] + mean
        });
        let inner = centred(inner.as_ref());
        let intercepts: Vec<f64> = (0..neurons)
            .map(|neuron| {
                let kept = kept.iter().map(|&scene| responses[(scene, neuron)]);
                kept.sum::<f64>() / count as f64
            })
            .collect();
        let deviations = Mat::from_fn(count, neurons, |i, neuron| {
            responses[(kept[i], neuron)] - intercepts[neuron]
        });
        let trace: f64 = (0..count).map(|i| inner[(i, i)]).sum();
        if trace <= 0.0 {
            // Units that do not vary predict the mean.
            return Mat::from_fn(fold.len(), neurons, |_, neuron| intercepts[neuron]);
        }

        let eigen = inner
            .self_adjoint_eigen(Side::Lower)
            .expect("eigenvalues of finite numbers");
        let (vectors, values) = (eigen.U(), eigen.S().column_vector());
        let rotated = vectors.transpose() * &deviations;
        let onto = &outer * vectors;
        let mut least = vec![f64::INFINITY; neurons];
        let mut predicted = Mat::zeros(fold.len(), neurons);
        for share in &self.penalties {
            let penalty = share * trace / count as f64;
            let value = |k: usize| values[k].max(0.0);
            // Of the hat matrix, I - H, and the diagonal, with the intercept's.
            let left = Mat::from_fn(count, neurons, |k, neuron| {
                rotated[(k, neuron)] * penalty / (value(k) + penalty)
            });
            let left = vectors * left;
            let free: Vec<f64> = (0..count)
                .map(|i| {
                    let hat = (0..count)
                        .map(|k| vectors[(i, k)].powi(2) * value(k) / (value(k) + penalty));
                    1.0 - 1.0 / count as f64 - hat.sum::<f64>()
                })
                .collect();
            let weights = Mat::from_fn(count, neurons, |k, neuron| {
                rotated[(k, neuron)] / (value(k) + penalty)
            });
            let of_penalty = &onto * weights;
            for neuron in 0..neurons {
                let errors = free.iter().enumerate();
                let error: f64 = errors
                    .map(|(i, free)| (left[(i, neuron)] / free.max(f64::MIN_POSITIVE)).powi(2))
                    .sum();
                if error < least[neuron] {
                    least[neuron] = error;
                    for row in 0..fold.len() {
                        predicted[(row, neuron)] = intercepts[neuron] + of_penalty[(row, neuron)];
                    }
                }
            }
        }
        predicted
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::gram;
    use super::super::tests::{normal, rotated};
    use super::*;

    fn predict(patterns: &Mat<f64>, responses: &Mat<f64>) -> Prediction {
        Ridge::default().predict(gram(patterns.as_ref()).as_ref(), responses.as_ref())
    }

    #[test]
    fn a_linear_neuron_is_predicted_and_a_silent_one_is_not() {
        let patterns = normal(60, 8, 0);
        let weights = normal(8, 3, 1);
        let mut responses = &patterns * weights;
        responses.col_as_slice_mut(2).fill(0.1);
        let prediction = predict(&patterns, &responses);
        assert!(prediction.correlations[..2].iter().all(|r| *r > 0.999));
        assert_eq!(prediction.correlations[2], 0.0);
    }

    #[test]
    fn units_that_do_not_vary_predict_nothing() {
        let patterns = Mat::from_fn(20, 4, |_, unit| 0.1 * unit as f64);
        let prediction = predict(&patterns, &normal(20, 3, 0));
        assert_eq!(prediction.correlations, [0.0; 3]);
    }

    /// Unrelated units: a mean of 0 over neurons.
    #[test]
    fn chance_is_0() {
        let neurons = 400;
        let prediction = predict(&normal(50, 30, 0), &normal(50, neurons, 1));
        let mean = prediction.correlations.iter().sum::<f64>() / neurons as f64;
        // A correlation of ten scenes deviates by 1/3, the mean of five by 0.15,
        // that of 400 neurons by 0.0075. What is predicted of them all lies in
        // the same directions, so allow twice as much; four times that.
        assert!(mean.abs() < 4.0 * 0.015, "{mean}");
    }

    /// A scene's response has no part in what is predicted of it.
    #[test]
    fn no_scene_predicts_itself() {
        let (patterns, responses) = (normal(20, 6, 0), normal(20, 2, 1));
        let before = predict(&patterns, &responses);
        let mut changed = responses.clone();
        changed[(7, 0)] += 100.0;
        let after = predict(&patterns, &changed);
        assert_eq!(before.predicted[(7, 0)], after.predicted[(7, 0)]);
        assert_ne!(before.predicted[(8, 0)], after.predicted[(8, 0)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn a_rotation_scale_and_offset_change_nothing(seed in 0..1_000_u64) {
            let patterns = normal(20, 6, seed);
            let responses = normal(20, 3, seed + 1_000);
            let mut moved = rotated(&patterns, seed) * faer::Scale(7.0);
            for unit in 0..6 {
                moved.col_as_slice_mut(unit).iter_mut().for_each(|x| *x += 3.0);
            }
            let (a, b) = (predict(&patterns, &responses), predict(&moved, &responses));
            for (a, b) in a.correlations.iter().zip(&b.correlations) {
                // Two penalties that do equally well within rounding may be
                // taken for each other, which is not what is asked here.
                prop_assert!((a - b).abs() < 1e-8);
            }
        }
    }
}
