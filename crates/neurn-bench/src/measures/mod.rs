//! Measures of how alike two representations are: one of a network, one of
//! cortex.
//!
//! The papers' are [`rmse`](rmse_matrix) between maps and [`kde_iou`] between
//! activities; the field's are RDMs ([`Rdm`], [`spearman`]), [`linear_cka`],
//! [`procrustes`] and cross-validated [`Ridge`] regression. What they are held
//! against is noise ([`split_half`], [`rdm_ceiling`]) and chance
//! ([`SceneBootstrap`], [`ScenePermutation`]).
//!
//! Patterns are rows: scenes x units, scenes x neurons; maps are neurons x
//! pixels. All arithmetic is in f64.

mod bootstrap;
mod ceiling;
mod cka;
mod compare;
pub(crate) mod density;
mod gram;
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
pub use ceiling::{cka_ceiling, rdm_ceiling};
pub use cka::{debiased_linear_cka, linear_cka};
pub use compare::spearman;
pub use density::{DensityGrid, DensityOverlap, kde_iou};
pub use gram::gram;
pub use pairing::{Pairing, correlation_cost, pair, paired_costs};
pub use permutation::ScenePermutation;
pub use procrustes::procrustes;
pub use rdm::{Distance, Rdm};
pub use reliability::{spearman_brown, split_half};
pub use representation::representation;
pub use ridge::{Prediction, Ridge};
pub use rmse::{Scaling, rmse, rmse_matrix};
pub use selection::Selection;

#[cfg(test)]
mod tests;
