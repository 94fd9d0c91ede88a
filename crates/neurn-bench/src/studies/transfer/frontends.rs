//! What can stand against a shift, by name.

use neurn_models::{FrontendConfig, MapConfig, UnknownFrontend};

use crate::train::Augmentation;

/// The names of frontends, and of the two augmentations that take the place of
/// one.
pub const FRONTENDS: [&str; 20] = {
    let mut names = ["rand-conv"; 20];
    let mut place = 0;
    while place < neurn_models::FRONTENDS.len() {
        names[place] = neurn_models::FRONTENDS[place];
        place += 1;
    }
    names[19] = "mix-style";
    names
};

/// The frontend of that name with a patch of side `k` and stride `stride`, if it
/// has patches.
pub(crate) fn frontend(
    name: &str,
    k: usize,
    stride: usize,
) -> Result<FrontendConfig, UnknownFrontend> {
    let mut config: FrontendConfig = match name {
        "rand-conv" | "mix-style" => FrontendConfig::none(),
        _ => name.parse()?,
    };
    match &mut config.map {
        MapConfig::NeuRn(neurn) | MapConfig::WithNeuRn(neurn) => {
            neurn.k = k;
            neurn.stride = stride;
        }
        MapConfig::Sigma(sigma) => sigma.k = k,
        _ => {}
    }
    Ok(config)
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
    let patch = |config: &FrontendConfig| {
        matches!(
            config.map,
            MapConfig::NeuRn(_) | MapConfig::WithNeuRn(_) | MapConfig::Sigma(_)
        )
    };
    frontend(name, 3, 1).is_ok_and(|config| patch(&config))
}

/// Whether the frontend of that name has a stride.
pub(super) fn has_stride(name: &str) -> bool {
    frontend(name, 3, 2).is_ok_and(|config| config.stride() == 2)
}
