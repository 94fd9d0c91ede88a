//! What can stand against a shift, by name.

use neurn_core::{NeuRnConfig, Response};
use neurn_models::{FrontendConfig, LocalContrastNormConfig, SigmaConfig};

use super::Augmentation;

/// The names of frontends, and of the two augmentations that take the place of
/// one.
pub const FRONTENDS: [&str; 15] = [
    "none",
    "neurn",
    "neurn-inverse-contrast",
    "neurn-divisive",
    "sigma",
    "greyscale",
    "standardize",
    "instance-norm",
    "local-response-norm",
    "local-contrast-subtractive",
    "local-contrast-divisive",
    "sobel",
    "laplacian-of-gaussian",
    "rand-conv",
    "mix-style",
];

/// No frontend has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no frontend `{0}`; the frontends are {names}", names = FRONTENDS.join(", "))]
pub struct UnknownFrontend(pub String);

/// The frontend of that name with a patch of side `k` and stride `stride`, if it
/// has patches.
pub(crate) fn frontend(
    name: &str,
    k: usize,
    stride: usize,
) -> Result<FrontendConfig, UnknownFrontend> {
    let neurn = NeuRnConfig::new(k).with_stride(stride);
    Ok(match name {
        "none" | "rand-conv" | "mix-style" => FrontendConfig::None,
        "neurn" => FrontendConfig::NeuRn(neurn),
        "neurn-inverse-contrast" => {
            FrontendConfig::NeuRn(neurn.with_response(Response::inverse_contrast()))
        }
        "neurn-divisive" => FrontendConfig::NeuRn(neurn.with_response(Response::divisive())),
        "sigma" => FrontendConfig::Sigma(SigmaConfig::new(k)),
        "greyscale" => FrontendConfig::Greyscale,
        "standardize" => FrontendConfig::Standardize,
        "instance-norm" => FrontendConfig::InstanceNorm,
        "local-response-norm" => FrontendConfig::LocalResponseNorm,
        "local-contrast-subtractive" => {
            FrontendConfig::LocalContrastNorm(LocalContrastNormConfig::new().with_divisive(false))
        }
        "local-contrast-divisive" => {
            FrontendConfig::LocalContrastNorm(LocalContrastNormConfig::new())
        }
        "sobel" => FrontendConfig::Sobel,
        "laplacian-of-gaussian" => FrontendConfig::LaplacianOfGaussian,
        _ => return Err(UnknownFrontend(name.to_string())),
    })
}

/// What happens to the images of a step, under the frontend of that name.
pub(super) fn augmentation(name: &str) -> Augmentation {
    match name {
        "rand-conv" => Augmentation::RandConv(Default::default()),
        "mix-style" => Augmentation::MixStyle(Default::default()),
        _ => Augmentation::None,
    }
}

/// Whether the frontend of that name has a patch.
pub(super) fn has_patch(name: &str) -> bool {
    matches!(
        frontend(name, 3, 1),
        Ok(FrontendConfig::NeuRn(_) | FrontendConfig::Sigma(_))
    )
}

/// Whether the frontend of that name has a stride.
pub(super) fn has_stride(name: &str) -> bool {
    matches!(frontend(name, 3, 1), Ok(FrontendConfig::NeuRn(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_configuration() {
        for name in FRONTENDS {
            frontend(name, 3, 1).unwrap();
        }
        let error = frontend("canny", 3, 1).unwrap_err().to_string();
        assert!(
            error.contains("`canny`") && error.contains("none, neurn"),
            "{error}"
        );
    }

    #[test]
    fn only_the_two_rivals_at_training_time_augment() {
        let augmenting = FRONTENDS
            .into_iter()
            .filter(|name| augmentation(name) != Augmentation::None);
        assert_eq!(augmenting.collect::<Vec<_>>(), ["rand-conv", "mix-style"]);
    }
}
