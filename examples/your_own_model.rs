//! NeuRN in front of your own Burn model: one field and one line.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Distribution, Tensor};
use neurn_core::{NeuRn, NeuRnConfig};

#[derive(Module, Debug)]
struct YourModel {
    neurn: NeuRn,
    conv: Conv2d,
    classes: Linear,
}

impl YourModel {
    fn new(device: &Device) -> Self {
        Self {
            neurn: NeuRnConfig::default().init(),
            conv: Conv2dConfig::new([3, 16], [3, 3]).init(device),
            classes: LinearConfig::new(16, 10).init(device),
        }
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let x = self.neurn.forward(images);
        let x = relu(self.conv.forward(x));
        let x = x.mean_dims(&[2, 3]).flatten::<2>(1, 3);
        self.classes.forward(x)
    }
}

fn main() {
    let device = Device::default();
    let model = YourModel::new(&device);
    let images = Tensor::random([4, 3, 32, 32], Distribution::Uniform(0.0, 1.0), &device);

    // Twice as bright and in negative: NeuRN's response is the same, and so is
    // all that follows.
    let scores = model.forward(images.clone());
    let negative = model.forward(1.0 - images * 0.5);
    let difference = (scores.clone() - negative).abs().max().into_scalar::<f32>();

    println!("{model}");
    println!("scores: {:?}", scores.dims());
    println!("largest difference to the scores of the dimmed negatives: {difference:.1e}");
}
