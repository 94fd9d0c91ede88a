use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// The number of trainable parameters, as publications count them.
///
/// [`Module::num_params`] also counts the running statistics of a
/// [`BatchNorm`](burn::nn::BatchNorm), which no optimizer changes. This does
/// not, and it initializes nothing: a network that was never run is counted
/// without its weights being drawn. Frozen parameters are counted.
pub fn trainable_parameters<M: Module>(module: &M) -> usize {
    let mut counter = Counter::default();
    module.visit(&mut counter);
    counter.parameters
}

#[derive(Default)]
struct Counter {
    parameters: usize,
    in_running_statistics: bool,
}

// A visitor sees a running statistic as it sees a parameter. Whether it
// requires a gradient does not tell them apart, as nothing does on a device
// without autodiff, and asking would initialize it; its place in the module
// does.
fn is_running_statistic(name: &str, container: &str) -> bool {
    container == "Struct:BatchNorm" && matches!(name, "running_mean" | "running_var")
}

impl ModuleVisitor for Counter {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.in_running_statistics |= is_running_statistic(name, container);
    }

    fn exit_module(&mut self, name: &str, container: &str) {
        self.in_running_statistics &= !is_running_statistic(name, container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !self.in_running_statistics {
            self.parameters += param.lazy_shape().num_elements();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use burn::nn::{BatchNormConfig, LinearConfig};
    use burn::tensor::Device;

    #[test]
    fn running_statistics_do_not_count() {
        let norm = BatchNormConfig::new(5).init(&Device::default());
        assert_eq!(norm.num_params(), 20);
        assert_eq!(trainable_parameters(&norm), 10);
    }

    #[test]
    fn what_follows_running_statistics_counts() {
        let device = Device::default();
        let module = (
            BatchNormConfig::new(5).init(&device),
            LinearConfig::new(5, 2).init(&device),
        );
        assert_eq!(trainable_parameters(&module), 10 + 12);
    }

    #[test]
    fn counting_initializes_nothing() {
        let linear = LinearConfig::new(3, 4).init(&Device::default());
        assert_eq!(trainable_parameters(&linear), 16);
        assert!(!linear.weight.is_initialized());
    }

    #[test]
    fn frozen_parameters_count() {
        let linear = LinearConfig::new(3, 4).init(&Device::default().autodiff());
        assert_eq!(trainable_parameters(&linear.freeze()), 16);
    }
}
