//! What is known of the simulated neurons is found; a study goes on where it stopped;
//! figures and tables have the same numbers.

use std::path::Path;

use burn::train::Interrupter;

use super::report::numbers_of_violins;
use super::*;
use crate::cortex::allen;
use crate::cortex::simulated::Simulated;
use crate::runner::{Board, Place, assert_another_identity};

/// Few neurons that answer reliably.
fn simulated() -> Simulated {
    Simulated {
        scenes: 40,
        side: 16,
        repeats: 8,
        neurons: 60,
        spikes: 8.0,
        seed: 1,
    }
}

/// Few draws.
fn settings() -> Settings {
    Settings {
        models: vec!["digit-net-small".to_string()],
        seeds: 2,
        comparison: Comparison {
            scene_draws: 200,
            neuron_draws: 200,
            permutations: 99,
            ..Comparison::default()
        },
        ..Settings::default()
    }
}

fn study(settings: Settings) -> AlignmentStudy {
    let cortex = Cortex::Simulated(simulated());
    AlignmentStudy::open(&cortex, None, settings, Backend::Flex, true).unwrap()
}

fn place(out: &Path) -> Place {
    Place {
        out: out.to_path_buf(),
        devices: vec!["flex".parse().unwrap()],
        at_a_time: 1,
    }
}

fn records(out: &Path) -> Vec<Record> {
    journal::read(&out.join("results.jsonl")).unwrap()
}

/// Without what differs from one time to the next.
fn without_times(mut records: Vec<Record>) -> Vec<Record> {
    for record in &mut records {
        (record.seconds, record.finished) = (0.0, 0);
    }
    records
}

fn find<'a>(
    records: &'a [Record],
    measure: Measure,
    model: &str,
    group: &str,
) -> Vec<(&'a Record, &'a Value)> {
    let of_model = records.iter().filter(|r| r.job.network.model == model);
    let values = of_model.flat_map(|record| record.values.iter().map(move |v| (record, v)));
    let wanted = |(_, value): &(&Record, &Value)| {
        value.measure == measure && value.frontend == BASELINE && value.group == group
    };
    values.filter(wanted).collect()
}

#[test]
fn the_truth_is_found_and_its_order_matters() {
    let folder = tempfile::tempdir().unwrap();
    let markdown = place(folder.path())
        .run(&study(settings()), &Interrupter::new())
        .unwrap();
    assert!(markdown.contains("made up by a program"), "{markdown}");
    let records = records(folder.path());
    assert!(records.iter().all(|r| r.simulated && r.check().is_ok()));
    let one = |measure, model: &str| find(&records, measure, model, "all")[0].1.clone();

    // The generator's RDM is the true one, so it reaches the ceiling: 780 pairs,
    // of which the ceiling and the value are both known to about 0.05.
    let rsa = one(Measure::Rsa, "generator");
    assert!((rsa.value - rsa.ceiling.unwrap()).abs() < 0.15, "{rsa:?}");
    assert!(rsa.value > 0.5 && rsa.p == Some(0.01), "{rsa:?}");
    let cka = one(Measure::CkaDebiased, "generator");
    assert!(cka.value > 0.8, "{cka:?}");
    // What it predicts of each neuron is limited by 40 scenes to learn from.
    let ridge = one(Measure::Ridge, "generator");
    assert!(ridge.value > 0.4, "{ridge:?}");
    // A neuron's own rate is among the units.
    let rmse = one(Measure::Rmse, "generator");
    assert!(rmse.value < 0.1, "{rmse:?}");

    // Scenes in another order tell nothing.
    for measure in [Measure::Rsa, Measure::Ridge, Measure::CkaDebiased] {
        for (_, value) in find(&records, measure, "shuffled-pixels", "all") {
            assert!(value.value.abs() < 0.25, "{value:?}");
            assert!(value.interval.unwrap()[0] < 0.1, "{value:?}");
        }
    }
    // RMSE does not notice: the mean map of the pixels is the same.
    let straight = one(Measure::Rmse, "pixels");
    let shuffled = one(Measure::Rmse, "shuffled-pixels");
    assert!((straight.value - shuffled.value).abs() < 1e-4);

    for record in &records {
        differences_are_those_of_the_values(record);
    }
    let html = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    crate::report::parse(&html);
    assert!(html.contains("data:image/png"));
}

fn differences_are_those_of_the_values(record: &Record) {
    for value in &record.values {
        if let Some([low, high]) = value.interval {
            let inside = low <= value.value + 0.2 && value.value - 0.2 <= high;
            assert!(inside, "{value:?}");
        }
        let Some(frontend) = value.frontend.strip_suffix(" - none") else {
            continue;
        };
        let of = |frontend: &str| {
            let same = record.values.iter().find(|other| {
                other.frontend == frontend
                    && other.measure == value.measure
                    && other.layer == value.layer
                    && other.group == value.group
            });
            same.expect("both sides of a difference").value
        };
        // Each of three is rounded by half of 1e-5.
        assert!((value.value - (of(frontend) - of(BASELINE))).abs() < 1.6e-5);
    }
}

