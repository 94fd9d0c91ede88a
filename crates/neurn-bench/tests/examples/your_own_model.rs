//! A network behind NeuRN does not see brightness, contrast or polarity.

use crate::example;

#[test]
fn a_dimmed_negative_scores_the_same() {
    let output = example("your_own_model").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let difference = text.rsplit_once(": ").expect("a last line").1.trim();
    let difference: f64 = difference.parse().expect("a number");
    assert!(difference < 1e-4, "{text}");
}
