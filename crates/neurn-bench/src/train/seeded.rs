//! A classifier before it is trained.

use std::sync::Mutex;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use neurn_models::{Classifier, ClassifierConfig};

/// A classifier whose weights depend on the seed alone.
///
/// Burn draws from one generator a process, and a layer draws when it is first
/// used: so the weights are all drawn here, right after seeding, while no other
/// run draws.
pub fn seeded(config: &ClassifierConfig, seed: u64, device: &Device) -> Classifier {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    struct Draw;
    impl ModuleVisitor for Draw {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            param.val();
        }
    }

    // A run that panicked while it drew leaves nothing behind that matters.
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(|e| e.into_inner());
    device.seed(seed);
    let classifier = config.init(device);
    classifier.visit(&mut Draw);
    // A GPU or a server draws when it comes to it. What is wrong with a device
    // shows in the run, where it is caught.
    _ = device.sync();
    classifier
}
