//! The genotype of a mouse, as far as it decides on the cells that are seen.

use std::fmt;
use std::str::FromStr;

use super::{Kind, UnknownName};

/// A Cre driver line, and the number that the paper tells several genotypes of
/// one driver apart by: `Emx1-1`, `Emx1-2`, `Vip`.
///
/// A line as the Allen Institute writes it, `Emx1-IRES-Cre` or
/// `Emx1-IRES-Cre/wt;Camk2a-tTA/wt;Ai93(TITL-GCaMP6f)/wt`, has no number: the
/// paper does not say which reporter lines its numbers stand for.
///
/// ```
/// use neurn_bench::cortex::{Genotype, Kind};
///
/// let genotype: Genotype = "Emx1-2".parse().unwrap();
/// assert_eq!((genotype.driver(), genotype.number()), ("Emx1", Some(2)));
/// let genotype: Genotype = "Sst-IRES-Cre/wt;Ai148(TIT2L-GC6f-ICL-tTA2)/wt".parse().unwrap();
/// assert_eq!(genotype.to_string(), "Sst");
/// assert_eq!(genotype.kind(), Some(Kind::Inhibitory));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Genotype {
    driver: String,
    number: Option<u32>,
}

/// The longest name of a driver.
const LONGEST: usize = 32;

impl Genotype {
    /// The gene that drives Cre, such as `Emx1`.
    pub fn driver(&self) -> &str {
        &self.driver
    }

    /// The paper's number, where there is one.
    pub fn number(&self) -> Option<u32> {
        self.number
    }

    /// What the cells of this driver are; `None` of one that is not known here.
    pub fn kind(&self) -> Option<Kind> {
        match self.driver.as_str() {
            "Vip" | "Sst" | "Pvalb" => Some(Kind::Inhibitory),
            "Emx1" | "Slc17a7" | "Cux2" | "Rorb" | "Nr5a1" | "Ntsr1" | "Tlx3" | "Rbp4"
            | "Scnn1a" | "Fezf2" => Some(Kind::Excitatory),
            _ => None,
        }
    }
}

impl fmt::Display for Genotype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => f.pad(&format!("{}-{number}", self.driver)),
            None => f.pad(&self.driver),
        }
    }
}

impl FromStr for Genotype {
    type Err = UnknownName;

    /// # Errors
    ///
    /// If the text does not begin with 1 to 32 letters and digits followed by
    /// the end, `-`, `/` or `;`.
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        // The first of several alleles is the driver of the cells.
        let line = text.split(['/', ';']).next().unwrap_or_default();
        let (driver, rest) = line.split_once('-').unwrap_or((line, ""));
        let valid = (1..=LONGEST).contains(&driver.len())
            && driver.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !valid {
            return Err(UnknownName::new("genotype", "a line such as Emx1-1", text));
        }
        let digits = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
        Ok(Self {
            driver: driver.to_owned(),
            number: rest.parse().ok().filter(|_| digits),
        })
    }
}
