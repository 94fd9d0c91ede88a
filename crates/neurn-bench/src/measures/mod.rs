//! Measures of how alike two representations are: one of a network, one of
//! cortex.
//!
//! The papers' are [`rmse`](rmse_matrix) between maps and [`kde_iou`] between
//! activities; the field's are RDMs ([`Rdm`], [`compare`]), [`linear_cka`],
//! [`procrustes`] and cross-validated [`Ridge`] regression. What they are held
//! against is noise ([`split_half`], [`noise_ceiling`]) and chance
//! ([`SceneBootstrap`], [`ScenePermutation`]).
//!
//! Patterns are rows: scenes x units, scenes x neurons; maps are neurons x
//! pixels. All arithmetic is in f64.

mod bootstrap;
mod ceiling;
mod cka;
mod compare;
mod density;
mod gram;
mod kendall;
mod pairing;
pub(crate) mod pearson;
mod permutation;
mod procrustes;
mod product;
mod rdm;
mod reliability;
mod representation;
mod ridge;
mod rmse;
mod selection;

pub use bootstrap::SceneBootstrap;
pub use ceiling::{Ceiling, cka_ceiling, noise_ceiling, rdm_ceiling};
pub use cka::{debiased_linear_cka, linear_cka};
pub use compare::{Comparison, compare};
pub use density::{DensityGrid, DensityOverlap, kde_iou};
pub use gram::gram;
pub use kendall::kendall_tau_a;
pub use pairing::{Pairing, correlation_cost, pair, paired_costs};
pub use permutation::ScenePermutation;
pub use procrustes::procrustes;
pub use rdm::{Distance, Rdm};
pub use reliability::{Reliability, spearman_brown, split_half};
pub use representation::representation;
pub use ridge::{Prediction, Ridge};
pub use rmse::{Scaling, rmse, rmse_matrix};
pub use selection::{Chosen, Selection};

#[cfg(test)]
mod tests;
