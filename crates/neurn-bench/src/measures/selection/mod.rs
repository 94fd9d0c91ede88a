//! The papers' choice of neurons: the most central ones of clusters of similar
//! representations.

mod kmeans;
mod layout;
mod principal;
mod umap;

#[cfg(test)]
mod tests;

use faer::{Mat, MatRef};

use self::kmeans::kmeans;
use self::umap::embed;
use crate::cortex::Kind;

/// How neurons are chosen (arXiv 2505.06886): their representations are
/// embedded in a plane by UMAP, clustered there by k-means, and of each cluster
/// those nearest to its centre are taken.
///
/// The paper's 500 neurons of each kind, 50 of a cluster, are the default's 10
/// clusters. The settings of UMAP are umap-learn's defaults, but that it starts
/// from principal components.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Selection {
    /// How many clusters, if there are as many different points.
    pub clusters: usize,
    /// How many neurons of a cluster, if it has as many.
    pub central: usize,
    /// Of the layout and of the clusters.
    pub seed: u64,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            clusters: 10,
            central: 50,
            seed: 0,
        }
    }
}

impl Selection {
    /// The most central neurons of all, ascending, by representations (neurons x
    /// pixels): of each cluster the `central` nearest to its centre in the plane, the
    /// first of equals, or all if it has fewer. A neuron that never answers is
    /// one like any other.
    ///
    /// ```
    /// use faer::Mat;
    /// use neurn_bench::measures::Selection;
    ///
    /// let two_kinds = Mat::from_fn(12, 3, |neuron, pixel| {
    ///     10.0 * (neuron % 2) as f64 + (neuron * pixel) as f64 / 36.0
    /// });
    /// let selection = Selection { clusters: 2, central: 3, seed: 0 };
    /// let chosen = selection.representatives(two_kinds.as_ref());
    /// assert_eq!(chosen.iter().filter(|neuron| *neuron % 2 == 0).count(), 3);
    /// assert_eq!(chosen.len(), 6);
    /// ```
    ///
    /// # Panics
    ///
    /// If a value is no finite number (or a sum of them is none), or `clusters`
    /// is 0.
    pub fn representatives(&self, representations: MatRef<'_, f64>) -> Vec<usize> {
        let all = (0..representations.nrows()).collect();
        let mut chosen = self.candidates(representations, all).central;
        chosen.sort_unstable();
        chosen
    }

    /// As many excitatory neurons as inhibitory ones, ascending, by representations
    /// (neurons x pixels) and the kind of each neuron, where it is known.
    ///
    /// The paper balances the kinds and does not say how. Here each is embedded
    /// and clustered by itself, so that both have as many clusters, and chosen
    /// from as [`Self::representatives`] does; then the kind that has more is
    /// cut to the number of the other: first come the most central ones of all
    /// clusters, then the second of each, and so on. So where a kind is
    /// missing, nothing is chosen.
    ///
    /// # Panics
    ///
    /// If there are not as many kinds as neurons, a value of a neuron of known
    /// kind is no finite number (or a sum of them is none), or `clusters` is 0.
    pub fn balanced(&self, representations: MatRef<'_, f64>, kinds: &[Option<Kind>]) -> Vec<usize> {
        assert_eq!(
            kinds.len(),
            representations.nrows(),
            "a kind, or none, for each neuron"
        );
        let candidates = Kind::ALL.map(|kind| {
            let neurons = (0..kinds.len())
                .filter(|&neuron| kinds[neuron] == Some(kind))
                .collect();
            self.candidates(representations, neurons)
        });
        let counts = candidates.iter().map(|kind| kind.central.len());
        let least = counts.min().unwrap_or(0);
        let central = candidates.iter().flat_map(|kind| &kind.central[..least]);
        let mut chosen: Vec<usize> = central.copied().collect();
        chosen.sort_unstable();
        chosen
    }

    fn candidates(&self, representations: MatRef<'_, f64>, neurons: Vec<usize>) -> Candidates {
        let rows = Mat::from_fn(neurons.len(), representations.ncols(), |row, pixel| {
            representations[(neurons[row], pixel)]
        });
        let points = embed(rows.as_ref(), self.seed);
        let clusters = kmeans(&points, self.clusters, self.seed);
        let mut central = Vec::new();
        for (cluster, centre) in clusters.centres.iter().enumerate() {
            let mut members: Vec<(f64, usize)> = (0..points.len())
                .filter(|&row| clusters.of[row] == cluster)
                .map(|row| (distance(points[row], *centre), neurons[row]))
                .collect();
            members.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let nearest = members.into_iter().take(self.central).enumerate();
            central.extend(nearest.map(|(rank, (_, neuron))| (rank, cluster, neuron)));
        }
        central.sort_unstable();
        Candidates {
            points,
            cluster: clusters.of,
            central: central.into_iter().map(|(.., neuron)| neuron).collect(),
        }
    }
}

/// Neurons embedded together, in their order.
#[derive(Debug, PartialEq)]
struct Candidates {
    /// Where they are in the plane.
    points: Vec<[f64; 2]>,
    cluster: Vec<usize>,
    /// Those that may be chosen: the most central one of each cluster, then the
    /// second, and so on.
    central: Vec<usize>,
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}
