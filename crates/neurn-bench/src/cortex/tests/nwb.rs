//! Sessions written by h5py, and what is missing or wrong in them.
//!
//! `references/nwb.py` writes the files and computes the responses.

use serde_json::Value;

use super::{Folder, refused};
use crate::cortex::nwb::{WindowStatistic, read};
use crate::cortex::{CortexError, CorticalLayer, Kind};

pub(super) const CONTIGUOUS: &[u8] = include_bytes!("brain_observatory.nwb");
pub(super) const PACKED: &[u8] = include_bytes!("brain_observatory_packed.nwb");

fn reference() -> Value {
    serde_json::from_str(include_str!("brain_observatory.json")).unwrap()
}

#[track_caller]
fn assert_close(found: f64, expected: &Value, tolerance: f64) {
    let expected = expected.as_f64().unwrap();
    assert!(
        (found - expected).abs() <= tolerance,
        "{found} for {expected}"
    );
}

#[test]
fn responses_are_those_of_numpy() {
    let reference = reference();
    let folder = Folder::new();
    for (name, bytes) in [("contiguous.nwb", CONTIGUOUS), ("packed.nwb", PACKED)] {
        let path = folder.file(name, bytes);
        for statistic in WindowStatistic::ALL {
            let recordings = read(&path, statistic).unwrap();
            assert_eq!(recordings.name, name.trim_end_matches(".nwb"));
            assert!(!recordings.simulated);
            let responses = &recordings.responses;
            let sizes = (responses.repeats(), responses.scenes(), responses.neurons());
            assert_eq!(sizes, (3, 6, 5));
            for repeat in 0..3 {
                let found = responses.repeat(repeat);
                for scene in 0..6 {
                    for cell in 0..5 {
                        let expected = &reference[statistic.to_string()][repeat][scene][cell];
                        // Sums of eight numbers in another order.
                        assert_close(found[(scene, cell)], expected, 1e-15);
                    }
                }
            }
        }
    }
}

#[test]
fn scenes_and_cells_are_read() {
    let reference = reference();
    let folder = Folder::new();
    for bytes in [CONTIGUOUS, PACKED] {
        let path = folder.file("session.nwb", bytes);
        let recordings = read(&path, WindowStatistic::Mean).unwrap();
        assert_eq!(
            (recordings.stimuli.height(), recordings.stimuli.width()),
            (10, 13)
        );
        for scene in 0..6 {
            for (pixel, &value) in recordings.stimuli.scene(scene).iter().enumerate() {
                assert_close(value, &reference["scenes"][scene][pixel], 1e-15);
            }
        }
        for (cell, neuron) in recordings.neurons.iter().enumerate() {
            assert_eq!(neuron.id, reference["identifiers"][cell].to_string());
            assert_eq!(neuron.site().unwrap(), "VISpm/layer23");
            assert_eq!(neuron.layer, Some(CorticalLayer::Layer23));
            assert_eq!(neuron.genotype.as_ref().unwrap().to_string(), "Cux2");
            assert_eq!(neuron.kind, Some(Kind::Excitatory));
        }
    }
}

/// The contiguous file with one piece of it, that stands in it once, replaced.
fn replaced(from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut places = CONTIGUOUS
        .windows(from.len())
        .enumerate()
        .filter(|(_, piece)| *piece == from)
        .map(|(place, _)| place);
    let place = places.next().unwrap();
    assert_eq!(places.next(), None, "{}", from.escape_ascii());
    let mut bytes = CONTIGUOUS.to_vec();
    bytes[place..][..to.len()].copy_from_slice(to);
    bytes
}

#[test]
fn what_is_missing_is_named() {
    let folder = Folder::new();
    // A link under another name is no link.
    for (from, to, field) in [
        (
            "natural_scenes_stimulus",
            "natural_movies_stimulus",
            "stimulus/presentation/natural_scenes_stimulus",
        ),
        (
            "frame_duration",
            "frame_durotion",
            "stimulus/presentation/natural_scenes_stimulus/frame_duration",
        ),
        (
            "natural_scenes_image_stack",
            "natural_scenes_image_stock",
            "stimulus/templates/natural_scenes_image_stack/data",
        ),
        (
            "DfOverF",
            "DfOverG",
            "processing/brain_observatory_pipeline/DfOverF/imaging_plane_1/data",
        ),
        (
            "timestamps",
            "timestumps",
            "processing/brain_observatory_pipeline/DfOverF/imaging_plane_1/timestamps",
        ),
        (
            "cell_specimen_ids",
            "cell_specimen_idx",
            "processing/brain_observatory_pipeline/ImageSegmentation/cell_specimen_ids",
        ),
        ("genotype", "phenotyp", "general/subject/genotype"),
        (
            "location",
            "lacation",
            "general/optophysiology/imaging_plane_1/location",
        ),
        (
            "imaging depth",
            "imaging death",
            "general/optophysiology/imaging_plane_1/imaging depth",
        ),
    ] {
        let path = folder.file("session.nwb", replaced(from.as_bytes(), to.as_bytes()));
        refused(read(&path, WindowStatistic::Mean), &path, field);
    }
}

