//! Methods as a person writes them: a name, or lists of settings.

use std::fmt;
use std::str::FromStr;

use neurn_models::{FRONTENDS, FrontendConfig, MapConfig, UnknownFrontend};
use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer};

use crate::train::{Augmentation, InputScale, Method, UnknownAugmentation};

/// A text names no method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownMethod {
    /// Its frontend is not known.
    #[error("{0}; an augmentation alone is a method too, or after a frontend and a +")]
    Frontend(#[from] UnknownFrontend),
    /// Its augmentation is not known.
    #[error(transparent)]
    Augmentation(#[from] UnknownAugmentation),
}

/// `neurn`, `rand-conv` or `neurn+rand-conv`.
impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, UnknownMethod> {
        let (frontend, augmentation) = match name.split_once('+') {
            Some((frontend, augmentation)) => {
                (frontend.trim().parse()?, augmentation.trim().parse()?)
            }
            None => match name.parse() {
                Ok(augmentation) => (FrontendConfig::none(), augmentation),
                Err(_) => (name.parse()?, Augmentation::None),
            },
        };
        Ok(Method {
            augmentation,
            ..Method::of(frontend)
        })
    }
}

/// The names of all methods with one frontend or one augmentation.
pub fn names() -> Vec<&'static str> {
    let augmentations = Augmentation::ALL.iter().filter_map(Augmentation::label);
    FRONTENDS.into_iter().chain(augmentations).collect()
}

/// An entry of a plan's `methods`: what it stands for.
pub(super) struct Entry(pub(super) Vec<Method>);

/// Lists of settings: every combination of them is a method.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grid {
    method: OneOrMore<String>,
    #[serde(default)]
    k: Option<OneOrMore<usize>>,
    #[serde(default)]
    stride: Option<OneOrMore<usize>>,
    #[serde(default)]
    after: Option<OneOrMore<String>>,
    #[serde(default)]
    input: Option<OneOrMore<InputScale>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<T> OneOrMore<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::More(more) => more,
        }
    }
}

/// Each setting of a list, or what stands there already.
fn each<T>(settings: Option<OneOrMore<T>>) -> Vec<Option<T>> {
    match settings {
        None => vec![None],
        Some(settings) => settings.into_vec().into_iter().map(Some).collect(),
    }
}

/// Where a frontend stands that comes first.
const INPUT: &str = "input";

impl Grid {
    fn methods(self) -> Result<Vec<Method>, String> {
        let mut methods = Vec::new();
        let [ks, strides] = [each(self.k), each(self.stride)];
        let (afters, inputs) = (each(self.after), each(self.input));
        for name in self.method.into_vec() {
            let named: Method = name
                .parse()
                .map_err(|error: UnknownMethod| error.to_string())?;
            for input in &inputs {
                for after in &afters {
                    for stride in &strides {
                        for k in &ks {
                            let mut method = named.clone();
                            set_patch(&mut method.frontend, *k, *stride)
                                .map_err(|wrong| format!("`{name}`: {wrong}"))?;
                            method.after = after.clone().filter(|layer| layer != INPUT);
                            if let Some(input) = input {
                                method.input = input.clone();
                            }
                            methods.push(method);
                        }
                    }
                }
            }
        }
        Ok(methods)
    }
}

/// Sets the side and the stride of a frontend's patch.
pub(super) fn set_patch(
    frontend: &mut FrontendConfig,
    k: Option<usize>,
    stride: Option<usize>,
) -> Result<(), String> {
    if let Some(k) = k {
        if k % 2 == 0 || !(3..=65).contains(&k) {
            return Err(format!("k: expected odd numbers from 3 to 65, found {k}"));
        }
        match frontend.patch_mut() {
            Some(side) => *side = k,
            None => {
                return Err(format!(
                    "k: expected nothing, as it has no patch, found {k}"
                ));
            }
        }
    }
    if let Some(stride) = stride {
        if !(1..=16).contains(&stride) {
            return Err(format!(
                "stride: expected numbers from 1 to 16, found {stride}"
            ));
        }
        match &mut frontend.map {
            MapConfig::NeuRn(config) => config.stride = stride,
            _ if stride == 1 => {}
            _ => {
                return Err(format!(
                    "stride: expected nothing, as it has none, found {stride}"
                ));
            }
        }
    }
    Ok(())
}

/// A name, lists of settings, or a whole method as plans write them.
impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a method, or a table with `method` and settings")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Entry, E> {
                let method: Result<Method, UnknownMethod> = name.parse();
                method.map(|method| Entry(vec![method])).map_err(E::custom)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
                let table = toml::Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
                match table.contains_key("frontend") {
                    true => Ok(Entry(vec![from(table)?])),
                    false => {
                        let grid: Grid = from(table)?;
                        grid.methods().map(Entry).map_err(de::Error::custom)
                    }
                }
            }
        }
        fn from<T: DeserializeOwned, E: de::Error>(table: toml::Table) -> Result<T, E> {
            table
                .try_into()
                .map_err(|error: toml::de::Error| E::custom(error.message()))
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_method() {
        for name in names() {
            name.parse::<Method>().unwrap();
        }
        let both: Method = "sobel-max+rand-conv".parse().unwrap();
        assert_eq!(both.label(), "sobel over max + rand-conv");
        for (name, says) in [("canny", "`canny`"), ("neurn+cutout", "`cutout`")] {
            let error = name.parse::<Method>().unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
