//! A neuron and where it sits.

use std::fmt::Display;

use strum::{Display, EnumString};

use super::{Genotype, UnknownName};

/// An area of mouse visual cortex, under its name in the Allen atlas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Display, EnumString)]
#[strum(parse_err_ty = UnknownName, parse_err_fn = unknown_area)]
pub enum Area {
    /// Primary visual area.
    VISp,
    /// Lateromedial visual area.
    VISl,
    /// Rostrolateral visual area.
    VISrl,
    /// Anterolateral visual area.
    VISal,
    /// Posteromedial visual area.
    VISpm,
    /// Anteromedial visual area.
    VISam,
}

/// A layer of cortex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Display, EnumString)]
#[strum(serialize_all = "lowercase")]
#[strum(parse_err_ty = UnknownName, parse_err_fn = unknown_layer)]
pub enum CorticalLayer {
    /// Layers 2 and 3.
    Layer23,
    /// Layer 4.
    Layer4,
    /// Layer 5.
    Layer5,
    /// Layer 6.
    Layer6,
}

/// What a neuron does to those it is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Display, EnumString)]
#[strum(serialize_all = "lowercase")]
#[strum(parse_err_ty = UnknownName, parse_err_fn = unknown_kind)]
pub enum Kind {
    /// It excites them.
    Excitatory,
    /// It inhibits them.
    Inhibitory,
}

/// What is known of a neuron besides its responses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neuron {
    /// Its name in the data set.
    pub id: String,
    /// Where it was recorded.
    pub area: Option<Area>,
    /// How deep.
    pub layer: Option<CorticalLayer>,
    /// The genotype of the mouse, which decides on the cells that are seen.
    pub genotype: Option<Genotype>,
    /// Excitatory or inhibitory.
    pub kind: Option<Kind>,
}

impl Area {
    /// All areas, the primary one first.
    pub const ALL: [Self; 6] = [
        Self::VISp,
        Self::VISl,
        Self::VISrl,
        Self::VISal,
        Self::VISpm,
        Self::VISam,
    ];
}

impl CorticalLayer {
    /// All layers, from the surface down.
    pub const ALL: [Self; 4] = [Self::Layer23, Self::Layer4, Self::Layer5, Self::Layer6];

    /// The layer of cells seen at `depth` micrometres below the surface in
    /// mice of a driver line, such as `Rbp4`.
    ///
    /// A driver that is active in one layer decides: Nr5a1, Scnn1a and Rorb
    /// mark layer 4, Rbp4, Tlx3 and Fezf2 layer 5, Ntsr1 layer 6. With any
    /// other, layer 2/3 reaches down to 250 um, layer 4 to 350 um and layer 5
    /// to 500 um; the Allen Brain Observatory images at 175, 275, 350 to 375
    /// and 550 um (S. E. J. de Vries and others, Nature Neuroscience 23, 2020).
    ///
    /// `None` of a depth that is not positive and finite, if the driver does
    /// not decide.
    pub fn at(depth: f64, driver: Option<&str>) -> Option<Self> {
        match driver {
            Some("Nr5a1" | "Scnn1a" | "Rorb") => return Some(Self::Layer4),
            Some("Rbp4" | "Tlx3" | "Fezf2") => return Some(Self::Layer5),
            Some("Ntsr1") => return Some(Self::Layer6),
            _ => {}
        }
        if !(depth.is_finite() && depth > 0.0) {
            return None;
        }
        Some(match depth {
            ..=250.0 => Self::Layer23,
            ..=350.0 => Self::Layer4,
            ..=500.0 => Self::Layer5,
            _ => Self::Layer6,
        })
    }
}

impl Kind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Excitatory, Self::Inhibitory];
}

impl Neuron {
    /// Area and layer, such as `VISp/layer23`, if both are known.
    pub fn site(&self) -> Option<String> {
        Some(format!("{}/{}", self.area?, self.layer?))
    }
}

fn unknown_area(name: &str) -> UnknownName {
    unknown("area", &Area::ALL, name)
}

fn unknown_layer(name: &str) -> UnknownName {
    unknown("layer", &CorticalLayer::ALL, name)
}

fn unknown_kind(name: &str) -> UnknownName {
    unknown("kind", &Kind::ALL, name)
}

fn unknown<T: Display>(what: &'static str, all: &[T], name: &str) -> UnknownName {
    let names: Vec<String> = all.iter().map(ToString::to_string).collect();
    UnknownName::new(what, format!("one of {}", names.join(", ")), name)
}
