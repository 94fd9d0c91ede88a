//! The example as a person runs it: what it writes, what it refuses, and that
//! it goes on where it stopped.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use neurn_bench::studies::transfer::record::Record;

use crate::{example, refused};

fn run(arguments: &[&str], out: &Path) -> Output {
    example("domain_transfer")
        .args(arguments)
        .arg("--out")
        .arg(out)
        .output()
        .expect("the example starts")
}

pub(crate) fn records(out: &Path) -> Vec<Record> {
    let text = std::fs::read_to_string(out.join("results.jsonl")).expect("results");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a record"))
        .collect()
}

/// A run of seconds.
const TINY: [&str; 6] = ["--source", "mnist", "--epochs", "1", "--train-limit", "96"];

#[test]
fn arguments_that_no_run_can_be_made_of() {
    let out = tempfile::tempdir().unwrap();
    for (arguments, says) in [
        (["--model", "vgg20"], ["vgg20", "vgg19"]),
        (["--source", "emnist"], ["emnist", "mnist-m"]),
        (["--target", "emnist"], ["emnist", "mnist-m"]),
        (["--method", "canny"], ["canny", "neurn"]),
        (["--device", "abacus"], ["abacus", "flex"]),
        (["--k", "4"], ["4", "odd number from 3"]),
        (["--k", "1"], ["1", "odd number from 3"]),
        (["--k", "3,67"], ["67", "odd number from 3"]),
        (["--seeds", "0"], ["0", "--seeds"]),
        (["--seeds", "99999999999"], ["99999999999", "--seeds"]),
        (["--epochs", "0"], ["0", "--epochs"]),
        (
            ["--batch", "1000000000000000000"],
            ["from 1 to 1000000", "--batch"],
        ),
        (["--train-limit", "-3"], ["-3", "unexpected"]),
        (["--batch", "0"], ["0", "--batch"]),
        (["--lr", "nan"], ["nan", "positive"]),
        (["--lr", "0"], ["0", "positive"]),
        (["--jobs", "0"], ["0", "--jobs"]),
        (["--shift", "melting"], ["melting", "rotation"]),
        (["--plan", "no/such.toml"], ["no/such.toml", "No such file"]),
        (["--device", "flex,ndarray"], ["one backend", "`ndarray`"]),
    ] {
        refused(&run(&arguments, out.path()), 2, &says);
    }
    assert_eq!(
        std::fs::read_dir(out.path()).unwrap().count(),
        0,
        "nothing is written"
    );
}

#[cfg(not(feature = "cuda"))]
#[test]
fn a_device_that_was_not_built() {
    let out = tempfile::tempdir().unwrap();
    let output = run(&["--device", "cuda"], out.path());
    refused(
        &output,
        2,
        &["`cuda` is not in this build", "--features cuda"],
    );
    let output = run(&["--device", "cuda", "--dry-run"], out.path());
    refused(
        &output,
        2,
        &["`cuda` is not in this build", "--features cuda"],
    );
}

#[test]
fn a_folder_that_cannot_be_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let output = run(&TINY, &file.join("out"));
    refused(&output, 1, &["a-file/out"]);
}

#[test]
fn data_that_is_not_there() {
    let out = tempfile::tempdir().unwrap();
    let empty = tempfile::tempdir().unwrap();
    let empty_path = empty.path().to_str().unwrap();
    for (source, says) in [
        ("mnist", "train-images-idx3-ubyte"),
        ("usps", "zip.train"),
        ("svhn", "train_32x32.mat"),
        ("mnist-m", "mnist"),
    ] {
        let arguments = ["--data", empty_path, "--source", source, "--target", source];
        refused(&run(&arguments, out.path()), 1, &[empty_path, says]);
    }
    assert!(
        !out.path().join("results.jsonl").exists(),
        "nothing is written"
    );
}

#[test]
fn a_journal_that_is_not_one() {
    let out = tempfile::tempdir().unwrap();
    std::fs::write(out.path().join("results.jsonl"), "accuracy: 99\n").unwrap();
    refused(&run(&TINY, out.path()), 1, &["results.jsonl, line 1"]);
}

