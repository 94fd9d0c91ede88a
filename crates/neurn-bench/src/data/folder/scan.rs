//! A folder of folders -> the classes with their pictures' names, without
//! opening any of them.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::data::DataError;
use crate::data::photograph::is_picture;
use crate::file;

/// A picture of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Its name in the folder of its class, with `/` whatever the system.
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// A class with its pictures, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) name: String,
    pub(super) pictures: Vec<Found>,
}

/// What stands in a folder: a name and where it is.
type Entry = (String, PathBuf);

/// Goes through folders, each once: a link that leads back is refused, and so is
/// one that would show pictures twice.
#[derive(Default)]
pub(super) struct Scan {
    seen: HashSet<PathBuf>,
}

impl Scan {
    /// The folders in a folder, in the order of their names.
    pub(super) fn folders(&mut self, folder: &Path) -> Result<Vec<Entry>, DataError> {
        Ok(self.entries(folder)?.0)
    }

    /// The classes in a folder, in the order of their names; `chosen` in their
    /// own order, if there are such.
    ///
    /// # Errors
    ///
    /// If two names differ in nothing but case, there are fewer than two classes,
    /// or a chosen one is missing; if a class is empty; if a folder cannot be read.
    pub(super) fn classes(
        &mut self,
        folder: &Path,
        chosen: Option<&[String]>,
    ) -> Result<Vec<Class>, DataError> {
        let mut folders = self.folders(folder)?;
        let mut lower: Vec<(String, &str)> = Vec::new();
        lower.extend(
            folders
                .iter()
                .map(|(name, _)| (name.to_lowercase(), &name[..])),
        );
        lower.sort_unstable();
        if let Some(pair) = lower.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let expected = "classes whose names differ in more than upper and lower case";
            let found = format!("`{}` and `{}`", pair[0].1, pair[1].1);
            return Err(DataError::format(folder, expected, found));
        }
        if let Some(chosen) = chosen {
            let mut kept = Vec::new();
            for class in chosen {
                let Some(found) = folders.iter().find(|(name, _)| name == class) else {
                    let expected = format!("a folder for the class `{class}`");
                    return Err(DataError::format(folder, expected, "none"));
                };
                if kept.contains(found) {
                    let found = format!("`{class}`");
                    return Err(DataError::format(folder, "no class chosen twice", found));
                }
                kept.push(found.clone());
            }
            folders = kept;
        }
        if folders.len() < 2 {
            let expected = "at least two folders, a class each, with pictures in them";
            return Err(DataError::format(
                folder,
                expected,
                folders.len().to_string(),
            ));
        }
        let class = |(name, path): Entry| {
            let mut pictures = Vec::new();
            self.pictures(&path, "", &mut pictures)?;
            if pictures.is_empty() {
                let expected = format!("pictures of the class `{name}`");
                return Err(DataError::format(&path, expected, "none"));
            }
            Ok(Class { name, pictures })
        };
        folders.into_iter().map(class).collect()
    }

    /// The pictures in a folder and in those in it.
    fn pictures(
        &mut self,
        folder: &Path,
        before: &str,
        found: &mut Vec<Found>,
    ) -> Result<(), DataError> {
        let (folders, files) = self.entries(folder)?;
        for (name, path) in files {
            let name = format!("{before}{name}");
            found.push(Found { name, path });
        }
        for (name, path) in folders {
            self.pictures(&path, &format!("{before}{name}/"), found)?;
        }
        Ok(())
    }

    /// The folders and the pictures of a folder, in the order of their names.
    /// Hidden ones and files that are no pictures by their name are passed over.
    fn entries(&mut self, folder: &Path) -> Result<(Vec<Entry>, Vec<Entry>), DataError> {
        let failed = file::at(folder);
        let place = folder.canonicalize().map_err(&failed)?;
        if !self.seen.insert(place) {
            let found = "a link to a folder that was read already";
            return Err(DataError::format(folder, "folders without loops", found));
        }
        let (mut folders, mut files) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(folder).map_err(&failed)? {
            let path = entry.map_err(&failed)?.path();
            let name = path.file_name().unwrap_or_default();
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            // Of what a link leads to.
            let kind = fs::metadata(&path).map_err(file::at(&path))?;
            let is_folder = kind.is_dir();
            if !is_folder && !is_picture(&path) {
                continue;
            }
            let Some(name) = name.to_str().map(str::to_owned) else {
                let found = format!("{name:?}");
                return Err(DataError::format(folder, "names in Unicode", found));
            };
            match is_folder {
                true => folders.push((name, path)),
                false => files.push((name, path)),
            }
        }
        folders.sort_unstable();
        files.sort_unstable();
        Ok((folders, files))
    }
}
