//! The plans that come with the project.

use super::Plan;

macro_rules! presets {
    ($($name:literal),*) => {
        &[$(($name, include_str!(concat!("../../../plans/", $name, ".toml")))),*]
    };
}

/// Name and text of each, as in `crates/neurn-bench/plans`.
pub const PRESETS: &[(&str, &str)] = presets![
    "quick",
    "digits",
    "single-source",
    "rivals",
    "patch-size",
    "shifts",
    "position",
    "paper"
];

impl Plan {
    /// The preset of that name.
    ///
    /// ```
    /// use neurn_bench::studies::transfer::Plan;
    ///
    /// let plan = Plan::preset("patch-size").unwrap();
    /// assert_eq!(plan.frontends[1].k, [3, 5, 7, 9]);
    /// assert!(Plan::preset("slow").is_none());
    /// ```
    pub fn preset(name: &str) -> Option<Self> {
        let (_, text) = PRESETS.iter().find(|(preset, _)| *preset == name)?;
        Some(Self::from_toml(text).expect("a test reads every preset"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Backend;

    #[test]
    fn every_preset_can_be_run() {
        for (name, _) in PRESETS {
            let plan = Plan::preset(name).unwrap();
            assert!(!plan.title.is_empty(), "{name}");
            let runs = plan.runs(Backend::Flex).unwrap();
            assert!(runs.iter().any(|run| run.frontend == "none"), "{name}");
            assert!(runs.iter().any(|run| run.frontend == "neurn"), "{name}");
        }
    }
}
