//! Files of any content: an answer or an error, and no panic.

use proptest::prelude::*;

use super::nwb::{CONTIGUOUS, PACKED};
use super::{Folder, floats, parse};
use crate::cortex::npy::read_archive;
use crate::cortex::nwb::{WindowStatistic, read};
use crate::cortex::{allen, antolik, arrays};

/// What may happen to a file: cut at a place, and single bytes replaced.
type Damage = (Option<prop::sample::Index>, Vec<(prop::sample::Index, u8)>);

fn damage() -> impl Strategy<Value = Damage> {
    let cut = prop::option::weighted(0.3, any::<prop::sample::Index>());
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    (cut, changes)
}

fn damaged(bytes: &[u8], (cut, changes): &Damage) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (place, value) in changes {
        let place = place.index(bytes.len());
        bytes[place] = *value;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut.index(bytes.len()));
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn npy_of_random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
        let _ = parse(&[b"\x93NUMPY\x01\x00", &bytes[..]].concat());
    }

    #[test]
    fn npy_of_random_text(text in "\\PC{0,80}", pieces in "[{}(),:' \"a-z0-9<|>FT]{0,80}") {
        for text in [text, pieces] {
            let length = (text.len() as u16).to_le_bytes();
            let _ = parse(&[b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), &[0; 8]].concat());
        }
    }

    #[test]
    fn npy_that_is_damaged(damage in damage()) {
        let bytes = floats(&[2, 3, 2], &[0.5; 12]);
        let _ = parse(&damaged(&bytes, &damage));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn archives_that_are_damaged(damage in damage()) {
        let folder = Folder::new();
        for bytes in [&include_bytes!("stored.npz")[..], include_bytes!("deflated.npz")] {
            let path = folder.file("recordings.npz", damaged(bytes, &damage));
            let _ = read_archive(&path, ["first", "second"]);
        }
    }

    #[test]
    fn tables_of_random_bytes(
        bytes in prop::collection::vec(any::<u8>(), 0..100),
        text in "(id|area|layer|kind|genotype|VISp|layer4|Vip|,|\n|\"| ){0,30}",
    ) {
        let folder = Folder::new();
        folder.file("stimuli.npy", floats(&[2, 1], &[0.5; 2]));
        folder.file("responses.npy", floats(&[2, 2], &[0.5; 4]));
        for bytes in [bytes, text.into_bytes()] {
            folder.file("neurons.csv", bytes);
            let _ = arrays::read(folder.path());
        }
    }

    #[test]
    fn sessions_that_are_damaged(damage in damage()) {
        let folder = Folder::new();
        for bytes in [CONTIGUOUS, PACKED] {
            let path = folder.file("session.nwb", damaged(bytes, &damage));
            let _ = read(&path, WindowStatistic::Mean);
        }
    }

    #[test]
    fn published_folders_that_are_damaged(damage in damage()) {
        let folder = Folder::new();
        let scenes = floats(&[2, 4], &[1e-4; 8]);
        folder.file("region1/validation_inputs.npy", damaged(&scenes, &damage));
        let answers = floats(&[2, 2, 1], &[1.0; 4]);
        folder.file("region1/raw_validation_set.npy", damaged(&answers, &damage));
        let _ = antolik::read(folder.path());

        folder.file("natural_scenes_118x31x31_u8.npy", floats(&[1, 4], &[0.5; 4]));
        let matrices = floats(&[1, 2, 2], &[1.0; 4]);
        folder.file("rsm_area_layer_21x119x119_f64.npy", damaged(&matrices, &damage));
        let sites = b"index,area,layer,n_cells,n_cells_splithalf_gt_0.75,\
            rsm_splithalf_r_mean,rsm_splithalf_r_sem\n0,VISp,layer4,7031,2083,0.9,0.002\n";
        folder.file("rsm_sites.csv", damaged(sites, &damage));
        let _ = allen::read(folder.path());
    }
}
