//! The readers of published folders, on files made up in their layout.

use super::{Folder, floats, npy_bytes, refused};
use crate::cortex::{Area, CortexError, CorticalLayer, allen, antolik};

#[test]
fn a_region() {
    let folder = Folder::new();
    let grey = [0.0, 51.0, 102.0, 255.0, 1.0, 2.0, 3.0, 4.0].map(|grey| grey * 1e-6);
    folder.file("region3/validation_inputs.npy", floats(&[2, 4], &grey));
    let answers: Vec<f64> = (0..12).map(f64::from).collect();
    folder.file(
        "region3/raw_validation_set.npy",
        floats(&[2, 2, 3], &answers),
    );
    let regions = antolik::read(folder.path()).unwrap();
    let [region] = &regions[..] else { panic!() };
    assert_eq!(region.name, "antolik2016 region 3");
    for (value, expected) in region.stimuli.scene(0).iter().zip([0.0, 0.2, 0.4, 1.0]) {
        assert!((value - expected).abs() < 1e-15);
    }
    assert_eq!(region.responses.mean()[(1, 2)], 8.0);
    let neuron = &region.neurons[2];
    assert_eq!(neuron.id, "region3/2");
    assert_eq!(
        neuron.site().unwrap(),
        format!("{}/{}", Area::VISp, CorticalLayer::Layer23)
    );
    assert_eq!((neuron.kind, &neuron.genotype), (None, &None));

    let answers = folder.file("region3/raw_validation_set.npy", floats(&[2, 3], &[0.0; 6]));
    refused(antolik::read(folder.path()), &answers, "shape");
    let answers = folder.file(
        "region3/raw_validation_set.npy",
        floats(&[1, 3, 1], &[0.0; 3]),
    );
    refused(
        antolik::read(folder.path()),
        &answers,
        "responses: expected 2 scenes",
    );
    let images = folder.file("region3/validation_inputs.npy", floats(&[1, 1], &[1.0]));
    refused(
        antolik::read(folder.path()),
        &images,
        "stimuli: expected values from 0 to 1",
    );

    std::fs::remove_file(images).unwrap();
    let missing = antolik::read(folder.path()).unwrap_err();
    assert!(matches!(missing, CortexError::Missing { .. }), "{missing}");
    let missing = antolik::read(&folder.path().join("absent")).unwrap_err();
    assert!(matches!(missing, CortexError::Missing { .. }), "{missing}");
}

const SCENES: &str = "natural_scenes_118x31x31_u8.npy";
const MATRICES: &str = "rsm_area_layer_21x119x119_f64.npy";
const SITES: &str = "rsm_sites.csv";
const HEADER: &str =
    "index,area,layer,n_cells,n_cells_splithalf_gt_0.75,rsm_splithalf_r_mean,rsm_splithalf_r_sem\n";

/// Two scenes, a blank, one site.
fn matrix(r: f64) -> [f64; 9] {
    [1.0, r, 0.9, r, 1.0, 0.8, 0.9, 0.8, 1.0]
}

#[test]
fn similarities() {
    let folder = Folder::new();
    let missing = allen::read(folder.path()).unwrap_err();
    assert!(matches!(missing, CortexError::Missing { .. }), "{missing}");

    let scenes = folder.file(
        SCENES,
        npy_bytes("|u1", false, &[2, 1, 2], &[0, 255, 51, 0]),
    );
    let matrices = folder.file(MATRICES, floats(&[1, 3, 3], &matrix(0.3)));
    let line = "0,VISam,layer5,251,25,0.61,0.02\n";
    let sites = folder.file(SITES, format!("{HEADER}{line}"));
    let read = allen::read(folder.path()).unwrap();
    assert_eq!((read.name.as_str(), read.simulated), ("allen", false));
    assert_eq!(read.stimuli.scene(1), [0.2, 0.0]);
    assert_eq!(
        (read.matrices[0].nrows(), read.matrices[0][(0, 1)]),
        (2, 0.3)
    );
    let site = &read.sites[0];
    assert_eq!(site.name(), "VISam/layer5");
    assert_eq!((site.cells, site.reliable_cells), (251, 25));
    assert_eq!((site.reliability, site.reliability_sem), (0.61, 0.02));

    let mut lopsided = matrix(0.3);
    lopsided[1] = 0.2;
    for values in [matrix(f64::NAN), matrix(1.5), lopsided] {
        folder.file(MATRICES, floats(&[1, 3, 3], &values));
        refused(
            allen::read(folder.path()),
            &matrices,
            "matrix of VISam/layer5",
        );
    }
    folder.file(MATRICES, floats(&[1, 2, 2], &[1.0, 0.0, 0.0, 1.0]));
    refused(allen::read(folder.path()), &matrices, "shape");
    folder.file(MATRICES, floats(&[1, 3, 3], &matrix(0.3)));

    for (table, field) in [
        (line.to_owned(), "header"),
        (HEADER.to_owned(), ""),
        (
            format!("{HEADER}1,VISam,layer5,251,25,0.61,0.02\n"),
            "index",
        ),
        (format!("{HEADER}0,VISx,layer5,251,25,0.61,0.02\n"), "area"),
        (
            format!("{HEADER}0,VISam,layer5,many,25,0.61,0.02\n"),
            "n_cells",
        ),
        (
            format!("{HEADER}0,VISam,layer5,251,25,NaN,0.02\n"),
            "rsm_splithalf_r_mean",
        ),
        (format!("{HEADER}0,VISam,layer5\n"), "lines"),
    ] {
        folder.file(SITES, table);
        // No sites are not as many as there are matrices.
        let path = if field.is_empty() { &matrices } else { &sites };
        refused(allen::read(folder.path()), path, field);
    }
    folder.file(SITES, format!("{HEADER}{line}"));
    folder.file(SCENES, b"no array");
    refused(allen::read(folder.path()), &scenes, "magic");
}
