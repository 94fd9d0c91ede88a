//! What a Burn module is expected to do, of a layer without parameters.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Device;
use neurn_core::{Border, MaxScope, NeuRn, NeuRnConfig, Response};

use crate::borders::BORDERS;

fn with_every_option() -> NeuRnConfig {
    NeuRnConfig::new(5)
        .with_border(Border::Constant(0.25))
        .with_response(Response::Divisive { epsilon: 0.5 })
        .with_max_scope(MaxScope::Channel)
        .with_quantile(0.99)
        .with_stride(2)
        .with_noise_floor(0.02)
}

#[test]
fn a_config_survives_json() {
    for border in BORDERS {
        let config = with_every_option().with_border(border);
        let json = serde_json::to_string(&config).unwrap();
        let read: NeuRnConfig = serde_json::from_str(&json).unwrap();
        assert_eq!(read, config);
        // Burn's own way to the same file.
        let read = NeuRnConfig::load_binary(config.to_string().as_bytes()).unwrap();
        assert_eq!(read, config);
    }
}

/// Files that users have written hold these names.
#[test]
fn the_names_in_a_file_stay() {
    let json = serde_json::to_string(&with_every_option()).unwrap();
    assert_eq!(
        json,
        r#"{"k":5,"border":{"Constant":0.25},"response":{"Divisive":{"epsilon":0.5}},"#.to_owned()
            + r#""max_scope":"Channel","quantile":0.99,"stride":2,"noise_floor":0.02}"#
    );
    let names: Vec<String> = BORDERS
        .iter()
        .map(|border| serde_json::to_string(border).unwrap())
        .collect();
    assert_eq!(
        names.join(" "),
        r#""Symmetric" "Replicate" "Reflect" "Valid" "Zero" {"Constant":0.375} "Circular""#
    );
}

#[test]
fn a_layer_says_what_it_was_configured_to() {
    let config = with_every_option();
    let layer = config.init();
    let said = NeuRnConfig {
        k: layer.k(),
        border: layer.border(),
        response: layer.response(),
        max_scope: layer.max_scope(),
        quantile: layer.quantile(),
        stride: layer.stride(),
        noise_floor: layer.noise_floor(),
    };
    assert_eq!(said, config);
}

#[test]
fn a_layer_reads_well() {
    assert_eq!(
        NeuRnConfig::default().init().to_string(),
        "NeuRn {k: 3, border: Symmetric, response: Contrast, max_scope: Image, quantile: 1, \
         stride: 1, noise_floor: 0}"
    );
}

/// Its record holds nothing, and loads into a layer of any options.
#[test]
fn a_layer_has_no_parameters() {
    let layer = NeuRnConfig::default().init();
    assert_eq!(layer.num_params(), 0);
    assert!(layer.devices().is_empty());
    let record = layer.clone().into_record();
    assert!(record.is_empty());

    let other: NeuRn = with_every_option().init().load_record(record);
    assert_eq!(
        other.to_string(),
        with_every_option().init().to_string(),
        "the options are the config's"
    );
    let moved = layer.clone().to_device(&Device::default()).train().valid();
    assert_eq!(moved.to_string(), layer.to_string());
}
