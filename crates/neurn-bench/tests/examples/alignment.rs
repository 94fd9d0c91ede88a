//! `alignment` as a person runs it.

use std::path::Path;
use std::process::Output;

use super::{example, refused};

/// A study of seconds.
const SETTINGS: &str = r#"
models = ["digit-net-small"]
seeds = 1
scene_draws = 20
neuron_draws = 20
permutations = 19
"#;

fn run(arguments: &[&str], out: &Path) -> Output {
    let settings = out.with_extension("toml");
    std::fs::write(&settings, SETTINGS).unwrap();
    example("alignment")
        .args(["--settings".as_ref(), settings.as_os_str()])
        .args(["--out".as_ref(), out.as_os_str()])
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn what_a_study_writes_and_that_it_is_not_measured_twice() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = run(&[], &out);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout);
    for part in [
        "Simulated: How near it is",
        "generator",
        "shuffled-pixels",
        "Published",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let lines = std::fs::read_to_string(out.join("results.jsonl")).unwrap();
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    for key in [
        "measure",
        "model",
        "frontend",
        "layer",
        "group",
        "value",
        "low",
        "high",
        "ceiling",
        "seed",
        "simulated",
    ] {
        assert!(first.get(key).is_some(), "{key}: {first}");
    }
    for name in ["table.md", "table.csv", "report.html", "settings.toml"] {
        assert!(out.join(name).exists(), "{name}");
    }
    assert!(run(&["--no-images"], &out).status.success());
    assert_eq!(
        std::fs::read_to_string(out.join("results.jsonl")).unwrap(),
        lines
    );
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let at = |name: &str| folder.path().join(name).display().to_string();
    refused(
        &run(&["--data", &at("nothing")], &out),
        2,
        &["nothing", "allen"],
    );
    std::fs::write(folder.path().join("session.nwb"), "no HDF5").unwrap();
    refused(
        &run(&["--nwb", &at("session.nwb")], &out),
        1,
        &["session.nwb"],
    );
    refused(&run(&["--arrays", &at("nothing")], &out), 1, &["nothing"]);
    refused(&run(&["--frontend", "mix-style"], &out), 2, &["mix-style"]);
    let settings = folder.path().join("wrong.toml");
    std::fs::write(&settings, "distances = 3").unwrap();
    let output = example("alignment")
        .args(["--settings".as_ref(), settings.as_os_str()])
        .output()
        .unwrap();
    refused(&output, 2, &["wrong.toml", "distances"]);
}
