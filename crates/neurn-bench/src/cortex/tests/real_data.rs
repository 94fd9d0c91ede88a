//! The published data, where they are at hand: `NEURN_DATA` names the folder
//! with `allen` and `antolik2016` in it.

use std::path::PathBuf;

use super::simulated::{correlation, halves};
use crate::cortex::npy;
use crate::cortex::{Area, CorticalLayer, allen, antolik};

/// The folder of this name, if there is one.
fn data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("NEURN_DATA").map(|root| PathBuf::from(root).join(name));
    let folder = folder.filter(|folder| folder.exists());
    if folder.is_none() {
        println!("not run: NEURN_DATA names no folder with {name}");
    }
    folder
}

/// Ranks from 0, of equal values their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    for same in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let first = order.partition_point(|&place| values[place] < values[same[0]]);
        for &place in same {
            ranks[place] = first as f64 + 0.5 * (same.len() - 1) as f64;
        }
    }
    ranks
}

#[test]
fn allen_is_what_its_readme_says() {
    let Some(folder) = data("allen") else { return };
    let read = allen::read(&folder).unwrap();
    let stimuli = &read.stimuli;
    assert_eq!(
        (stimuli.scenes(), stimuli.height(), stimuli.width()),
        (118, 31, 31)
    );
    assert_eq!((read.sites.len(), read.matrices.len()), (21, 21));
    let site = |area, layer| {
        let at = |site: &&crate::cortex::Site| (site.area, site.layer) == (area, layer);
        read.sites.iter().find(at).unwrap()
    };
    let first = site(Area::VISp, CorticalLayer::Layer23);
    assert_eq!((first.cells, first.reliable_cells), (3254, 1099));
    assert!((first.reliability - 0.92146).abs() < 1e-5);
    let last = site(Area::VISam, CorticalLayer::Layer5);
    assert_eq!((last.cells, last.reliable_cells), (251, 25));

    // Pixels and neurons find the same scenes alike, a little.
    let pairs: Vec<(usize, usize)> = (0..118).flat_map(|i| (0..i).map(move |j| (i, j))).collect();
    let pixels: Vec<f64> = pairs
        .iter()
        .map(|&(i, j)| correlation(stimuli.scene(i), stimuli.scene(j)))
        .collect();
    for (site, matrix) in read.sites.iter().zip(&read.matrices) {
        let neurons: Vec<f64> = pairs.iter().map(|&pair| matrix[pair]).collect();
        let rho = correlation(&ranks(&pixels), &ranks(&neurons));
        println!("{}: {rho:.3}", site.name());
        // The readme names these four; other layers are noisier.
        let areas = [Area::VISp, Area::VISl, Area::VISpm, Area::VISal];
        if site.layer == CorticalLayer::Layer4 && areas.contains(&site.area) {
            assert!((0.10..0.19).contains(&rho), "{}: {rho}", site.name());
        }
    }
}

#[test]
fn antolik_is_what_its_readme_says() {
    let Some(folder) = data("antolik2016") else {
        return;
    };
    let regions = antolik::read(&folder).unwrap();
    assert_eq!(regions[0].stimuli, regions[1].stimuli);
    assert_ne!(regions[0].stimuli, regions[2].stimuli);
    let expected = [(10, 103, 0.62, 90), (8, 55, 0.47, 39), (12, 102, 0.63, 80)];
    for ((region, number), (repeats, neurons, median, reliable)) in
        regions.iter().zip(1..).zip(expected)
    {
        assert_eq!(region.name, format!("antolik2016 region {number}"));
        let responses = &region.responses;
        assert_eq!(
            (responses.repeats(), responses.neurons()),
            (repeats, neurons)
        );
        assert_eq!((region.stimuli.scenes(), region.stimuli.height()), (50, 31));
        let scenes = (0..50).flat_map(|scene| region.stimuli.scene(scene));
        assert!(scenes.fold(0.0_f64, |most, &value| most.max(value)) > 0.9);

        let path = folder.join(format!("region{number}/validation_set.npy"));
        let published = npy::read(&path).unwrap();
        let mean = responses.mean();
        for (place, value) in published.values.iter().enumerate() {
            let found = mean[(place / neurons, place % neurons)];
            assert!((found - value).abs() < 1e-14, "{found} for {value}");
        }

        // Random halves, as the readme; the numbers depend on the draw.
        let mut r = halves(responses, 200, 3);
        let over = r.iter().filter(|&&r| r > 0.3).count();
        r.sort_by(f64::total_cmp);
        println!(
            "{}: median {:.3}, over 0.3 {over}",
            region.name,
            r[neurons / 2]
        );
        assert!((r[neurons / 2] - median).abs() < 0.03);
        assert!(over.abs_diff(reliable) <= 4, "{over} for {reliable}");
    }
}
