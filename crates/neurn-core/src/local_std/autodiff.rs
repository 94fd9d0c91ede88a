//! The gradient by hand: one node in Burn's graph, which
//! keeps the images and the response and nothing between.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use super::backend::LocalStdBackend;
use super::windows::Windows;
use crate::MaxScope;

#[derive(Debug)]
struct LocalStd;

impl<B: LocalStdBackend> Backward<B, 1> for LocalStd {
    /// Images, response and the options.
    type State = (FloatTensor<B>, FloatTensor<B>, Windows, Option<MaxScope>);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [images_node] = ops.parents;
        let by_response = grads.consume::<B>(&ops.node);
        let (images, response, windows, over) = ops.state;
        if let Some(node) = images_node {
            let gradient = B::local_std_gradient(images, response, by_response, windows, over);
            grads.register::<B>(node.id, gradient);
        }
    }
}

impl<B: LocalStdBackend, C: CheckpointStrategy> LocalStdBackend for Autodiff<B, C> {
    fn local_std(
        images: FloatTensor<Self>,
        windows: Windows,
        over: Option<MaxScope>,
    ) -> FloatTensor<Self> {
        let prepared = LocalStd.prepare::<C>([images.node()]).compute_bound();
        match prepared.stateful() {
            OpsKind::Tracked(prepared) => {
                let images = images.into_primitive();
                let response = B::local_std(images.clone(), windows, over);
                prepared.finish((images, response.clone(), windows, over), response)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::local_std(images.into_primitive(), windows, over))
            }
        }
    }

    fn local_std_gradient(
        _images: FloatTensor<Self>,
        _response: FloatTensor<Self>,
        _by_response: FloatTensor<Self>,
        _windows: Windows,
        _over: Option<MaxScope>,
    ) -> FloatTensor<Self> {
        unreachable!("Burn computes gradients on the backend beneath")
    }
}
