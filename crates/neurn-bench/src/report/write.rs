//! Files that are there whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::error::Error;
use crate::file;

/// Writes a file whole or not at all: beside its place first, then moved there.
/// What cannot be written leaves nothing beside it. A link stays a link; a device
/// or a pipe, which nothing can be moved to, is written to directly.
///
/// # Errors
///
/// [`Error::File`] names the file.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    // Where links lead; a place where nothing is yet stays as it is given.
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let written = match fs::metadata(&place) {
        Ok(there) if !there.is_file() && !there.is_dir() => write_into(&place, bytes),
        _ => write_beside(&place, bytes),
    };
    Ok(written.map_err(file::at(path))?)
}

fn write_into(device: &Path, bytes: &[u8]) -> io::Result<()> {
    File::options().write(true).open(device)?.write_all(bytes)
}

fn write_beside(place: &Path, bytes: &[u8]) -> io::Result<()> {
    // Of this process, as others may write the same file.
    let beside = place.with_added_extension(format!("{}.partial", std::process::id()));
    let written = create(&beside, bytes).and_then(|()| fs::rename(&beside, place));
    if written.is_err() {
        _ = fs::remove_file(&beside);
    }
    written
}

fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    // Some disks say only now that they are full.
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_file_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.md");
        for text in ["first", "2"] {
            write_whole(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(names(folder.path()), ["table.md"]);
        }
    }

    /// Nothing can be moved to where a folder is.
    #[test]
    fn what_cannot_be_written_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.md");
        fs::create_dir(&path).unwrap();
        let error = write_whole(&path, b"text").unwrap_err().to_string();
        assert!(error.contains("table.md"), "{error}");
        assert_eq!(names(folder.path()), ["table.md"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.md");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let error = write_whole(&path, b"text").unwrap_err().to_string();
        assert!(
            error.contains("table.md") && error.contains("space"),
            "{error}"
        );
        assert_eq!(names(folder.path()), ["table.md"]);
        assert!(path.is_symlink());
    }
}
