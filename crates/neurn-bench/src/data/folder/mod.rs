//! A folder of pictures as a domain: `PATH/CLASS/*.jpg`, or
//! `PATH/{train,val,test}/CLASS/*.jpg`.
//!
//! Folders in the folder of a class belong to it. Files and folders whose names
//! begin with a dot are passed over, and so are files that are no pictures by
//! their name.
//!
//! Memory: a [`Budget`] of decoded pictures at the study's size, 1 GiB unless
//! said otherwise; and while pictures are decoded, on however many threads, at
//! most [`MAX_FILE`](super::photograph::MAX_FILE) bytes of files, at most
//! [`MAX_DECODED`](super::photograph::MAX_DECODED) of whole pictures and about
//! three times as much of their decoders.

mod files;
mod scan;
mod split;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use self::files::Budget;
pub(super) use self::files::Files;
use self::scan::{Class, Scan};
use self::split::Labelled;
pub use self::split::{Shares, SplitRule};
use super::{DataError, Domain, ImageSet};

/// A name and a folder of pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainSource {
    /// What the domain is called.
    pub name: String,
    /// The folder.
    pub path: PathBuf,
    /// How its pictures are split. Without a rule: as the folder has it if there
    /// is nothing in it but `train`, `test` and perhaps `val`, and else drawn
    /// 80 / 10 / 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitRule>,
    /// The classes to take, in this order; without them all, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
}

/// The names of the folders of splits, and what a validation split is called.
const TRAIN: &str = "train";
const VALIDATION: [&str; 3] = ["val", "valid", "validation"];
const TEST: &str = "test";

/// The most classes: labels are 16 bits.
const MOST_CLASSES: usize = 1 << 16;

impl DomainSource {
    /// Reads the domain with its pictures at `side` x `side`.
    ///
    /// Every picture is read and decoded once now, on all threads; they are kept
    /// in 8 bits while `budget` lasts, and the others are decoded again whenever
    /// they are asked for.
    ///
    /// # Errors
    ///
    /// If the folder does not have the form that the rule asks for, has fewer than
    /// two classes, an empty one or two that differ only in case, has links that
    /// lead back, or a picture that is damaged, too large or of a format that
    /// cannot be decoded.
    ///
    /// # Panics
    ///
    /// If `side` is 0.
    pub fn read(&self, side: usize, budget: &Budget) -> Result<Domain, DataError> {
        assert!(side > 0, "pictures have at least one pixel");
        let (classes, [train, validation, test]) = self.splits()?;
        let set = |pictures: Vec<Labelled>| {
            let files = Files::read(&pictures, side, budget)?;
            let fingerprint = files.fingerprint(&pictures, &classes);
            let labels = pictures.iter().map(|(label, _)| *label).collect();
            Ok::<_, DataError>(ImageSet::of_files(files, labels, fingerprint))
        };
        let validation = (!validation.is_empty()).then(|| set(validation));
        Ok(Domain::new(
            &self.name,
            &classes,
            set(train)?,
            validation.transpose()?,
            set(test)?,
        ))
    }

    /// The names of the classes, and the pictures that train, validate and test.
    fn splits(&self) -> Result<(Vec<String>, [Vec<Labelled>; 3]), DataError> {
        let folders = Scan::default().folders(&self.path)?;
        let known = |name: &str| [TRAIN, TEST].contains(&name) || VALIDATION.contains(&name);
        let has = |name| folders.iter().any(|(folder, _)| folder == name);
        let has_own = has(TRAIN) && has(TEST) && folders.iter().all(|(name, _)| known(name));
        let (classes, splits) = match self.split {
            Some(SplitRule::Own) => self.own()?,
            None if has_own => self.own()?,
            None => self.drawn(&Shares::default())?,
            Some(SplitRule::Drawn(shares)) => self.drawn(&shares)?,
        };
        if classes.len() > MOST_CLASSES {
            let expected = format!("at most {MOST_CLASSES} classes");
            let found = classes.len().to_string();
            return Err(DataError::format(&self.path, expected, found));
        }
        let names = classes.into_iter().map(|class| class.name).collect();
        Ok((names, splits))
    }

    fn drawn(&self, shares: &Shares) -> Result<(Vec<Class>, [Vec<Labelled>; 3]), DataError> {
        let classes = Scan::default().classes(&self.path, self.classes.as_deref())?;
        let splits = split::draw(&classes, shares);
        if splits[2].is_empty() {
            let expected = "a class with at least three pictures, of which one can test";
            return Err(DataError::format(&self.path, expected, "none"));
        }
        Ok((classes, splits))
    }

    /// The splits that the folder has, whose classes must be the same.
    fn own(&self) -> Result<(Vec<Class>, [Vec<Labelled>; 3]), DataError> {
        let mut scan = Scan::default();
        let mut classes_in = |split: &str| {
            let folder = self.path.join(split);
            if !folder.is_dir() {
                let expected = "folders `train` and `test` with the classes in each";
                let found = format!("no folder `{split}`");
                return Err(DataError::format(&self.path, expected, found));
            }
            scan.classes(&folder, self.classes.as_deref())
        };
        let there = |split: &&&str| self.path.join(split).is_dir();
        let validation = VALIDATION.iter().find(there).map(|split| classes_in(split));
        let validation = validation.transpose()?.unwrap_or_default();
        let (train, test) = (classes_in(TRAIN)?, classes_in(TEST)?);
        let names = |classes: &[Class]| -> Vec<String> {
            classes.iter().map(|class| class.name.clone()).collect()
        };
        for (split, classes) in [("validation", &validation), (TEST, &test)] {
            if split == TEST || !classes.is_empty() {
                super::same_classes([(TRAIN, &names(&train)), (split, &names(classes))]).map_err(
                    |found| {
                        let expected = "the same classes in each split";
                        DataError::format(&self.path, expected, found)
                    },
                )?;
            }
        }
        let splits = [&train, &validation, &test].map(|classes| {
            let mut pictures = split::labelled(classes);
            split::sort(&mut pictures, &train, 0);
            pictures
        });
        Ok((train, splits))
    }
}
