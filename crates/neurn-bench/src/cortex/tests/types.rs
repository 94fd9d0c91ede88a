//! What the types hold and refuse.

use faer::Mat;
use proptest::prelude::*;

use crate::cortex::{
    Area, CortexError, CorticalLayer, Genotype, Kind, Neuron, Recordings, Responses, Similarities,
    Site, Stimuli,
};

fn field<T>(result: Result<T, CortexError>) -> String {
    match result.err().unwrap() {
        CortexError::Values(wrong) => wrong.key,
        other => panic!("{other}"),
    }
}

fn neuron(area: Option<Area>, layer: Option<CorticalLayer>, genotype: Option<&str>) -> Neuron {
    let genotype: Option<Genotype> = genotype.map(|name| name.parse().unwrap());
    Neuron {
        id: String::new(),
        area,
        layer,
        kind: genotype.as_ref().and_then(Genotype::kind),
        genotype,
    }
}

#[test]
fn names_go_there_and_back() {
    for area in Area::ALL {
        assert_eq!(area.to_string().parse(), Ok(area));
    }
    for layer in CorticalLayer::ALL {
        assert_eq!(layer.to_string().parse(), Ok(layer));
    }
    for kind in Kind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    let error = "VISx".parse::<Area>().unwrap_err().to_string();
    assert!(
        error.contains("`VISx` is no area") && error.contains("VISrl"),
        "{error}"
    );
}

#[test]
fn genotypes_of_the_paper_and_of_the_allen_institute() {
    let parse = |text: &str| text.parse::<Genotype>();
    for (text, driver, number, kind) in [
        ("Emx1-1", "Emx1", Some(1), Some(Kind::Excitatory)),
        ("Vip", "Vip", None, Some(Kind::Inhibitory)),
        ("Cux2-CreERT2", "Cux2", None, Some(Kind::Excitatory)),
        ("Rbp4-Cre_KL100", "Rbp4", None, Some(Kind::Excitatory)),
        ("Ntsr1-Cre_GN220", "Ntsr1", None, Some(Kind::Excitatory)),
        (
            "Slc17a7-IRES2-Cre;Camk2a-tTA;Ai93",
            "Slc17a7",
            None,
            Some(Kind::Excitatory),
        ),
        (
            "Pvalb-IRES-Cre/wt;Ai162(TIT2L-GC6s-ICL-tTA2)/wt",
            "Pvalb",
            None,
            Some(Kind::Inhibitory),
        ),
        ("Gad2-IRES-Cre", "Gad2", None, None),
    ] {
        let genotype = parse(text).unwrap();
        assert_eq!(
            (genotype.driver(), genotype.number()),
            (driver, number),
            "{text}"
        );
        assert_eq!(genotype.kind(), kind, "{text}");
        assert_eq!(parse(&genotype.to_string()), Ok(genotype), "{text}");
    }
    for text in ["", "-1", "/wt", "<b>", "Émx1", &"x".repeat(33)] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn layers_by_depth_and_driver() {
    use CorticalLayer::{Layer4, Layer5, Layer6, Layer23};
    for (depth, driver, layer) in [
        (175.0, Some("Cux2"), Layer23),
        (275.0, Some("Cux2"), Layer4),
        (275.0, Some("Rorb"), Layer4),
        (375.0, Some("Scnn1a"), Layer4),
        (375.0, Some("Emx1"), Layer5),
        (300.0, Some("Rbp4"), Layer5),
        (550.0, Some("Ntsr1"), Layer6),
        (550.0, None, Layer6),
        (250.0, None, Layer23),
        (f64::NAN, Some("Tlx3"), Layer5),
    ] {
        assert_eq!(
            CorticalLayer::at(depth, driver),
            Some(layer),
            "{depth} {driver:?}"
        );
    }
    for depth in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(CorticalLayer::at(depth, Some("Vip")), None);
    }
}

