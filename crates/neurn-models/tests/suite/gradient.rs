//! A backward pass reaches every trainable parameter.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Distribution, Gradients, Tensor};
use neurn_models::{
    BackboneConfig, ClassifierConfig, FrontendConfig, NeuRnConfig, trainable_parameters,
};

use crate::devices;

/// The gradients that are there.
struct Reached<'a> {
    gradients: &'a Gradients,
    /// Where the visitor is in the module.
    path: Vec<String>,
    values: usize,
    /// The parameters with a gradient, and the sum of its absolute values.
    sums: Vec<(String, f32)>,
}

impl ModuleVisitor for Reached<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            self.values += gradient.shape().num_elements();
            let sum = gradient.abs().sum().into_scalar::<f32>();
            self.sums.push((self.path.join("."), sum));
        }
    }
}

#[test]
fn every_parameter_has_a_gradient_behind_neurn() {
    for device in devices::all() {
        let device = device.autodiff();
        for model in ["digit-net-small", "resnet18", "mobilenet-v1"] {
            let backbone = BackboneConfig::from_name(model, 10, 3, 32).unwrap();
            let frontend = FrontendConfig::neurn(NeuRnConfig::new(3));
            let classifier = ClassifierConfig::new(frontend, backbone).init(&device);
            // Enough images that no layer is dead for all of them, and that a
            // batch norm over a single pixel does not leave only signs.
            let images = Tensor::random([8, 3, 32, 32], Distribution::Uniform(0.0, 1.0), &device);
            // Weighted, as the logits of a softmax sum to the same whatever
            // the network does to them.
            let weights = Tensor::random([8, 10], Distribution::Uniform(-1.0, 1.0), &device);
            let gradients = (classifier.forward(images) * weights).sum().backward();
            let mut reached = Reached {
                gradients: &gradients,
                path: Vec::new(),
                values: 0,
                sums: Vec::new(),
            };
            classifier.visit(&mut reached);
            assert_eq!(reached.values, trainable_parameters(&classifier), "{model}");
            // A sum is finite only if every value is.
            for (parameter, sum) in reached.sums {
                assert!(
                    sum.is_finite() && sum > 0.0,
                    "{model} {parameter}: gradient of absolute sum {sum}"
                );
            }
        }
    }
}
