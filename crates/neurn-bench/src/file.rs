//! Files that have an end. A device or a pipe in the place of one may have none, and
//! opening a pipe waits for its other end, for ever if need be.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::fingerprint::hexadecimal;

/// What the operating system said of a file or a folder.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct FileError {
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Says which file or folder an error is of.
pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> FileError {
    |source| FileError {
        path: path.to_path_buf(),
        source,
    }
}

/// Opens a file to read; a link is followed.
///
/// # Errors
///
/// As [`check`], and if it cannot be opened.
pub fn open(path: &Path) -> io::Result<File> {
    check(path)?;
    File::open(path)
}

/// That there is a file, and no folder, device or pipe.
///
/// # Errors
///
/// If there is nothing, or something else.
pub fn check(path: &Path) -> io::Result<()> {
    let found = fs::metadata(path)?;
    let found = match (found.is_file(), found.is_dir()) {
        (true, _) => return Ok(()),
        (_, true) => "a folder",
        _ => "a device or a pipe",
    };
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("expected a file, found {found}"),
    ))
}

/// All bytes of a file, of which there are at most so many.
///
/// # Errors
///
/// As [`open`], and if it has more or cannot be read.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    match read as u64 > most {
        true => Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("expected at most {most} bytes, found more"),
        )),
        false => Ok(bytes),
    }
}

/// The same as text.
///
/// # Errors
///
/// As [`read`], and if it is not UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read(path, most)?).map_err(|_| {
        let message = "expected text in UTF-8, found other bytes";
        io::Error::new(io::ErrorKind::InvalidData, message)
    })
}

/// The SHA-256 of a file in hexadecimal digits, by parts of 64 KiB.
///
/// # Errors
///
/// As [`open`], and if it cannot be read.
pub fn sha256(path: &Path) -> io::Result<String> {
    let mut file = open(path)?;
    let mut hash = Sha256::new();
    let mut part = vec![0; 1 << 16];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(hexadecimal(&hash.finalize())),
            read => hash.update(&part[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_that_of_all_parts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let bytes: Vec<u8> = (0..200_000_u32)
            .map(|x| (x.wrapping_mul(x) >> 7) as u8)
            .collect();
        fs::write(&path, &bytes).unwrap();
        assert_eq!(sha256(&path).unwrap(), hexadecimal(&Sha256::digest(&bytes)));
        // FIPS 180-2, appendix B.1.
        fs::write(&path, "abc").unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&path).unwrap(), abc);
    }

    #[cfg(unix)]
    #[test]
    fn what_has_no_end_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for (path, found) in [
            (Path::new("/dev/zero"), "a device or a pipe"),
            (&pipe, "a device or a pipe"),
            (folder.path(), "a folder"),
        ] {
            let error = sha256(path).unwrap_err().to_string();
            assert_eq!(error, format!("expected a file, found {found}"));
        }
        let missing = open(&folder.path().join("missing")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_is_read_has_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "four").unwrap();
        assert_eq!(read_text(&path, 4).unwrap(), "four");
        let error = read(&path, 3).unwrap_err().to_string();
        assert_eq!(error, "expected at most 3 bytes, found more");
        fs::write(&path, [0xff]).unwrap();
        assert!(read_text(&path, 4).is_err());
    }
}
