//! Five kinds of plot in the page's colours, as functions of numbers: dots with
//! intervals, lines, tiles, violins, scatter.

pub(crate) mod dots;
pub(crate) mod ink;
pub(crate) mod lines;
pub(crate) mod scatter;
pub(crate) mod ticks;
pub(crate) mod tiles;
pub(crate) mod violins;

pub(crate) use ink::SERIES;

/// Panels with one caption.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) title: String,
    /// What it shows, and what its error bars are.
    pub(crate) caption: String,
    pub(crate) legend: Legend,
    /// One, or several that are opened one by one.
    pub(crate) groups: Vec<Group>,
}

/// What the colours of a figure mean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Legend {
    /// It has but one.
    None,
    /// A name for each of the drawn keys.
    Keys(Vec<(String, String)>),
    /// Ends of a scale, and its colours from low to high as CSS takes them.
    Scale([String; 2], String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) title: String,
    pub(crate) panels: Vec<Panel>,
}

/// A drawing with what it is of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) drawing: ink::Drawing,
}
