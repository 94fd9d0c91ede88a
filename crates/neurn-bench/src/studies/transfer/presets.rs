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
    "single-source-10k",
    "baselines",
    "input-scale",
    "patch-size",
    "shifts",
    "position",
    "paper",
    "images"
];

impl Plan {
    /// The preset of that name.
    ///
    /// ```
    /// use neurn_bench::studies::transfer::Plan;
    ///
    /// let plan = Plan::preset("patch-size").unwrap();
    /// assert_eq!(plan.methods[1].label(), "neurn (k = 3)");
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
    use crate::data;
    use crate::device::Backend;
    use crate::train::Method;

    #[test]
    fn every_preset_can_be_run() {
        let domains = data::NAMES.map(str::to_string);
        let classes: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
        let prints = domains.iter().map(|name| (name.clone(), String::new()));
        let prints = prints.collect();
        for (name, _) in PRESETS {
            let plan = Plan::preset(name).unwrap();
            assert!(!plan.title.is_empty(), "{name}");
            let jobs = plan
                .jobs(&domains, &classes, &prints, Backend::Flex)
                .unwrap();
            let neurn: Method = "neurn".parse().unwrap();
            for method in [Method::default(), neurn] {
                assert!(jobs.iter().any(|job| job.method == method), "{name}");
            }
        }
    }
}