#[test]
fn a_study_goes_on_where_it_was_cut_off_and_reports_from_its_folder_alone() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    let study = study(settings());
    place.run(&study, &Interrupter::new()).unwrap();
    let path = folder.path().join("results.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    let before = records(folder.path());
    place.run(&study, &Interrupter::new()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);

    // Cut off in the middle of the last line, and its artifact too.
    let name = before.last().unwrap().artifacts[0].clone();
    let artifact = std::fs::read(folder.path().join(&name)).unwrap();
    std::fs::remove_file(folder.path().join(&name)).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 700]).unwrap();
    let markdown = place.run(&study, &Interrupter::new()).unwrap();
    let after = records(folder.path());
    assert_eq!(without_times(before), without_times(after));
    assert_eq!(std::fs::read(folder.path().join(&name)).unwrap(), artifact);

    // Elsewhere, with neither neurons nor networks.
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::copy(&path, elsewhere.path().join("results.jsonl")).unwrap();
    std::fs::create_dir(elsewhere.path().join("artifacts")).unwrap();
    for file in std::fs::read_dir(folder.path().join("artifacts")).unwrap() {
        let file = file.unwrap();
        let to = elsewhere.path().join("artifacts").join(file.file_name());
        std::fs::copy(file.path(), to).unwrap();
    }
    assert_eq!(report_of(elsewhere.path(), true).unwrap(), markdown);
    for name in ["report.html", "table.csv", "table.json", "table.tex"] {
        let [one, other] = [folder.path(), elsewhere.path()].map(|out| out.join(name));
        assert_eq!(std::fs::read(one).unwrap(), std::fs::read(other).unwrap());
    }
    // Without artifacts, it says what it is without.
    std::fs::remove_dir_all(elsewhere.path().join("artifacts")).unwrap();
    let markdown = report_of(elsewhere.path(), true).unwrap();
    assert!(markdown.contains("Without the distributions"), "{markdown}");
}

/// One unit and sixty neurons: one to one, a single neuron has a unit. The others have
/// no RMSE, in figures as in tables.
#[test]
fn violins_have_the_neurons_that_tables_have() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings();
    settings.models.clear();
    settings.comparison.pairing = crate::measures::Pairing::Assignment;
    let place = place(folder.path());
    place.run(&study(settings), &Interrupter::new()).unwrap();
    let records = records(folder.path());
    let (record, value) = find(&records, Measure::Rmse, "pixels", "all")[0];
    let artifact = Artifact::read(record, folder.path()).unwrap();
    let numbers = numbers_of_violins(record, &artifact, "all");
    assert_eq!(numbers[0].len(), 1, "{numbers:?}");
    assert_eq!(value.neurons, 1);
    // One is f32, the other to five places.
    assert!(
        (numbers[0][0] - value.value).abs() < 1e-5,
        "{numbers:?} {value:?}"
    );
}

/// Photographs of ten kinds that are noise, in CIFAR-10's format.
fn photographs(folder: &Path) {
    let cifar10 = folder.join("cifar10");
    std::fs::create_dir_all(&cifar10).unwrap();
    for (name, count) in [("data_batch_1.bin", 60_usize), ("test_batch.bin", 20)] {
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

/// Two sets of neurons, two jobs at a time: a network is trained once, and the record
/// says what it has learnt.
#[test]
fn networks_that_learn_say_what_they_are_worth() {
    let folder = tempfile::tempdir().unwrap();
    photographs(folder.path());
    let sets = [1, 2].map(|seed| {
        let few = Simulated {
            neurons: 12,
            scenes: 16,
            repeats: 2,
            seed,
            ..simulated()
        };
        let mut recordings = few.recordings();
        recordings.name = format!("set {seed}");
        recordings
    });
    let mut settings = settings();
    settings.seeds = 1;
    settings.training.epochs = 1;
    let study = AlignmentStudy::open(
        &Cortex::Recordings(sets.to_vec()),
        Some(folder.path()),
        settings,
        Backend::Flex,
        false,
    )
    .unwrap();
    let place = Place {
        at_a_time: 2,
        ..place(&folder.path().join("out"))
    };
    let markdown = place.run(&study, &Interrupter::new()).unwrap();
    assert!(markdown.contains("Of CIFAR-10's test images digit-net-small names"));
    let records = records(&place.out);
    let learnt: Vec<&Vec<Learnt>> = records
        .iter()
        .filter(|record| record.job.network.origin == Origin::Cifar10)
        .map(|record| &record.learnt)
        .collect();
    assert_eq!(learnt.len(), 2);
    assert_eq!(learnt[0], learnt[1]);
    let names: Vec<&str> = learnt[0].iter().map(|of| of.frontend.as_str()).collect();
    assert_eq!(names, ["none", "neurn (k = 3)"]);
    assert!(learnt[0].iter().all(|of| of.test_images == 20));
    // A checkpoint each, of which both jobs have read.
    let kept = std::fs::read_dir(place.out.join("networks")).unwrap();
    assert_eq!(kept.count(), 2);
}

#[test]
fn every_setting_that_a_value_depends_on_is_part_of_the_identity() {
    let study = study(settings());
    let job = study.jobs().unwrap().pop().unwrap();
    let changes: [fn(&mut Job); 9] = [
        |job| job.computation += 1,
        |job| job.fingerprint.push('0'),
        |job| job.network.seed += 1,
        |job| job.network.origin = Origin::Cifar10,
        |job| _ = job.methods.pop(),
        |job| job.comparison.maps = UnitMap::Weighted,
        |job| job.comparison.permutations += 1,
        |job| job.weights = Some("0".to_string()),
        |job| job.backend = Backend::Wgpu,
    ];
    assert_another_identity(&job, &changes);
}

#[test]
fn a_study_that_is_stopped_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let interrupter = Interrupter::new();
    interrupter.stop(None);
    let error = place(folder.path())
        .run(&study(settings()), &interrupter)
        .unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
}

#[test]
fn neurons_are_chosen_in_balance() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings();
    settings.comparison.choose = true;
    settings.models.clear();
    let place = place(folder.path());
    place.run(&study(settings), &Interrupter::new()).unwrap();
    let records = records(folder.path());
    let count = |group: &str| {
        let found = find(&records, Measure::Rmse, "pixels", group);
        found.first().map(|(_, value)| value.neurons)
    };
    assert!(count("excitatory").is_some());
    assert_eq!(count("excitatory"), count("inhibitory"));
}

