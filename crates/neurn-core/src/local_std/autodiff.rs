//! The gradient of the contrast map by hand: one node in Burn's graph, which
//! keeps the images and the response and nothing between.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use super::kernel::{ContrastBackend, LocalStdBackend};
use super::windows::Windows;
use crate::MaxScope;

#[derive(Debug)]
struct Contrast;

impl<B: LocalStdBackend> Backward<B, 1> for Contrast {
    /// Images, response and the options.
    type State = (FloatTensor<B>, FloatTensor<B>, Windows, MaxScope);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [images_node] = ops.parents;
        let by_response = grads.consume::<B>(&ops.node);
        let (images, response, windows, scope) = ops.state;
        if let Some(node) = images_node {
            let gradient = B::contrast_gradient(images, response, by_response, windows, scope);
            grads.register::<B>(node.id, gradient);
        }
    }
}

impl<B: LocalStdBackend + ContrastBackend, C: CheckpointStrategy> ContrastBackend
    for Autodiff<B, C>
{
    fn contrast(images: FloatTensor<Self>, windows: Windows, scope: MaxScope) -> FloatTensor<Self> {
        let prepared = Contrast.prepare::<C>([images.node()]).compute_bound();
        match prepared.stateful() {
            OpsKind::Tracked(prepared) => {
                let images = images.into_primitive();
                let response = B::contrast(images.clone(), windows, scope);
                prepared.finish((images, response.clone(), windows, scope), response)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::contrast(images.into_primitive(), windows, scope))
            }
        }
    }
}
