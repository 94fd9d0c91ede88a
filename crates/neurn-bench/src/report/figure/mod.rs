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

impl Figure {
    /// Panels side by side; `None` without one.
    pub(crate) fn of(
        title: &str,
        caption: String,
        legend: Legend,
        panels: Vec<Panel>,
    ) -> Option<Self> {
        let group = Group {
            title: String::new(),
            panels,
        };
        Self::of_groups(title, caption, legend, vec![group])
    }

    /// Those of the groups that have a panel; `None` without one.
    pub(crate) fn of_groups(
        title: &str,
        caption: String,
        legend: Legend,
        mut groups: Vec<Group>,
    ) -> Option<Self> {
        groups.retain(|group| !group.panels.is_empty());
        (!groups.is_empty()).then(|| Self {
            title: title.to_string(),
            caption,
            legend,
            groups,
        })
    }
}

impl Legend {
    /// A name for each series, from the first.
    pub(crate) fn of_series(names: impl IntoIterator<Item = String>) -> Self {
        let keys = names.into_iter().enumerate();
        Self::Keys(keys.map(|(place, name)| (ink::key(place), name)).collect())
    }
}

impl Panel {
    /// The only one of its figure, which says what it is.
    pub(crate) fn untitled(drawing: ink::Drawing) -> Self {
        Self {
            title: String::new(),
            drawing,
        }
    }
}
