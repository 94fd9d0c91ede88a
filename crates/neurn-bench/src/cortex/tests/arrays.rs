//! A folder of arrays and a table.

use super::{Folder, floats, npy_bytes, refused};
use crate::cortex::{Area, CortexError, CorticalLayer, Kind, arrays};

/// Two scenes of 2x2 pixels, three repeats, two neurons.
fn folder() -> Folder {
    let folder = Folder::new();
    let images = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0];
    folder.file("own/stimuli.npy", floats(&[2, 2, 2], &images));
    let answers: Vec<f64> = (0..12).map(f64::from).collect();
    folder.file("own/responses.npy", floats(&[3, 2, 2], &answers));
    folder
}

#[test]
fn arrays_alone() {
    let folder = folder();
    let path = folder.path().join("own");
    let recordings = arrays::read(&path).unwrap();
    assert_eq!(
        (recordings.name.as_str(), recordings.simulated),
        ("own", false)
    );
    assert_eq!(recordings.stimuli.scene(1), [0.4, 0.5, 0.6, 1.0]);
    assert_eq!(recordings.responses.repeat(2)[(1, 0)], 10.0);
    assert_eq!(recordings.neurons[1].id, "1");
    assert!(recordings.groups().is_empty());

    // Flat images of grey values, one repeat.
    folder.file(
        "own/stimuli.npy",
        npy_bytes("|u1", false, &[2, 4], &[0, 51, 102, 255, 0, 0, 0, 0]),
    );
    folder.file(
        "own/responses.npy",
        floats(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
    );
    let recordings = arrays::read(&path).unwrap();
    assert_eq!(recordings.stimuli.scene(0), [0.0, 0.2, 0.4, 1.0]);
    assert_eq!(recordings.responses.repeats(), 1);
    assert_eq!(recordings.responses.mean()[(1, 2)], 6.0);
}

#[test]
fn a_table_of_neurons() {
    let folder = folder();
    let path = folder.path().join("own");
    folder.file(
        "own/neurons.csv",
        "depth,kind,area,id,genotype,layer\n175,inhibitory,VISal,a7, Gad2-IRES-Cre ,layer23\n,,,,Cux2-1,\n",
    );
    let neurons = arrays::read(&path).unwrap().neurons;
    let [first, second] = &neurons[..] else {
        panic!()
    };
    assert_eq!((first.id.as_str(), first.area), ("a7", Some(Area::VISal)));
    assert_eq!(first.layer, Some(CorticalLayer::Layer23));
    assert_eq!(first.kind, Some(Kind::Inhibitory));
    assert_eq!(first.genotype.as_ref().unwrap().driver(), "Gad2");
    assert_eq!(
        (second.id.as_str(), second.area, second.layer),
        ("1", None, None)
    );
    assert_eq!(second.kind, Some(Kind::Excitatory));

    for (table, field) in [
        ("area\nVISp\nVISq\n", "area of neuron 1"),
        ("layer\nlayer1\nlayer4\n", "layer of neuron 0"),
        ("kind\nexcitatory\nboth\n", "kind of neuron 1"),
        ("genotype\n<>\n\n", "genotype of neuron 0"),
        ("id\na\n", "lines"),
        ("id\na\nb\nc\n", "lines"),
        ("id,area\na,VISp\nb\n", "lines"),
        ("name,region\na,VISp\nb,VISp\n", "header"),
        ("", "header"),
    ] {
        let table = folder.file("own/neurons.csv", table);
        refused(arrays::read(&path), &table, field);
    }
    let table = folder.file("own/neurons.csv", b"id\n\xff\xfe\nb\n");
    refused(arrays::read(&path), &table, "lines");
}

#[test]
fn what_is_wrong_is_named() {
    let folder = folder();
    let path = folder.path().join("own");
    let images = path.join("stimuli.npy");
    let answers = path.join("responses.npy");

    // Another number of scenes.
    folder.file("own/responses.npy", floats(&[3, 2], &[0.0; 6]));
    refused(
        arrays::read(&path),
        &answers,
        "responses: expected 2 scenes",
    );
    for value in [f64::NAN, f64::INFINITY] {
        folder.file("own/responses.npy", floats(&[2, 1], &[0.0, value]));
        refused(arrays::read(&path), &answers, "responses: expected finite");
    }
    for shape in [&[4][..], &[1, 1, 2, 2]] {
        folder.file("own/responses.npy", floats(shape, &[0.0; 4]));
        refused(
            arrays::read(&path),
            &answers,
            "responses: expected [repeats",
        );
    }
    folder.file("own/responses.npy", &floats(&[2, 2], &[0.0; 4])[..90]);
    refused(arrays::read(&path), &answers, "values");

    folder.file("own/responses.npy", floats(&[2, 1], &[0.0; 2]));
    folder.file("own/stimuli.npy", floats(&[2, 3], &[0.0; 6]));
    refused(
        arrays::read(&path),
        &images,
        "stimuli: expected [scenes, height",
    );
    folder.file("own/stimuli.npy", floats(&[2, 1], &[0.0, 255.0]));
    refused(
        arrays::read(&path),
        &images,
        "stimuli: expected values from 0 to 1",
    );
    folder.file(
        "own/stimuli.npy",
        npy_bytes("<i2", false, &[2, 1], &[0, 1, 0, 0]),
    );
    refused(
        arrays::read(&path),
        &images,
        "stimuli: expected values from 0 to 1",
    );

    std::fs::remove_file(images).unwrap();
    let missing = arrays::read(&path).unwrap_err();
    assert!(matches!(missing, CortexError::Missing { .. }), "{missing}");
}

#[test]
fn an_archive_in_place_of_two_files() {
    let folder = Folder::new();
    let path = folder.file("recordings.npz", include_bytes!("stored.npz"));
    refused(arrays::read(folder.path()), &path, "stimuli");
}