#[test]
fn what_is_wrong_is_named() {
    let folder = Folder::new();
    for (from, to, field) in [
        (
            "VISpm",
            "VISxx",
            "general/optophysiology/imaging_plane_1/location",
        ),
        (
            "Cux2-CreERT2/wt",
            "-ux2-CreERT2/wt",
            "general/subject/genotype",
        ),
        (
            "175 microns",
            "deep inside",
            "general/optophysiology/imaging_plane_1/imaging depth",
        ),
    ] {
        let path = folder.file("session.nwb", replaced(from.as_bytes(), to.as_bytes()));
        refused(read(&path, WindowStatistic::Mean), &path, field);
    }

    let path = folder.file("session.nwb", b"no HDF5 file");
    refused(read(&path, WindowStatistic::Mean), &path, "all of it");
    let path = folder.file("session.nwb", b"");
    refused(read(&path, WindowStatistic::Mean), &path, "all of it");
    let path = folder.path().join("absent.nwb");
    let error = read(&path, WindowStatistic::Mean).unwrap_err();
    assert!(matches!(error, CortexError::Io(_)), "{error}");
}

#[test]
fn numbers_that_are_wrong_are_named() {
    const TABLE: &str = "stimulus/presentation/natural_scenes_stimulus";
    const TRACES: &str = "processing/brain_observatory_pipeline/DfOverF/imaging_plane_1";
    let folder = Folder::new();
    let words =
        |values: &[i64]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    let seconds =
        |values: &[f64]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    let reference = reference();
    let table = |row: usize| [0, 1].map(|side| reference["table"][row][side].as_i64().unwrap());
    let order: Vec<i64> = (0..5)
        .map(|row| reference["order"][row].as_i64().unwrap())
        .collect();
    let [start, end] = table(0);
    let trace: Vec<u8> = (0..4)
        .flat_map(|place| {
            let value = reference["trace"][place].as_f64().unwrap() as f32;
            value.to_le_bytes()
        })
        .collect();
    let nan = [&f32::NAN.to_le_bytes()[..], &trace[4..]].concat();

    let bounds: Vec<i64> = (0..reference["table"].as_array().unwrap().len())
        .flat_map(table)
        .collect();
    // Presentations of 20 frames, which are 0.67 s.
    let long: Vec<i64> = bounds
        .chunks_exact(2)
        .flat_map(|row| [row[0] - 20, row[0]])
        .collect();
    let frames = reference["frames"].as_u64().unwrap() as f64;
    let last = [2.0, 1.0].map(|place| 8.75 + (frames - place) / 30.0);

    for (from, to, field) in [
        // The first scene is none, and one that is never shown.
        (
            words(&order),
            words(&[&[6], &order[1..]].concat()),
            format!("{TABLE}/data"),
        ),
        (
            words(&order),
            words(&[&[-2], &order[1..]].concat()),
            format!("{TABLE}/data"),
        ),
        // No frame, a frame before the first, one beyond the last, too long.
        (
            words(&[start, end]),
            words(&[start, start]),
            format!("{TABLE}/frame_duration"),
        ),
        (
            words(&[start, end]),
            words(&[-1, end]),
            format!("{TABLE}/frame_duration"),
        ),
        (
            words(&[start, end]),
            words(&[start, i64::MAX]),
            format!("{TABLE}/frame_duration"),
        ),
        (
            words(&[start, end]),
            words(&[start, start + 31]),
            format!("{TABLE}/frame_duration"),
        ),
        (
            words(&bounds),
            words(&long),
            format!("{TABLE}/frame_duration: expected presentations of 0.2 to 0.3 s"),
        ),
        // A last frame much later, seconds that go back.
        (
            seconds(&last),
            seconds(&[last[0], 1e6]),
            format!("{TRACES}/timestamps: expected 5 to 100 frames a second"),
        ),
        (
            seconds(&[8.75, 8.75 + 1.0 / 30.0]),
            seconds(&[9.75, 8.75 + 1.0 / 30.0]),
            format!("{TRACES}/timestamps"),
        ),
        (trace, nan, format!("{TRACES}/data: expected finite values")),
    ] {
        let path = folder.file("session.nwb", replaced(&from, &to));
        refused(read(&path, WindowStatistic::Peak), &path, &field);
    }
}
