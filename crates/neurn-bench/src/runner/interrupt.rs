//! How a person stops a study.

use burn::train::Interrupter;

/// What Ctrl-C stops, after the `step` that is under way; a second Ctrl-C ends
/// the process at once, with 130 (128 + SIGINT).
pub fn on_ctrl_c(step: &'static str) -> Interrupter {
    let interrupter = Interrupter::new();
    let stop = interrupter.clone();
    let handler = ctrlc::set_handler(move || {
        eprintln!("\nstopping after this {step}; a second Ctrl-C stops at once");
        if stop.should_stop() {
            std::process::exit(130);
        }
        stop.stop(Some("Ctrl-C"));
    });
    if let Err(error) = handler {
        eprintln!("Ctrl-C will not end this cleanly: {error}");
    }
    interrupter
}
