//! The examples as a person runs them.

mod alignment;
mod domain_transfer;
mod neurn_image;
mod noise_floor;
#[cfg(feature = "remote")]
mod remote;
mod your_own_model;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// An example's binary, which `cargo test` builds beside this test's.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().expect("a test knows itself");
    let profile = test.parent().and_then(Path::parent);
    let path: PathBuf = profile
        .expect("target/PROFILE/deps/TEST")
        .join("examples")
        .join(name);
    let path = path.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        path.exists(),
        "{} is missing; run the whole of `cargo test`",
        path.display()
    );
    Command::new(path)
}

/// The program ended with this code and an error that says all of `says`.
#[track_caller]
fn refused(output: &Output, code: i32, says: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{error}");
    for part in says {
        assert!(error.contains(part), "{error:?} does not say {part:?}");
    }
    assert!(!error.contains("panicked"), "{error}");
}
