//! Shifts as they are written: `rotation`, `rotation-3`.

use std::fmt;
use std::str::FromStr;

use super::{Shift, ShiftKind};

/// No shift is written so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownShift {
    /// No kind has the name.
    #[error("there is no shift `{0}`; the shifts are {names}", names = kinds())]
    Kind(String),
    /// It is not one of the severities.
    #[error("there is no severity `{0}`; the severities are 1 to {most}", most = Shift::SEVEREST)]
    Severity(String),
    /// There is no hyphen.
    #[error("`{0}` is no shift with its severity, like `rotation-3`; the shifts are {names}", names = kinds())]
    Form(String),
}

fn kinds() -> String {
    ShiftKind::ALL.map(|kind| kind.to_string()).join(", ")
}

impl FromStr for ShiftKind {
    type Err = UnknownShift;

    fn from_str(name: &str) -> Result<Self, UnknownShift> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.to_string() == name)
            .ok_or_else(|| UnknownShift::Kind(name.to_owned()))
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}-{}", self.kind, self.severity))
    }
}

impl FromStr for Shift {
    type Err = UnknownShift;

    fn from_str(name: &str) -> Result<Self, UnknownShift> {
        let Some((kind, severity)) = name.rsplit_once('-') else {
            return Err(UnknownShift::Form(name.to_owned()));
        };
        // `+3` and `03` are numbers, too, but would be second names.
        let severity = (1..=Self::SEVEREST)
            .find(|known| known.to_string() == severity)
            .ok_or_else(|| UnknownShift::Severity(severity.to_owned()));
        Self::new(kind.parse()?, severity?)
    }
}

impl TryFrom<String> for Shift {
    type Error = UnknownShift;

    fn try_from(name: String) -> Result<Self, UnknownShift> {
        name.parse()
    }
}

impl From<Shift> for String {
    fn from(shift: Shift) -> Self {
        shift.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shift_is_read_as_it_is_written() {
        for kind in ShiftKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            for severity in 1..=5 {
                let shift = Shift::new(kind, severity).unwrap();
                let name = format!("{kind}-{severity}");
                assert_eq!(shift.to_string(), name);
                assert_eq!(name.parse(), Ok(shift));
            }
        }
        assert_eq!(format!("{:>10}|", ShiftKind::Blur), "      blur|");
    }

    #[test]
    fn serde_writes_the_names() {
        for kind in ShiftKind::ALL {
            let shift = Shift::new(kind, 4).unwrap();
            let json = serde_json::to_string(&(kind, shift)).unwrap();
            assert_eq!(json, format!("[\"{kind}\",\"{kind}-4\"]"));
            let read: (ShiftKind, Shift) = serde_json::from_str(&json).unwrap();
            assert_eq!(read, (kind, shift));
        }
    }

    #[test]
    fn what_is_no_shift_is_answered_with_what_is() {
        let names = "rotation, scale, translation, occlusion, shear, blur, noise, inversion, \
                     contrast, brightness";
        let refused = |name: &str| name.parse::<Shift>().unwrap_err();
        assert_eq!(
            refused("fog-3").to_string(),
            format!("there is no shift `fog`; the shifts are {names}")
        );
        assert_eq!(
            refused("rotation").to_string(),
            format!(
                "`rotation` is no shift with its severity, like `rotation-3`; the shifts are {names}"
            )
        );
        assert_eq!(
            refused("blur-6").to_string(),
            "there is no severity `6`; the severities are 1 to 5"
        );
        assert!(
            matches!("Blur".parse::<ShiftKind>(), Err(UnknownShift::Kind(name)) if name == "Blur")
        );
        for severity in ["", "0", "6", "-1", "+1", "01", "1.0", " 1", "256"] {
            assert!(
                format!("blur-{severity}").parse::<Shift>().is_err(),
                "{severity}"
            );
            let json = format!("\"blur-{severity}\"");
            assert!(serde_json::from_str::<Shift>(&json).is_err(), "{severity}");
        }
        for severity in [0, 6, u8::MAX] {
            let refused = Shift::new(ShiftKind::Blur, severity);
            assert_eq!(refused, Err(UnknownShift::Severity(severity.to_string())));
        }
    }
}
