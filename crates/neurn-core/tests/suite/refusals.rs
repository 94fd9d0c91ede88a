//! Programmer errors panic, with a message that says what was given and what
//! is allowed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{Device, Tensor};
use neurn_core::{Border, NeuRnConfig, Response, local_mean_std, local_std};

#[track_caller]
fn refused<T>(run: impl FnOnce() -> T, says: &[&str]) {
    let panic = catch_unwind(AssertUnwindSafe(run)).err().expect("a panic");
    let message = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .expect("a message");
    for part in says {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
}

fn image(h: usize, w: usize) -> Tensor<4> {
    Tensor::ones([1, 1, h, w], &Device::default())
}

#[test]
fn patches_without_a_centre() {
    for k in [0, 2, 4] {
        refused(
            || NeuRnConfig::new(k).init(),
            &["odd", &format!("got k = {k}")],
        );
        refused(|| local_std(image(9, 9), k, Border::Zero, 1), &["odd"]);
        refused(|| local_mean_std(image(9, 9), k, Border::Zero, 1), &["odd"]);
        // Also where there is nothing to compute.
        let none = Tensor::ones([0, 1, 9, 9], &Device::default());
        refused(|| local_std(none, k, Border::Zero, 1), &["odd"]);
    }
}

#[test]
fn settings_outside_their_range() {
    let config = NeuRnConfig::default();
    refused(
        || config.clone().with_stride(0).init(),
        &["stride", "got 0"],
    );
    refused(
        || local_std(image(9, 9), 3, Border::Zero, 0),
        &["stride", "got 0"],
    );
    for value in [f64::NAN, f64::INFINITY, 1e50] {
        let border = Border::Constant(value);
        let says = ["finite", &format!("got {value}")];
        refused(|| config.clone().with_border(border).init(), &says);
        refused(|| local_std(image(9, 9), 3, border, 1), &says);
    }
    for floor in [-1e-3, f64::NAN, f64::INFINITY, 1e50] {
        let config = config.clone().with_noise_floor(floor);
        refused(|| config.init(), &["noise floor", &format!("got {floor}")]);
    }
    for quantile in [0.0, -0.5, 1.5, f64::NAN] {
        let config = config.clone().with_quantile(quantile);
        refused(|| config.init(), &["(0, 1]", &format!("got {quantile}")]);
    }
    for epsilon in [0.0, -1.0, 1e-50, 1e50, f64::NAN, f64::INFINITY] {
        for response in [
            Response::InverseContrast { epsilon },
            Response::Divisive { epsilon },
        ] {
            let config = config.clone().with_response(response);
            refused(|| config.init(), &["positive", &format!("got {epsilon}")]);
        }
    }
}

#[test]
fn patches_larger_than_the_border_allows() {
    let forward = |k: usize, border, h, w| {
        NeuRnConfig::new(k)
            .with_border(border)
            .init()
            .forward(image(h, w))
    };
    for (k, border, side, rule) in [
        (5, Border::Symmetric, 1, "floor(k / 2) <= side"),
        (5, Border::Reflect, 2, "floor(k / 2) < side"),
        (5, Border::Valid, 4, "k <= side"),
        (5, Border::Circular, 1, "floor(k / 2) <= side"),
    ] {
        let says = [rule, &format!("k = {k}"), &format!("side of {side}")];
        refused(|| forward(k, border, side, 9), &says);
        refused(|| forward(k, border, 9, side), &says);
        // One pixel more is enough.
        forward(k, border, side + 1, side + 1);
    }
    for border in [Border::Replicate, Border::Zero, Border::Constant(0.5)] {
        forward(15, border, 1, 1);
        refused(|| forward(3, border, 0, 4), &["at least one pixel"]);
    }
}