#[test]
fn stimuli_are_images_of_0_to_1() {
    let stimuli = Stimuli::new(2, 1, 2, vec![0.0, 0.25, 0.5, 1.0]).unwrap();
    assert_eq!(stimuli.scene(1), [0.5, 1.0]);
    assert_eq!(stimuli.matrix()[(1, 0)], 0.5);
    assert_eq!(stimuli.select(&[1, 0]).scene(0), [0.5, 1.0]);
    for (scenes, width, values) in [
        (1, 2, vec![0.0, f64::NAN]),
        (1, 2, vec![0.0, 1.01]),
        (1, 2, vec![0.0, -1e-9]),
        (1, 2, vec![0.0]),
        (0, 2, vec![]),
        (usize::MAX, 2, vec![0.0, 0.0]),
    ] {
        assert_eq!(field(Stimuli::new(scenes, 1, width, values)), "stimuli");
    }
}

#[test]
fn resizing_interpolates_and_averages() {
    let stimuli = |width, values: &[f64]| Stimuli::new(1, 1, width, values.to_vec()).unwrap();
    let scene = |stimuli: &Stimuli, width| stimuli.resized(1, width).scene(0).to_vec();
    // Half-pixel centres: -0.25, 0.25, 0.75, 1.25 between the two.
    assert_eq!(scene(&stimuli(2, &[0.0, 1.0]), 4), [0.0, 0.25, 0.75, 1.0]);
    // 4 to 2: centres 0.5 and 2.5 under triangles of reach 2, of which the
    // pixels have 3/4, 3/4, 1/4 and, beyond the border, nothing: 3/7, 3/7, 1/7.
    let halved = scene(&stimuli(4, &[0.7, 0.0, 0.0, 0.7]), 2);
    assert!(
        halved.iter().all(|value| (value - 0.3).abs() < 1e-15),
        "{halved:?}"
    );
    // 2 to 1: the mean.
    assert_eq!(scene(&stimuli(2, &[0.2, 0.4]), 1), [0.30000000000000004]);

    // Rows and columns are not exchanged.
    let wide = Stimuli::new(1, 2, 3, vec![0.0, 0.5, 1.0, 0.0, 0.5, 1.0]).unwrap();
    assert_eq!(wide.resized(1, 3).scene(0), [0.0, 0.5, 1.0]);
    let tall = wide.resized(5, 3);
    assert_eq!((tall.height(), tall.width()), (5, 3));
    assert_eq!(tall.scene(0), [0.0, 0.5, 1.0].repeat(5));
}

#[test]
fn responses_and_their_means() {
    // repeat * 100 + scene * 10 + neuron
    let value = |place: usize| (place / 6 * 100 + place / 3 % 2 * 10 + place % 3) as f64;
    let responses = Responses::new(2, 2, 3, (0..12).map(value).collect()).unwrap();
    assert_eq!(responses.repeat(1)[(1, 2)], 112.0);
    assert_eq!(responses.mean()[(0, 1)], 51.0);
    assert_eq!(responses.mean_of(&[1]), responses.repeat(1));
    let some = responses.select_neurons(&[2, 0]);
    assert_eq!(
        (
            some.neurons(),
            some.repeat(1)[(1, 0)],
            some.repeat(0)[(1, 1)]
        ),
        (2, 112.0, 10.0)
    );

    for value in [f64::NAN, f64::INFINITY] {
        let error = Responses::new(2, 1, 2, vec![0.0, 0.0, 0.0, value]).unwrap_err();
        let place = "of neuron 1 to scene 0 in repeat 1";
        assert!(error.to_string().contains(place), "{error}");
    }
    assert_eq!(field(Responses::new(1, 2, 2, vec![0.0; 3])), "responses");
    assert_eq!(field(Responses::new(1, 0, 2, vec![])), "responses");
}