#[test]
fn what_a_run_writes_and_that_it_is_not_run_twice() {
    let out = tempfile::tempdir().unwrap();
    let output = run(&[&TINY[..], &["--target", "usps"]].concat(), out.path());
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("**Synthetic domains**"), "{printed}");
    assert!(printed.contains("Gain over none in points"), "{printed}");

    let first = records(out.path());
    let labels: Vec<String> = first.iter().map(|record| record.method.label()).collect();
    assert_eq!(labels, ["none", "neurn (k = 3)"]);
    for record in &first {
        assert_eq!(record.sources, ["synthetic-mnist"]);
        assert_eq!(record.model, "digit-net-small");
        assert_eq!(
            (record.training.epochs, record.seed, record.train_images),
            (1, 0, 96)
        );
        assert_eq!(record.targets.len(), 1);
        let target = &record.targets["synthetic-usps"];
        assert_eq!(target.images, 1_000);
        assert!((0.0..=100.0).contains(&target.accuracy));
        assert!(record.synthetic && record.seconds > 0.0);
    }
    let line = std::fs::read_to_string(out.path().join("results.jsonl")).unwrap();
    let value: serde_json::Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    for field in [
        "schema",
        "sources",
        "model",
        "method",
        "seed",
        "backend",
        "training",
        "classes",
        "train_images",
        "input",
        "targets",
        "seconds",
        "versions",
    ] {
        assert!(value.get(field).is_some(), "{field} is missing in {line}");
    }
    assert!(value["schema"] == 2 && value["backend"] == "flex");
    for file in [
        "table.md",
        "table.csv",
        "table.json",
        "table.tex",
        "report.html",
        "samples.png",
    ] {
        assert!(
            out.path().join(file).metadata().unwrap().len() > 0,
            "{file}"
        );
    }
    image::open(out.path().join("samples.png")).unwrap();

    // The same again changes nothing.
    let before = std::fs::read(out.path().join("results.jsonl")).unwrap();
    assert!(
        run(&[&TINY[..], &["--target", "usps"]].concat(), out.path())
            .status
            .success()
    );
    assert_eq!(
        std::fs::read(out.path().join("results.jsonl")).unwrap(),
        before
    );
    // The report without images is the same page without the gallery, which
    // holds the only picture that is not drawn from numbers.
    let page = || std::fs::read_to_string(out.path().join("report.html")).unwrap();
    assert!(page().contains("data:image/png"));
    let without = [&TINY[..], &["--target", "usps", "--no-images"]].concat();
    std::fs::remove_file(out.path().join("samples.png")).unwrap();
    assert!(run(&without, out.path()).status.success());
    assert!(page().contains("<svg") && !page().contains("data:image"));
    assert!(!out.path().join("samples.png").exists());

    let preview = run(
        &[&TINY[..], &["--target", "usps", "--dry-run"]].concat(),
        out.path(),
    );
    let preview = String::from_utf8_lossy(&preview.stdout).into_owned();
    assert_eq!(preview.matches("done").count(), 2, "{preview}");

    // Another target needs the network again: it has the same identity, and
    // the same accuracy on the target it had.
    let output = run(
        &[&TINY[..], &["--target", "usps,mnist", "--method", "neurn"]].concat(),
        out.path(),
    );
    assert!(output.status.success());
    let again = records(out.path());
    assert_eq!(again.len(), 3);
    assert_eq!(again[2].id, first[1].id);
    assert_eq!(
        again[2].targets["synthetic-usps"],
        first[1].targets["synthetic-usps"]
    );

    // And the first command still finds all it needs.
    assert!(
        run(&[&TINY[..], &["--target", "usps"]].concat(), out.path())
            .status
            .success()
    );
    assert_eq!(records(out.path()).len(), 3);
}

