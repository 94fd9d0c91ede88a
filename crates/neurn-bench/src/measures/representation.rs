//! The papers' neural representation.

use faer::{Mat, MatRef};

/// `N = T^T F_S`: for each neuron the sum of the images (scenes x pixels),
/// weighted by what it answered to them (scenes x neurons); neurons x pixels
/// (arXiv 2505.06886).
///
/// It looks like the mean image as far as the neuron answers to all images
/// alike, and like what sets the images that it prefers apart from the others
/// beyond that. A silent neuron has a map of zeros.
///
/// ```
/// use faer::mat;
/// use neurn_bench::measures::representation;
///
/// let responses = mat![[1.0], [2.0]];
/// let images = mat![[0.0, 0.5, 1.0], [1.0, 0.5, 0.25]];
/// let map = representation(responses.as_ref(), images.as_ref());
/// assert_eq!(map, mat![[2.0, 1.5, 1.5]]);
/// ```
///
/// # Panics
///
/// If the numbers of scenes differ.
pub fn representation(responses: MatRef<'_, f64>, images: MatRef<'_, f64>) -> Mat<f64> {
    assert_eq!(
        responses.nrows(),
        images.nrows(),
        "responses to as many scenes as there are images"
    );
    responses.transpose() * images
}
