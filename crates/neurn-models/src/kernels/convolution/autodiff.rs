//! The gradients by hand: one node in Burn's graph, which keeps the images and the weight.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use super::backend::{ConvolutionBackend, ConvolutionGradient};
use super::geometry::Geometry;
use crate::kernels::activation::Activation;

#[derive(Debug)]
struct Convolution;

/// Images, weight, sizes, and with an activation the output.
type State<B> = (
    FloatTensor<B>,
    FloatTensor<B>,
    Geometry,
    Option<(Activation, FloatTensor<B>)>,
);

/// The node of a convolution, whose parents are images, weight and bias.
impl<B: ConvolutionGradient> Backward<B, 3> for Convolution {
    type State = State<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [images_node, weight_node, bias_node] = ops.parents;
        let by_output = gradients.consume::<B>(&ops.node);
        let (images, weight, geometry, activated) = ops.state;
        let by_output = match activated {
            Some((activation, output)) => B::activation_backward(output, by_output, activation),
            None => by_output,
        };
        if let Some(node) = images_node {
            let gradient = B::convolution_by_images(weight, by_output.clone(), geometry);
            gradients.register::<B>(node.id, gradient);
        }
        if weight_node.is_some() || bias_node.is_some() {
            let (weight, bias) = B::convolution_by_weight(images, by_output, geometry);
            if let Some(node) = weight_node {
                gradients.register::<B>(node.id, weight);
            }
            if let Some(node) = bias_node {
                gradients.register::<B>(node.id, bias);
            }
        }
    }
}

impl<B, C> ConvolutionBackend for Autodiff<B, C>
where
    B: ConvolutionBackend + ConvolutionGradient,
    C: CheckpointStrategy,
{
    fn convolution(
        images: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
        activation: Activation,
    ) -> FloatTensor<Self> {
        let parents = [images.node(), weight.node(), bias.node()];
        let [images, weight, bias] = [images, weight, bias].map(|tensor| tensor.into_primitive());
        match Convolution.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let inputs = (images.clone(), weight.clone());
                let output = B::convolution(inputs.0, inputs.1, bias, geometry, activation);
                let kept = match activation {
                    Activation::None => None,
                    _ => Some((activation, output.clone())),
                };
                prepared.finish((images, weight, geometry, kept), output)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::convolution(images, weight, bias, geometry, activation))
            }
        }
    }
}
