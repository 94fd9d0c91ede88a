//! An HDF5 file read by the paths of its data sets.

use std::path::{Path, PathBuf};

use hdf5_reader::{Dataset, Datatype, H5Type, Hdf5File, OpenOptions, SliceInfo, SliceInfoElem};

use crate::cortex::CortexError;
use crate::cortex::error::{MOST_VALUES, open};

/// The largest file: 64 GiB. It is not read as a whole.
const MOST_FILE_BYTES: u64 = 64 << 30;

/// The largest part of a data set that is read at once.
const MOST_BYTES: u64 = 8 * MOST_VALUES as u64;

/// How many bytes a compressed data set has at most for one of the file:
/// deflate makes 1032 of one.
const EXPANSION: u64 = 1_100;

/// An open file.
pub(super) struct NwbFile {
    path: PathBuf,
    file: Hdf5File,
    /// The most values that a data set of this file can have.
    most: u64,
}

impl NwbFile {
    pub(super) fn open(path: &Path) -> Result<Self, CortexError> {
        let (_, length) = open(path, MOST_FILE_BYTES)?;
        let most = length.saturating_mul(EXPANSION);
        let options = OpenOptions::default()
            .with_max_chunk_bytes(most.min(MOST_BYTES) as usize)
            .with_max_object_header_bytes(length.min(1 << 20) as usize)
            .with_max_read_bytes(most.min(MOST_BYTES) as usize);
        let file = Hdf5File::open_with_options(path, options).map_err(|error| {
            CortexError::file(path, "all of it", "an HDF5 file", error.to_string())
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
            most,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong with a data set of this file.
    pub(super) fn error(
        &self,
        name: &str,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> CortexError {
        CortexError::file(&self.path, name, expected, found)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.file.group(name).is_ok()
    }

    /// The sides of a data set that is not larger than this file can hold, and whose
    /// rows can be read one by one.
    pub(super) fn shape(&self, name: &str) -> Result<Vec<usize>, CortexError> {
        let data = self.dataset(name)?;
        let shape = self.checked_shape(name, &data, self.most)?;
        let rows = shape.first().copied().unwrap_or(1).max(1);
        match shape.iter().product::<usize>() / rows <= MOST_VALUES {
            true => Ok(shape),
            false => Err(self.too_large(name, &data, MOST_VALUES as u64)),
        }
    }

    /// The text of a data set of one string.
    pub(super) fn text(&self, name: &str) -> Result<String, CortexError> {
        self.dataset(name)?
            .read_string()
            .map_err(|error| self.error(name, "a string", error.to_string()))
    }

    /// The shape and the values of a data set of any type of number.
    pub(super) fn numbers(&self, name: &str) -> Result<(Vec<usize>, Vec<f64>), CortexError> {
        let data = self.dataset(name)?;
        let shape = self.checked_shape(name, &data, MOST_VALUES as u64)?;
        let values = self.values(name, &data, &SliceInfo::all(shape.len()))?;
        Ok((shape, values))
    }

    /// The same of whole numbers of at most 64 bits.
    pub(super) fn integers(&self, name: &str) -> Result<(Vec<usize>, Vec<i64>), CortexError> {
        let data = self.dataset(name)?;
        let shape = self.checked_shape(name, &data, MOST_VALUES as u64)?;
        let all = SliceInfo::all(shape.len());
        let values = match number(data.dtype()) {
            Some((8, Kind::Signed)) => Some(self.read(name, &data, &all)?),
            Some((8, Kind::Unsigned)) => {
                let values: Vec<u64> = self.read(name, &data, &all)?;
                let values = values.into_iter().map(|value| i64::try_from(value).ok());
                values.collect()
            }
            Some((4, Kind::Signed)) => {
                Some(self.read_as::<i32, _>(name, &data, &all, i64::from)?)
            }
            Some((4, Kind::Unsigned)) => {
                Some(self.read_as::<u32, _>(name, &data, &all, i64::from)?)
            }
            _ => None,
        };
        let values = values.ok_or_else(|| {
            let found = format!("{:?}", data.dtype());
            self.error(name, "integers of 32 or 64 bits below 2^63", found)
        })?;
        Ok((shape, values))
    }

    /// The values under one first index, of which there have to be `count`.
    pub(super) fn row(
        &self,
        name: &str,
        row: usize,
        count: usize,
    ) -> Result<Vec<f64>, CortexError> {
        let data = self.dataset(name)?;
        let mut selection = SliceInfo::all(data.ndim());
        if let Some(first) = selection.selections.first_mut() {
            *first = SliceInfoElem::Index(row as u64);
        }
        let values = self.values(name, &data, &selection)?;
        if values.len() != count {
            let found = format!("{} in row {row}", values.len());
            return Err(self.error(name, format!("{count} values"), found));
        }
        Ok(values)
    }

    fn dataset(&self, name: &str) -> Result<Dataset, CortexError> {
        self.file
            .dataset(name)
            .map_err(|error| self.error(name, "a data set", error.to_string()))
    }

    fn checked_shape(
        &self,
        name: &str,
        data: &Dataset,
        most: u64,
    ) -> Result<Vec<usize>, CortexError> {
        let most = most.min(self.most);
        let sides = data.shape().iter();
        let count = sides
            .clone()
            .try_fold(1_u64, |a, &side| a.checked_mul(side));
        match count {
            Some(count) if count <= most => Ok(sides.map(|&side| side as usize).collect()),
            _ => Err(self.too_large(name, data, most)),
        }
    }

    fn too_large(&self, name: &str, data: &Dataset, most: u64) -> CortexError {
        let found = format!("{:?}", data.shape());
        self.error(name, format!("at most {most} values"), found)
    }

    fn values(
        &self,
        name: &str,
        data: &Dataset,
        selection: &SliceInfo,
    ) -> Result<Vec<f64>, CortexError> {
        let of = selection;
        match number(data.dtype()) {
            Some((8, Kind::Float)) => self.read(name, data, of),
            Some((4, Kind::Float)) => self.read_as::<f32, _>(name, data, of, f64::from),
            Some((8, Kind::Signed)) => self.read_as(name, data, of, |value: i64| value as f64),
            Some((8, Kind::Unsigned)) => self.read_as(name, data, of, |value: u64| value as f64),
            Some((4, Kind::Signed)) => self.read_as::<i32, _>(name, data, of, f64::from),
            Some((4, Kind::Unsigned)) => self.read_as::<u32, _>(name, data, of, f64::from),
            Some((2, Kind::Signed)) => self.read_as::<i16, _>(name, data, of, f64::from),
            Some((2, Kind::Unsigned)) => self.read_as::<u16, _>(name, data, of, f64::from),
            Some((1, Kind::Signed)) => self.read_as::<i8, _>(name, data, of, f64::from),
            Some((1, Kind::Unsigned)) => self.read_as::<u8, _>(name, data, of, f64::from),
            _ => Err(self.error(name, "numbers", format!("{:?}", data.dtype()))),
        }
    }

    /// Values that are stored as one type, as another.
    fn read_as<T: H5Type, N>(
        &self,
        name: &str,
        data: &Dataset,
        selection: &SliceInfo,
        wide: impl Fn(T) -> N,
    ) -> Result<Vec<N>, CortexError> {
        let values: Vec<T> = self.read(name, data, selection)?;
        Ok(values.into_iter().map(wide).collect())
    }

    fn read<T: H5Type>(
        &self,
        name: &str,
        data: &Dataset,
        selection: &SliceInfo,
    ) -> Result<Vec<T>, CortexError> {
        data.read_slice::<T>(selection)
            .map(|array| array.iter().cloned().collect())
            .map_err(|error| self.error(name, "readable values", error.to_string()))
    }
}

/// What a number is.
enum Kind {
    Float,
    Signed,
    Unsigned,
}

/// How many bytes a number takes and what it is; `None` of what is none.
fn number(kind: &Datatype) -> Option<(usize, Kind)> {
    match kind {
        Datatype::FloatingPoint { size, .. } => Some((usize::from(*size), Kind::Float)),
        Datatype::FixedPoint { size, signed, .. } => {
            let kind = if *signed {
                Kind::Signed
            } else {
                Kind::Unsigned
            };
            Some((usize::from(*size), kind))
        }
        _ => None,
    }
}
