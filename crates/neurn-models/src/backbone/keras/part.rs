use burn::module::{Param, RunningState};
use burn::nn::{BatchNorm, Linear};
use burn::tensor::{Tensor, TensorData};

use super::KerasError;
use super::file::Tensors;
use crate::backbone::ConvNorm;

/// What of a network has weights, under the name of its layer in Keras.
pub(super) struct Part<'a> {
    pub(super) name: String,
    weights: Weights<'a>,
}

/// A part's module, by the way its weights lie in the file.
pub(super) enum Weights<'a> {
    /// A convolution over all channels.
    Mixing(&'a mut ConvNorm),
    /// A convolution of each channel by itself.
    Depthwise(&'a mut ConvNorm),
    /// The linear layer, which Keras has as a 1x1 convolution.
    Head(&'a mut Linear),
}

impl<'a> Part<'a> {
    pub(super) fn new(name: impl Into<String>, weights: Weights<'a>) -> Self {
        Self {
            name: name.into(),
            weights,
        }
    }

    /// Whether a tensor of this name belongs to the part.
    pub(super) fn has(&self, tensor: &str) -> bool {
        let Some(rest) = tensor.strip_prefix(&self.name) else {
            return false;
        };
        let of_norm = [
            "_bn/gamma",
            "_bn/beta",
            "_bn/moving_mean",
            "_bn/moving_variance",
        ];
        match self.weights {
            Weights::Mixing(_) => rest == "/kernel" || of_norm.contains(&rest),
            Weights::Depthwise(_) => rest == "/depthwise_kernel" || of_norm.contains(&rest),
            Weights::Head(_) => rest == "/kernel" || rest == "/bias",
        }
    }

    /// Takes the weights over from the file.
    pub(super) fn load(&mut self, tensors: &Tensors<'_>) -> Result<(), KerasError> {
        let name = &self.name;
        match &mut self.weights {
            Weights::Mixing(layer) => {
                let weight = &mut layer.conv.weight;
                let [outputs, inputs, height, width] = weight.lazy_shape().dims();
                let shape = [height, width, inputs, outputs];
                let values = tensors.values(&format!("{name}/kernel"), shape)?;
                set::<4, 4>(weight, values, |x| x.permute([3, 2, 0, 1]));
                load_norm(&mut layer.norm, name, tensors)
            }
            Weights::Depthwise(layer) => {
                let weight = &mut layer.conv.weight;
                let [channels, one, height, width] = weight.lazy_shape().dims();
                let shape = [height, width, channels, one];
                let values = tensors.values(&format!("{name}/depthwise_kernel"), shape)?;
                set::<4, 4>(weight, values, |x| x.permute([2, 3, 0, 1]));
                load_norm(&mut layer.norm, name, tensors)
            }
            Weights::Head(linear) => {
                let [inputs, outputs] = linear.weight.lazy_shape().dims();
                let shape = [1, 1, inputs, outputs];
                let values = tensors.values(&format!("{name}/kernel"), shape)?;
                set::<4, 2>(&mut linear.weight, values, |x| x.reshape([inputs, outputs]));
                if let Some(bias) = &mut linear.bias {
                    let values = tensors.values(&format!("{name}/bias"), [outputs])?;
                    set::<1, 1>(bias, values, |x| x);
                }
                Ok(())
            }
        }
    }
}

fn load_norm(norm: &mut BatchNorm, name: &str, tensors: &Tensors<'_>) -> Result<(), KerasError> {
    let shape: [usize; 1] = norm.gamma.lazy_shape().dims();
    let values = |tensor| tensors.values(&format!("{name}_bn/{tensor}"), shape);
    set::<1, 1>(&mut norm.gamma, values("gamma")?, |x| x);
    set::<1, 1>(&mut norm.beta, values("beta")?, |x| x);
    set_statistic(&mut norm.running_mean, values("moving_mean")?);

    let variance = values("moving_variance")?;
    if let Some(negative) = variance.iter::<f32>().find(|&x| x < 0.0) {
        let tensor = format!("{name}_bn/moving_variance");
        return Err(tensors.error(&tensor, "no negative numbers", negative.to_string()));
    }
    set_statistic(&mut norm.running_var, variance);
    Ok(())
}

/// Gives a parameter the values of the file, with its axes put in order by
/// `reorder`. It keeps its id, its device and whether it is trained, and is not
/// drawn for it.
fn set<const FILE: usize, const D: usize>(
    param: &mut Param<Tensor<D>>,
    values: TensorData,
    reorder: impl FnOnce(Tensor<FILE>) -> Tensor<D>,
) {
    let device = param.lazy_device();
    // Back and forth, so that its memory is in the new order too.
    let values = reorder(Tensor::from_data(values, &device)).into_data();
    let id = param.id;
    let tensor = Tensor::from_data(values, &device);
    *param = param.clone().transform_for_load(tensor, id);
}

fn set_statistic(statistic: &mut RunningState<Tensor<1>>, values: TensorData) {
    let device = statistic.value().device();
    *statistic = RunningState::new(Tensor::from_data(values, &device));
}
