//! `alignment` as a person runs it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use neurn_bench::studies::alignment::Record;

use super::{example, refused};

/// A study of seconds.
const SETTINGS: &str = r#"
models = ["digit-net-small"]
seeds = 1

[comparison]
scene_draws = 20
neuron_draws = 20
permutations = 19

[training]
epochs = 3
"#;

fn command(arguments: &[&str], out: &Path) -> Command {
    let settings = out.with_extension("toml");
    std::fs::write(&settings, SETTINGS).unwrap();
    let mut command = example("alignment");
    command
        .args(["--settings".as_ref(), settings.as_os_str()])
        .args(["--out".as_ref(), out.as_os_str()])
        .args(arguments);
    command
}

fn run(arguments: &[&str], out: &Path) -> Output {
    command(arguments, out).output().unwrap()
}

fn records(out: &Path) -> Vec<Record> {
    let text = std::fs::read_to_string(out.join("results.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What a job came to, without the times that it took.
fn results(out: &Path) -> BTreeMap<String, String> {
    let records = records(out);
    let count = records.len();
    let results: BTreeMap<String, String> = records
        .into_iter()
        .map(|record| {
            let artifact = std::fs::read(out.join(&record.artifacts[0])).unwrap();
            let rest = format!("{:?} {:?} {artifact:?}", record.learnt, record.values);
            (record.id, rest)
        })
        .collect();
    assert_eq!(results.len(), count, "a job was done twice");
    results
}

/// Noise in the place of CIFAR-10, in its format.
fn photographs(folder: &Path) {
    let cifar10 = folder.join("cifar10");
    std::fs::create_dir_all(&cifar10).unwrap();
    for (name, count) in [("data_batch_1.bin", 120_usize), ("test_batch.bin", 20)] {
        let mut state = count as u64;
        let mut bytes = Vec::new();
        for image in 0..count {
            bytes.push((image % 10) as u8);
            bytes.extend((0..3 * 32 * 32).map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 56) as u8
            }));
        }
        std::fs::write(cifar10.join(name), bytes).unwrap();
    }
}

/// A `.npy` file of 64-bit floats between 0 and 1.
fn array(path: &Path, shape: &[usize]) {
    let sides: String = shape.iter().map(|side| format!("{side}, ")).collect();
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({sides}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    let mut state = shape.iter().sum::<usize>() as u64;
    for _ in 0..shape.iter().product() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let value = (state >> 11) as f64 / (1_u64 << 53) as f64;
        bytes.extend(value.to_le_bytes());
    }
    std::fs::write(path, bytes).unwrap();
}

/// Two sets of neurons, and photographs that networks learn from.
fn small(folder: &Path) -> Vec<String> {
    photographs(folder);
    let sets = ["a", "b"].map(|name| {
        let set = folder.join(name);
        std::fs::create_dir_all(&set).unwrap();
        array(&set.join("stimuli.npy"), &[18, 16, 16]);
        let neurons = 10 + name.len() + usize::from(name == "b");
        array(&set.join("responses.npy"), &[2, 18, neurons]);
        set.display().to_string()
    });
    let data = folder.display().to_string();
    ["--data", &data, "--arrays", &sets.join(",")]
        .map(str::to_string)
        .to_vec()
}

#[test]
fn what_a_study_writes_and_that_it_is_not_measured_twice() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = run(&[], &out);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
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
    // Pixels, generator, shuffled, and the untrained network: one record each.
    assert_eq!(lines.lines().count(), 4);
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    for key in ["schema", "id", "job", "values", "artifacts", "simulated"] {
        assert!(first.get(key).is_some(), "{key}: {first}");
    }
    for name in ["table.md", "table.csv", "report.html", "settings.toml"] {
        assert!(out.join(name).exists(), "{name}");
    }
    assert!(run(&["--no-images"], &out).status.success());
    let again = std::fs::read_to_string(out.join("results.jsonl")).unwrap();
    assert_eq!(again, lines);

    // The report by itself, of a folder that was carried elsewhere.
    let elsewhere = folder.path().join("elsewhere");
    std::fs::rename(&out, &elsewhere).unwrap();
    let report = example("alignment")
        .args(["--report", "--out"])
        .arg(&elsewhere)
        .output()
        .unwrap();
    assert!(report.status.success());
    let without_place = |text: &[u8]| {
        let text = String::from_utf8_lossy(text).into_owned();
        text.split("\nWritten to").next().unwrap().to_string()
    };
    assert_eq!(without_place(&report.stdout), without_place(&output.stdout));
}

