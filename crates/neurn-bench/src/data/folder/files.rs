//! Pictures in files, decoded at one size when they are asked for, and kept in
//! 8 bits while a budget lasts.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::split::Labelled;
use crate::data::resize::photograph;
use crate::data::{DataError, photograph as pictures};
use crate::fingerprint::hexadecimal;

/// How many bytes of decoded pictures may be kept, over all folders that are
/// read with it. A clone is the same budget.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    most: usize,
    kept: AtomicUsize,
    decoded: AtomicUsize,
}

impl Budget {
    /// Up to so many bytes.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Counts {
            most,
            kept: AtomicUsize::new(0),
            decoded: AtomicUsize::new(0),
        }))
    }

    /// The bytes that are kept now.
    pub fn kept(&self) -> usize {
        self.0.kept.load(Ordering::Relaxed)
    }

    /// How often a picture was decoded.
    pub fn decoded(&self) -> usize {
        self.0.decoded.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let more = |kept: usize| kept.checked_add(bytes).filter(|&sum| sum <= self.0.most);
        let kept = &self.0.kept;
        kept.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.0.kept.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Default for Budget {
    /// 1 GiB.
    fn default() -> Self {
        Self::new(1 << 30)
    }
}

/// Pictures of one split, each RGB at `side` x `side`.
#[derive(Debug)]
pub(in crate::data) struct Files {
    pictures: Vec<Picture>,
    side: usize,
    budget: Budget,
}

#[derive(Debug)]
struct Picture {
    path: PathBuf,
    /// SHA-256 of the file.
    hash: [u8; 32],
    kept: OnceLock<Box<[u8]>>,
}

/// Pictures that are worked on together, of which the first error is told.
const AT_A_TIME: usize = 256;

impl Files {
    /// Reads and decodes every picture once, on all threads, so that one that is
    /// unreadable is found now, and keeps what the budget allows.
    pub(super) fn read(
        pictures: &[Labelled],
        side: usize,
        budget: &Budget,
    ) -> Result<Self, DataError> {
        let mut files = Self {
            pictures: Vec::with_capacity(pictures.len()),
            side,
            budget: budget.clone(),
        };
        for some in pictures.chunks(AT_A_TIME) {
            let read = |(_, found): &Labelled| files.first(found.path.clone());
            let read: Vec<Result<Picture, DataError>> = some.par_iter().map(read).collect();
            for picture in read {
                files.pictures.push(picture?);
            }
        }
        Ok(files)
    }

    fn first(&self, path: PathBuf) -> Result<Picture, DataError> {
        let (hash, values) = self.decode(&path, None)?;
        let picture = Picture {
            path,
            hash,
            kept: OnceLock::new(),
        };
        self.keep(&picture, values);
        Ok(picture)
    }

    /// The values of picture `index`, `[RGB, row, column]`.
    pub(in crate::data) fn values(&self, index: usize) -> Result<Cow<'_, [u8]>, DataError> {
        let picture = &self.pictures[index];
        if let Some(values) = picture.kept.get() {
            return Ok(Cow::Borrowed(values));
        }
        let (_, values) = self.decode(&picture.path, Some(picture.hash))?;
        Ok(match self.keep(picture, values) {
            None => Cow::Borrowed(picture.kept.get().expect("it is kept")),
            Some(values) => Cow::Owned(values),
        })
    }

    /// Keeps the values, or gives them back where there is no room.
    fn keep(&self, picture: &Picture, values: Vec<u8>) -> Option<Vec<u8>> {
        let bytes = values.len();
        if !self.budget.take(bytes) {
            return Some(values);
        }
        // Another thread may have been faster.
        if picture.kept.set(values.into_boxed_slice()).is_err() {
            self.budget.give_back(bytes);
        }
        None
    }

    fn decode(
        &self,
        path: &std::path::Path,
        expected: Option<[u8; 32]>,
    ) -> Result<([u8; 32], Vec<u8>), DataError> {
        self.budget.0.decoded.fetch_add(1, Ordering::Relaxed);
        pictures::with_bytes(path, |bytes| {
            let hash: [u8; 32] = Sha256::digest(bytes).into();
            if expected.is_some_and(|expected| expected != hash) {
                let expected = "the picture that was there when the domain was read";
                return Err(DataError::format(path, expected, "another"));
            }
            let picture = pictures::decode(path, bytes)?;
            Ok((hash, photograph(&picture, self.side)))
        })
    }

    pub(in crate::data) fn side(&self) -> usize {
        self.side
    }

    /// A hash of the pictures in their order: class, name and content of each.
    pub(super) fn fingerprint(&self, pictures: &[Labelled], classes: &[String]) -> String {
        let mut hash = Sha256::new();
        for ((label, found), picture) in pictures.iter().zip(&self.pictures) {
            for text in [&classes[usize::from(*label)], &found.name] {
                hash.update((text.len() as u64).to_le_bytes());
                hash.update(text);
            }
            hash.update(picture.hash);
        }
        hexadecimal(&hash.finalize()[..8])
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let kept = self
            .pictures
            .iter()
            .filter_map(|picture| picture.kept.get());
        self.budget.give_back(kept.map(|values| values.len()).sum());
    }
}
