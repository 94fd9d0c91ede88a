//! Tensors whose values do not lie one behind the other, and such without values.

use burn::tensor::{DType, Device, Slice, Tensor};
use neurn_core::{Border, NeuRnConfig, local_mean_std, local_std};

use crate::devices::{all, tensor, values};
use crate::gradient::irregular_values;

fn images(device: &Device) -> Tensor<4> {
    let values = irregular_values(3 * 2 * 12 * 14, 59);
    tensor(&values, [3, 2, 12, 14], DType::F32, device)
}

/// Views of one tensor, each with a name.
fn views(x: Tensor<4>) -> Vec<(&'static str, Tensor<4>)> {
    let all = Slice::full();
    let third = Slice::with_step(1, None, 3);
    vec![
        ("transposed", x.clone().swap_dims(2, 3)),
        ("channels last", x.clone().permute([0, 2, 3, 1])),
        ("every third row", x.clone().slice([all, all, third, all])),
        (
            "every third column",
            x.clone().slice([all, all, all, third]),
        ),
        ("a part", x.clone().slice([1..3, 1..2, 2..10, 3..12])),
        ("flipped", x.clone().flip([2, 3])),
        (
            "one image again",
            x.clone().narrow(0, 1, 1).expand([5, 2, 12, 14]),
        ),
        (
            "one row again",
            x.slice([0..3, 0..2, 4..5]).expand([3, 2, 9, 14]),
        ),
    ]
}

/// The same values one behind the other.
fn copied(view: &Tensor<4>, device: &Device) -> Tensor<4> {
    tensor(&values(view.clone()), view.dims(), DType::F32, device)
}

#[test]
fn a_view_has_the_response_of_its_copy() {
    for device in all() {
        for (name, view) in views(images(&device)) {
            let copy = copied(&view, &device);
            for (k, border) in [
                (3, Border::Symmetric),
                (3, Border::Circular),
                (5, Border::Zero),
            ] {
                if border != Border::Zero && view.dims()[2].min(view.dims()[3]) < k / 2 {
                    continue;
                }
                let layer = NeuRnConfig::new(k).with_border(border).init();
                let found = values(layer.forward(view.clone()));
                assert_eq!(
                    found,
                    values(layer.forward(copy.clone())),
                    "{device:?} {name}"
                );
                let found = values(local_std(view.clone(), k, border, 2));
                let expected = values(local_std(copy.clone(), k, border, 2));
                assert_eq!(found, expected, "{device:?} {name}");
                let (found, _) = local_mean_std(view.clone(), k, border, 1);
                let (expected, _) = local_mean_std(copy.clone(), k, border, 1);
                assert_eq!(values(found), values(expected), "{device:?} {name}");
            }
        }
    }
}

/// What comes back reaches the pixels that a view shows.
#[test]
fn a_view_has_the_gradient_of_its_copy() {
    for device in all() {
        let device = device.autodiff();
        let layer = NeuRnConfig::default().init();
        for (i, (name, view)) in views(images(&device)).into_iter().enumerate() {
            let x = copied(&view, &device).require_grad();
            let y = layer.forward(x.clone());
            let weights = irregular_values(y.shape().num_elements(), 61);
            let weights = tensor(&weights, y.dims(), DType::F32, &device);
            let gradients = (y * weights.clone()).sum().backward();
            let expected = x.grad(&gradients).expect("x is tracked");

            // Of the view itself, which is a node between the leaf and NeuRN.
            let whole = images(&device).require_grad();
            let (_, view) = views(whole.clone()).swap_remove(i);
            let gradients = (layer.forward(view) * weights).sum().backward();
            let by_whole = values(whole.grad(&gradients).expect("the whole is tracked"));

            // A view's gradient is its copy's, added up where a pixel stands twice.
            let sum = |values: &[f64]| values.iter().map(|g| g.abs()).sum::<f64>();
            let expected = values(expected);
            let total = |values: &[f64]| values.iter().sum::<f64>();
            let size = sum(&expected);
            assert!(size > 0.0, "{device:?} {name}");
            let difference = total(&by_whole) - total(&expected);
            assert!(difference.abs() <= 1e-4 * size, "{device:?} {name}");
            if !name.contains("again") {
                let difference = sum(&by_whole) - size;
                assert!(difference.abs() <= 1e-5 * size, "{device:?} {name}");
            }
        }
    }
}

/// An empty batch is a part of a graph like any other: its gradient is empty.
#[test]
fn a_batch_without_images_has_a_gradient_without_values() {
    for device in all() {
        let device = device.autodiff();
        for dims in [[0, 3, 9, 8], [2, 0, 9, 8]] {
            let responses: [fn(Tensor<4>) -> Tensor<4>; 3] = [
                |x| NeuRnConfig::new(5).with_stride(2).init().forward(x),
                |x| local_std(x, 3, Border::Valid, 1),
                |x| local_mean_std(x, 3, Border::Valid, 1).0,
            ];
            for respond in responses {
                let x = Tensor::<4>::zeros(dims, &device).require_grad();
                let y = respond(x.clone());
                assert!(y.is_tracked(), "{device:?} {dims:?}");
                let gradients = y.sum().backward();
                let gradient = x.grad(&gradients).expect("x is tracked");
                assert_eq!(gradient.dims(), dims, "{device:?}");
            }
        }
    }
}