#[test]
fn what_would_be_done_is_told_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = run(&["--dry-run", "--seeds", "2"], &out);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert_eq!(text.matches("to run").count(), 6, "{text}");
    assert!(
        text.contains("digit-net-small, untrained, seed 1"),
        "{text}"
    );
    assert!(text.contains("scene_draws = 20"), "{text}");
    assert!(!out.exists(), "nothing is written");
    let output = example("alignment").arg("--list").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    for name in ["resnet18", "sobel-max", "KDE-IoU", "flex"] {
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn several_processes_share_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = small(folder.path());
    let data: Vec<&str> = data.iter().map(String::as_str).collect();
    let (alone, shared) = (folder.path().join("alone"), folder.path().join("shared"));
    assert!(run(&data, &alone).status.success());
    let started = ["1", "2"].map(|jobs| {
        let mut command = command(&data, &shared);
        command.args(["--jobs", jobs]);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().unwrap()
    });
    let outputs = started.map(|child| child.wait_with_output().unwrap());
    for output in &outputs {
        assert!(output.status.success());
        // Each waits for what the other is at, so both see all.
        assert_eq!(output.stdout, outputs[0].stdout);
    }
    // Pixels, shuffled, untrained, trained; of two sets of neurons.
    assert_eq!(results(&alone).len(), 8);
    assert_eq!(results(&shared), results(&alone));
}

#[cfg(unix)]
#[test]
fn killed_at_any_moment_it_goes_on_to_the_same_result() {
    let folder = tempfile::tempdir().unwrap();
    let data = small(folder.path());
    let data: Vec<&str> = data.iter().map(String::as_str).collect();
    let (alone, killed) = (folder.path().join("alone"), folder.path().join("killed"));
    assert!(run(&data, &alone).status.success());
    let mut before = Vec::new();
    for pause in (0..12).map(|i| 100 + 90 * i) {
        let mut command = command(&data, &killed);
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        // SIGKILL: nothing of the program runs any more.
        child.kill().unwrap();
        child.wait().unwrap();
        let now = std::fs::read(killed.join("results.jsonl")).unwrap_or_default();
        assert!(now.starts_with(&before), "a record was lost");
        before = now;
    }
    assert!(run(&data, &killed).status.success());
    assert_eq!(results(&killed), results(&alone));
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
    refused(&run(&["--jobs", "0"], &out), 2, &["1 to 64"]);
    refused(&run(&["--device", "flex,cuda"], &out), 2, &["one backend"]);
    refused(&run(&["--report"], &out), 2, &["results.jsonl"]);
    for (scenes, says) in [(3, "4 to 2000 scenes, found 3"), (2001, "found 2001")] {
        array(&folder.path().join("stimuli.npy"), &[scenes, 16, 16]);
        array(&folder.path().join("responses.npy"), &[2, scenes, 10]);
        let set = folder.path().display().to_string();
        refused(&run(&["--arrays", &set], &out), 2, &[&set, says]);
    }
    let responses = folder.path().join("responses.npy");
    array(&folder.path().join("stimuli.npy"), &[10, 16, 16]);
    array(&responses, &[2, 10, 10]);
    let mut bytes = std::fs::read(&responses).unwrap();
    let last = bytes.len() - 8;
    bytes[last..].copy_from_slice(&1e200_f64.to_le_bytes());
    std::fs::write(&responses, bytes).unwrap();
    let set = folder.path().display().to_string();
    refused(&run(&["--arrays", &set], &out), 2, &[&set, "at most 1e100"]);
    let settings = folder.path().join("wrong.toml");
    for (text, says) in [
        ("distances = 3", "distances"),
        ("seeds = 0", "seeds"),
        ("seeds = 1000000", "seeds"),
        ("seeds = 18446744073709551615", "seeds"),
    ] {
        std::fs::write(&settings, text).unwrap();
        let output = example("alignment")
            .args(["--settings".as_ref(), settings.as_os_str()])
            .output()
            .unwrap();
        refused(&output, 2, &["wrong.toml", says]);
    }
    assert!(!out.exists(), "nothing is written");
}

/// Found by a hostile user: 308 kB that became 16 GB.
#[test]
fn an_archive_that_would_take_all_memory_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("set");
    std::fs::create_dir_all(&set).unwrap();
    // The header is enough: it is asked before anything is read.
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (10, 16, 1966080), }\n";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    std::fs::write(set.join("stimuli.npy"), bytes).unwrap();
    array(&set.join("responses.npy"), &[10, 5]);
    let out = folder.path().join("out");
    let output = run(&["--arrays", &set.display().to_string()], &out);
    refused(&output, 1, &["stimuli.npy", "at most 33554432 values"]);
}
