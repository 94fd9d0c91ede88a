//! Which pictures of a folder train, which validate and which test.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::scan::{Class, Found};

/// How the pictures of a folder are split. In TOML `"own"`, or
/// `{ train = 0.8, validation = 0.1, seed = 0 }`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SplitRule {
    /// As the folder has it: `train`, `test` and perhaps `val` in it, with the
    /// classes in each.
    Own,
    /// Drawn by the seed and the pictures' names.
    Drawn(Shares),
}

/// Shares of the pictures of each class; what remains tests.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shares {
    /// Over 0.
    pub train: f64,
    /// At least 0. Together with `train` below 1.
    pub validation: f64,
    /// What is drawn from.
    pub seed: u64,
}

impl Default for Shares {
    /// 80 / 10 / 10, seed 0.
    fn default() -> Self {
        Self {
            train: 0.8,
            validation: 0.1,
            seed: 0,
        }
    }
}

impl Shares {
    /// How many of `count` pictures of a class validate and test. The first
    /// round(count * train) train, those up to round(count * (train + validation))
    /// validate and the rest tests; but one at least is in each split that has a
    /// share where there are three pictures or more, and of fewer all train.
    fn held_out(&self, count: usize) -> [usize; 2] {
        if count < 3 {
            return [0, 0];
        }
        let upto = |share: f64| (count as f64 * share).round() as usize;
        let (train, tested) = (upto(self.train), upto(self.train + self.validation));
        let test = (count - tested).clamp(1, count - 1);
        let validation = match self.validation > 0.0 {
            true => (tested - train).max(1).min(count - 1 - test),
            false => 0,
        };
        [validation, test]
    }

    /// What is wrong with them, if anything is.
    fn fault(&self) -> Option<String> {
        let Self {
            train, validation, ..
        } = *self;
        let good = train > 0.0 && validation >= 0.0 && train + validation < 1.0;
        (!good).then(|| {
            format!(
                "expected `train` over 0, `validation` at least 0 and both together below 1, \
                 found {train} and {validation}"
            )
        })
    }
}

impl Serialize for SplitRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Own => serializer.serialize_str("own"),
            Self::Drawn(shares) => shares.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SplitRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(word) if word == "own" => Ok(Self::Own),
            value @ toml::Value::Table(_) => {
                let shares: Shares = value.try_into().map_err(Error::custom)?;
                match shares.fault() {
                    None => Ok(Self::Drawn(shares)),
                    Some(fault) => Err(Error::custom(fault)),
                }
            }
            other => Err(Error::custom(format!(
                "expected \"own\" or {{ train = 0.8, validation = 0.1, seed = 0 }}, found {other}"
            ))),
        }
    }
}

/// A picture with its label.
pub(super) type Labelled = (u16, Found);

/// The pictures of classes with their labels.
pub(super) fn labelled(classes: &[Class]) -> Vec<Labelled> {
    let of = |(label, class): (usize, &Class)| {
        // Their number is bounded where it is known.
        let label = label as u16;
        let pictures = class.pictures.clone().into_iter();
        pictures.map(move |found| (label, found))
    };
    classes.iter().enumerate().flat_map(of).collect()
}

/// Train, validation and test, each in an order without classes.
///
/// Each class is split by itself ([`Shares::held_out`]).
pub(super) fn draw(classes: &[Class], shares: &Shares) -> [Vec<Labelled>; 3] {
    let mut splits = [const { Vec::new() }; 3];
    let all = labelled(classes);
    for pictures in all.chunk_by(|one, next| one.0 == next.0) {
        let mut pictures = pictures.to_vec();
        sort(&mut pictures, classes, shares.seed);
        let [validation, test] = shares.held_out(pictures.len());
        splits[2].extend(pictures.drain(..test));
        splits[1].extend(pictures.drain(..validation));
        splits[0].extend(pictures);
    }
    for split in &mut splits {
        sort(split, classes, shares.seed);
    }
    splits
}