#[test]
fn groups_of_neurons() {
    let neurons = vec![
        neuron(Some(Area::VISp), Some(CorticalLayer::Layer4), Some("Vip")),
        neuron(Some(Area::VISl), None, Some("Emx1-2")),
        neuron(None, None, Some("Emx1-1")),
        neuron(Some(Area::VISp), Some(CorticalLayer::Layer4), None),
    ];
    assert_eq!(neurons[0].site().as_deref(), Some("VISp/layer4"));
    assert_eq!(neurons[1].site(), None);
    let stimuli = Stimuli::new(1, 1, 1, vec![0.5]).unwrap();
    let responses = Responses::new(1, 1, 4, vec![0.0; 4]).unwrap();
    let recordings = Recordings::new(
        "made up",
        false,
        stimuli.clone(),
        responses.clone(),
        neurons.clone(),
    );
    let groups = recordings.unwrap().groups();
    let groups: Vec<_> = groups
        .iter()
        .map(|(name, who)| (name.as_str(), &who[..]))
        .collect();
    let expected: [(&str, &[usize]); 8] = [
        ("VISp/layer4", &[0, 3]),
        ("VISp", &[0, 3]),
        ("VISl", &[1]),
        ("Emx1-1", &[2]),
        ("Emx1-2", &[1]),
        ("Vip", &[0]),
        ("excitatory", &[1, 2]),
        ("inhibitory", &[0]),
    ];
    assert_eq!(groups, expected);

    let few = Recordings::new(
        "",
        false,
        stimuli.clone(),
        responses.clone(),
        neurons[1..].to_vec(),
    );
    assert_eq!(field(few), "neurons");
    let more = Responses::new(1, 2, 2, vec![0.0; 4]).unwrap();
    assert_eq!(
        field(Recordings::new("", false, stimuli, more, neurons)),
        "responses"
    );
}

#[test]
fn similarities_are_correlations() {
    let site = Site {
        area: Area::VISal,
        layer: CorticalLayer::Layer5,
        cells: 9,
        reliable_cells: 4,
        reliability: 0.5,
        reliability_sem: 0.1,
    };
    let stimuli = Stimuli::new(2, 1, 1, vec![0.0, 1.0]).unwrap();
    let with = |values: [[f64; 2]; 2]| {
        let matrix = Mat::from_fn(2, 2, |i, j| values[i][j]);
        Similarities::new("", false, stimuli.clone(), vec![site.clone()], vec![matrix])
    };
    assert!(with([[1.0, -0.3], [-0.3, 1.0]]).is_ok());
    for values in [
        [[1.0, 0.3], [0.2, 1.0]],
        [[1.0, 0.3], [0.3, 0.9]],
        [[1.0, 1.1], [1.1, 1.0]],
        [[1.0, f64::NAN], [f64::NAN, 1.0]],
        [[1.0, f64::NAN], [0.3, 1.0]],
        [[f64::NAN, 0.3], [0.3, 1.0]],
    ] {
        assert_eq!(field(with(values)), "matrix of VISal/layer5", "{values:?}");
    }
    let none = Similarities::new("", false, stimuli.clone(), vec![site.clone()], vec![]);
    assert_eq!(field(none), "matrices");
    let small = vec![Mat::from_fn(1, 1, |_, _| 1.0)];
    let small = Similarities::new("", false, stimuli.clone(), vec![site], small);
    assert_eq!(field(small), "matrix of VISal/layer5");
}

proptest! {
    #[test]
    fn a_plane_of_one_grey_stays_one(
        value in 0.0..=1.0_f64,
        from in [1..40_usize, 1..40],
        to in [1..40_usize, 1..40],
    ) {
        let stimuli = Stimuli::new(1, from[0], from[1], vec![value; from[0] * from[1]]).unwrap();
        for &resized in stimuli.resized(to[0], to[1]).scene(0) {
            prop_assert!((resized - value).abs() < 1e-14);
        }
    }

    #[test]
    fn its_own_size_is_the_identity(values in prop::collection::vec(0.0..=1.0_f64, 30)) {
        let stimuli = Stimuli::new(1, 5, 6, values).unwrap();
        prop_assert_eq!(stimuli.resized(5, 6), stimuli);
    }
}
