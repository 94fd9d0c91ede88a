//! A backward pass reaches every trainable parameter.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Distribution, Gradients, Tensor};
use neurn_models::{
    BackboneConfig, ClassifierConfig, FrontendConfig, NeuRnConfig, trainable_parameters,
};

use crate::devices;

/// Numbers of values of the gradients that are there and finite.
struct Reached<'a> {
    gradients: &'a Gradients,
    values: usize,
    sum: f32,
}

impl ModuleVisitor for Reached<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            self.values += gradient.shape().num_elements();
            self.sum += gradient.abs().sum().into_scalar::<f32>();
        }
    }
}

#[test]
fn every_parameter_has_a_gradient_behind_neurn() {
    for device in devices::all() {
        let device = device.autodiff();
        for model in ["digit-net-small", "resnet18"] {
            let backbone = BackboneConfig::from_name(model, 10, 3, 32).unwrap();
            let frontend = FrontendConfig::NeuRn(NeuRnConfig::new(3));
            let classifier = ClassifierConfig::new(frontend, backbone).init(&device);
            let images = Tensor::random([2, 3, 32, 32], Distribution::Uniform(0.0, 1.0), &device);
            // Weighted, as the logits of a softmax sum to the same whatever
            // the network does to them.
            let weights = Tensor::random([2, 10], Distribution::Uniform(-1.0, 1.0), &device);
            let gradients = (classifier.forward(images) * weights).sum().backward();
            let mut reached = Reached {
                gradients: &gradients,
                values: 0,
                sum: 0.0,
            };
            classifier.visit(&mut reached);
            assert_eq!(reached.values, trainable_parameters(&classifier), "{model}");
            assert!(reached.sum.is_finite() && reached.sum > 0.0, "{model}");
        }
    }
}