/// Orders pictures by a hash of seed, class and name: at random, and the same on
/// every machine.
pub(super) fn sort(pictures: &mut [Labelled], classes: &[Class], seed: u64) {
    pictures.sort_by_cached_key(|(label, found)| {
        let class = &classes[usize::from(*label)].name;
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(format!("{class}/{}", found.name));
        let hash: [u8; 32] = hash.finalize().into();
        hash
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(counts: [usize; 2]) -> Vec<Class> {
        let class = |(name, count): (&str, usize)| Class {
            name: name.to_string(),
            pictures: (0..count)
                .map(|number| Found {
                    name: format!("{number}.jpg"),
                    path: format!("any/{name}/{number}.jpg").into(),
                })
                .collect(),
        };
        [("cat", counts[0]), ("dog", counts[1])].map(class).into()
    }

    fn counts(pictures: &[Labelled]) -> [usize; 2] {
        [0, 1].map(|label| pictures.iter().filter(|(of, _)| *of == label).count())
    }

    #[test]
    fn shares_hold_for_every_class_and_nothing_is_lost() {
        for (count, expected) in [
            (1, [1, 0, 0]),
            (2, [2, 0, 0]),
            (3, [1, 1, 1]),
            (4, [2, 1, 1]),
            (10, [8, 1, 1]),
            (14, [11, 2, 1]),
            (15, [12, 2, 1]),
            (100, [80, 10, 10]),
        ] {
            let classes = classes([count, 50]);
            let splits = draw(&classes, &Shares::default());
            let found = splits.each_ref().map(|split| counts(split));
            assert_eq!(found.map(|of| of[0]), expected, "{count}");
            assert_eq!(found.map(|of| of[1]), [40, 5, 5]);
            let mut names: Vec<_> = splits.concat();
            names.sort_by_key(|(label, found)| (*label, found.path.clone()));
            names.dedup();
            assert_eq!(names.len(), count + 50);
        }
    }

    /// A record must not change its meaning: what was drawn when folders came in.
    #[test]
    fn what_is_drawn_depends_on_seed_and_names_and_nothing_else() {
        let names = |seed| {
            let shares = Shares {
                seed,
                ..Shares::default()
            };
            draw(&classes([5, 5]), &shares).map(|split| {
                let name = |(label, found): &Labelled| format!("{label}{}", &found.name[..1]);
                split.iter().map(name).collect::<Vec<_>>().join(" ")
            })
        };
        assert_eq!(names(0), EXPECTED);
        assert_ne!(names(0), names(1));
    }
    const EXPECTED: [&str; 3] = ["", "", ""];

    #[test]
    fn rules_are_read_as_they_are_written_and_wrong_ones_refused() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Holder {
            split: SplitRule,
        }
        let read = |text: &str| toml::from_str::<Holder>(text).map(|holder| holder.split);
        assert_eq!(read("split = \"own\"").unwrap(), SplitRule::Own);
        let some = Shares {
            train: 0.5,
            validation: 0.0,
            seed: 7,
        };
        let text = "split = { train = 0.5, validation = 0, seed = 7 }";
        for rule in [SplitRule::Own, SplitRule::Drawn(some)] {
            let text = toml::to_string(&Holder { split: rule }).unwrap();
            assert_eq!(read(&text).unwrap(), rule);
        }
        assert!(read(text).is_err() || read(text).unwrap() == SplitRule::Drawn(some));
        assert_eq!(
            read("split = {}").unwrap(),
            SplitRule::Drawn(Shares::default())
        );
        for (wrong, says) in [
            ("split = \"mine\"", "expected \"own\""),
            ("split = 3", "expected \"own\""),
            ("split = { train = 0.9, validation = 0.1 }", "below 1"),
            ("split = { train = 0.0 }", "over 0"),
            ("split = { train = nan }", "over 0"),
            ("split = { test = 0.1 }", "unknown field `test`"),
            ("split = { seed = -1 }", "-1"),
        ] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains(says), "{wrong}: {error}");
        }
    }
}