#[test]
fn a_folder_without_neurons_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let cortex = Cortex::Folder(folder.path().to_path_buf());
    let opened = AlignmentStudy::open(&cortex, None, settings(), Backend::Flex, true);
    let error = opened.unwrap_err().to_string();
    assert!(error.contains("expected allen or antolik2016"), "{error}");
    let error = report_of(folder.path(), true).unwrap_err().to_string();
    assert!(error.contains("results.jsonl: expected records"), "{error}");
}

#[test]
fn a_record_that_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings();
    settings.models.clear();
    settings.seeds = 1;
    let place = place(folder.path());
    place.run(&study(settings), &Interrupter::new()).unwrap();
    let record = records(folder.path()).pop().unwrap();
    record.check().unwrap();
    let changes: [fn(&mut Record); 6] = [
        |record| record.values.clear(),
        |record| record.values[0].value = 1e300,
        |record| record.values[0].p = Some(-1.0),
        |record| record.seconds = 1e308,
        |record| record.artifacts = vec!["../elsewhere".to_string()],
        |record| {
            record.learnt.push(Learnt {
                frontend: "none".to_string(),
                epoch: 1,
                validation_accuracy: 50.0,
                test_accuracy: -5_000.0,
                test_images: 1,
            });
        },
    ];
    for change in changes {
        let mut other = record.clone();
        change(&mut other);
        assert!(other.check().is_err(), "{other:?}");
    }
}

/// Found outside this project: r of about 0.43 with VISp layer 2/3 at
/// `conv_pw_5`, and 0.48 with VISpm layer 2/3 at `conv_pw_7`.
#[test]
fn mobilenet_is_as_near_as_is_known() {
    let Some(folder) = std::env::var_os("NEURN_DATA").map(std::path::PathBuf::from) else {
        return;
    };
    if !folder.join("allen").exists() || !folder.join(data::WEIGHTS).exists() {
        return;
    }
    // Of all the folder, Allen's sites and the weights.
    let mut data =
        StudyData::read(&Cortex::Simulated(simulated()), Some(&folder), &settings()).unwrap();
    let neurons = Neurons::of_similarities(allen::read(&folder.join("allen")).unwrap()).unwrap();
    data.neurons = vec![neurons];
    data.photographs = None;
    let study = AlignmentStudy {
        settings: settings(),
        backend: Backend::Flex,
        images: false,
        data,
    };
    let job = study.jobs().unwrap().pop().unwrap();
    assert_eq!(job.network.label(), "mobilenet-v1, imagenet");
    let neurons = &study.data.neurons[0];
    let board = Board::new();
    let out = tempfile::tempdir().unwrap();
    let subject = Subject {
        job: &job,
        data: &study.data,
        summary: Summary {
            stimuli: &neurons.stimuli,
            distance: Default::default(),
            map: UnitMap::Mean,
        },
        context: &Context {
            device: &burn::tensor::Device::flex(),
            interrupter: &Interrupter::new(),
            progress: &board.begin("MobileNet", 1),
            id: "0",
            checkpoints: out.path(),
            out: out.path(),
        },
    };
    let (layers, _) = subject.behind(0).unwrap();
    for (layer, group, known) in [
        ("conv_pw_5", "VISp/layer23", 0.43),
        ("conv_pw_7", "VISpm/layer23", 0.48),
    ] {
        let layer = layers.iter().find(|other| other.name == layer).unwrap();
        let groups = &neurons.groups;
        let group = groups.iter().find(|other| other.name == group).unwrap();
        let r = crate::measures::spearman(&layer.rdm, &group.rdm);
        // Two places are known; how the scenes were enlarged is not.
        assert!((r - known).abs() < 0.015, "{}: {r}", layer.name);
    }
}