/// Burn's generator is one for the process; a run must not depend on what drew
/// from it before.
#[test]
fn one_seed_gives_one_result_whatever_ran_before() {
    let (alone, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // Enough steps that networks differ in what they tell apart.
    let arguments = [
        "--source",
        "mnist",
        "--target",
        "usps",
        "--epochs",
        "1",
        "--train-limit",
        "1500",
    ];
    run(
        &[&arguments[..], &["--method", "neurn"]].concat(),
        alone.path(),
    );
    run(
        &[
            &arguments[..],
            &["--method", "none,neurn", "--k", "5,3", "--seeds", "2"],
        ]
        .concat(),
        after.path(),
    );
    let alone = &records(alone.path())[0];
    let after = records(after.path());
    assert_eq!(after.len(), 6);
    let same = after
        .iter()
        .find(|r| r.id == alone.id)
        .expect("the same run");
    assert_eq!(same.targets, alone.targets);
    assert_eq!(same.validation_accuracy, alone.validation_accuracy);
    let seeds: Vec<f64> = after
        .iter()
        .filter(|r| r.method.patch() == Some(3))
        .map(|r| r.targets["synthetic-usps"].accuracy)
        .collect();
    assert_ne!(seeds[0], seeds[1], "another seed is another network");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_cleanly_and_keeps_what_is_done() {
    let out = tempfile::tempdir().unwrap();
    let mut child = example("domain_transfer")
        .args([
            "--source", "mnist", "--target", "usps", "--epochs", "1", "--seeds", "50",
        ])
        .args(["--train-limit", "300", "--method", "none", "--out"])
        .arg(out.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Until the first record is there, a minute at most.
    let results = out.path().join("results.jsonl");
    let written = || results.metadata().is_ok_and(|file| file.len() > 0);
    let waited = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        written()
    });
    assert!(waited, "no record within a minute");
    let signal = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(signal.success());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    let kept = records(out.path()).len();
    assert!((1..50).contains(&kept), "{kept} records");
    let table = std::fs::read_to_string(out.path().join("table.md")).unwrap();
    assert!(table.contains("digit-net-small"), "{table}");
}

/// What a run comes to, without the times that it took.
pub(crate) fn results(out: &Path) -> BTreeMap<String, String> {
    let results: Vec<_> = records(out)
        .into_iter()
        .map(|record| {
            let result = format!("{:?} {:?}", record.learning, record.targets);
            (record.id, result)
        })
        .collect();
    let count = results.len();
    let results: BTreeMap<_, _> = results.into_iter().collect();
    assert_eq!(results.len(), count, "a run was run twice");
    results
}

/// Eight runs of a second.
const EIGHT: [&str; 14] = [
    "--source",
    "mnist",
    "--target",
    "usps",
    "--epochs",
    "2",
    "--train-limit",
    "200",
    "--seeds",
    "2",
    "--method",
    "none,neurn",
    "--k",
    "3,5,7",
];

#[test]
fn several_processes_and_workers_share_a_folder() {
    let (alone, shared) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(run(&EIGHT, alone.path()).status.success());
    let start = |jobs: &str| {
        example("domain_transfer")
            .args(EIGHT)
            .args(["--jobs", jobs, "--out"])
            .arg(shared.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let started = [start("1"), start("2"), start("1")];
    let outputs = started.map(|child| child.wait_with_output().unwrap());
    for output in &outputs {
        assert!(output.status.success());
        // Each waits for what the others are at, so all see all.
        assert_eq!(output.stdout, outputs[0].stdout);
    }
    assert_eq!(results(alone.path()).len(), 8);
    assert_eq!(results(shared.path()), results(alone.path()));
    let mut left = std::fs::read_dir(shared.path().join("checkpoints")).unwrap();
    assert!(left.next().is_none(), "a checkpoint stays");
}

#[cfg(unix)]
#[test]
fn killed_at_any_moment_it_goes_on_to_the_same_result() {
    let (alone, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(run(&EIGHT, alone.path()).status.success());
    let results_file = killed.path().join("results.jsonl");
    let mut before = Vec::new();
    for pause in (0..12).map(|i| 150 + 130 * i) {
        let mut child = example("domain_transfer")
            .args(EIGHT)
            .arg("--out")
            .arg(killed.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        // SIGKILL: nothing of the program runs any more.
        child.kill().unwrap();
        child.wait().unwrap();
        let now = std::fs::read(&results_file).unwrap_or_default();
        assert!(now.starts_with(&before), "a record was lost");
        before = now;
    }
    assert!(run(&EIGHT, killed.path()).status.success());
    assert_eq!(results(killed.path()), results(alone.path()));
}

#[test]
fn a_plan_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("mine.toml"), folder.path().join("out"));
    let plan = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap();
        run(&["--plan", file, "--dry-run"], &out)
    };
    let output = plan(
        r#"
        sources = ["usps"]
        methods = ["none", { method = "neurn", k = [3, 5] }]
        seeds = [4]
        "#,
    );
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert_eq!(text.matches("to run").count(), 3, "{text}");
    assert!(text.contains("neurn (k = 5), seed 4"), "{text}");

    for (text, says) in [
        ("method = [\"none\"]", "method"),
        ("methods = [\"canny\"]", "canny"),
        ("methods = [\"none\"]\nseeds = 0", "seeds"),
        ("methods = [\"none\"]\nsources = [\"emnist\"]", "emnist"),
        ("methods = [\"none\"]\nmodels = [\"vgg20\"]", "vgg20"),
        (
            "methods = [{ method = \"neurn\", after = \"conv9\" }]",
            "conv9",
        ),
    ] {
        refused(&plan(text), 2, &["mine.toml", says]);
    }
    std::fs::write(&file, [0xff, 0xfe, 0x00]).unwrap();
    let output = run(&["--plan", file.to_str().unwrap()], &out);
    refused(&output, 2, &["mine.toml", "UTF-8"]);
    assert!(!out.exists(), "nothing is written");
}

#[test]
fn the_names_that_options_take() {
    let output = example("domain_transfer").arg("--list").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    for name in [
        "mnist-m",
        "digit-net",
        "vgg19",
        "resnet50v2",
        "neurn",
        "flex",
        "patch-size",
        "occlusion",
    ] {
        assert!(text.contains(name), "{text}");
    }
}

/// A folder of images for each class: squares of a grey value of their own, so
/// many each.
fn folder(path: &Path, classes: &[&str], count: u32) {
    for (class, name) in classes.iter().enumerate() {
        let folder = path.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for number in 0..count {
            let image = image::RgbImage::from_fn(20, 24, |x, y| {
                let inside = x > 5 && y > 5 + number % 3;
                image::Rgb([if inside { 60 * class as u8 + 20 } else { 250 }; 3])
            });
            image.save(folder.join(format!("{number}.png"))).unwrap();
        }
    }
}

#[test]
fn folders_of_images_are_domains() {
    let root = tempfile::tempdir().unwrap();
    let classes = ["bird", "cat", "dog"];
    let names = ["ink", "paint", "photo"];
    let domains = names.map(|name| {
        let path = root.path().join(name);
        folder(&path, &classes, 12);
        format!("{name}={}", path.display())
    });
    let out = root.path().join("out");
    let mut arguments: Vec<&str> = vec!["--model", "digit-net-small", "--image-size", "16"];
    arguments.extend(["--method", "none", "--epochs", "1", "--leave-one-out"]);
    for domain in &domains {
        arguments.extend(["--domain", domain]);
    }
    let output = run(&arguments, &out);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let records = records(&out);
    let sources: Vec<String> = records
        .iter()
        .map(|record| record.sources.join(" "))
        .collect();
    assert_eq!(sources, ["paint photo", "ink photo", "ink paint"]);
    for record in &records {
        assert_eq!(record.classes, classes);
        // 80 / 10 / 10 of 12 images of each of three classes, in two domains.
        assert!((48..=60).contains(&record.train_images), "{record:?}");
        let confusion = record.targets["ink"].confusion.as_ref().unwrap();
        assert_eq!(confusion.len(), 3);
    }

    // Classes that differ, and an image that is none.
    let other = root.path().join("other");
    folder(&other, &["bird", "cat", "fox"], 4);
    let other = format!("other={}", other.display());
    let refuse = |domain: &str, says: &[&str]| {
        let arguments = ["--domain", &domains[0], "--domain", domain];
        refused(&run(&arguments, &root.path().join("none")), 1, says);
    };
    refuse(&other, &["`ink`", "`other`", "`dog`", "`fox`"]);
    let broken = root.path().join("photo/cat/3.png");
    std::fs::write(&broken, "not an image").unwrap();
    refuse(&domains[2], &["photo/cat/3.png"]);
    refuse("nowhere", &["NAME=PATH", "`nowhere`"]);
}
