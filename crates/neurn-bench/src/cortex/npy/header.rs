//! What stands before the values of a NumPy array.

use std::io::Read;

use serde::Deserialize;

use super::CortexError;

/// The longest header: 64 KiB, the most that version 1 can have.
const LONGEST: usize = 1 << 16;

const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// How one value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Bool,
    U8,
    I16,
    I32,
    I64,
    F32,
    F64,
}

pub(super) struct Header {
    /// Bytes up to the values.
    pub(super) length: u64,
    pub(super) element: Element,
    pub(super) big_endian: bool,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<usize>,
}

impl Element {
    pub(super) fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }

    pub(super) fn whole(self) -> bool {
        matches!(self, Self::U8 | Self::I16 | Self::I32 | Self::I64)
    }

    /// The value of as many bytes as the size is.
    pub(super) fn decode(self, bytes: &[u8], big_endian: bool) -> f64 {
        let mut word = [0; 8];
        let word = &mut word[..self.size()];
        word.copy_from_slice(bytes);
        if big_endian {
            word.reverse();
        }
        match *word {
            [a] if self == Self::Bool => f64::from(u8::from(a != 0)),
            [a] => f64::from(a),
            [a, b] => f64::from(i16::from_le_bytes([a, b])),
            [a, b, c, d] if self == Self::F32 => f64::from(f32::from_le_bytes([a, b, c, d])),
            [a, b, c, d] => f64::from(i32::from_le_bytes([a, b, c, d])),
            [a, b, c, d, e, f, g, h] => {
                let word = [a, b, c, d, e, f, g, h];
                if self == Self::F64 {
                    f64::from_le_bytes(word)
                } else {
                    i64::from_le_bytes(word) as f64
                }
            }
            _ => unreachable!("elements of {} bytes", self.size()),
        }
    }
}

impl Header {
    /// Reads up to where the values begin.
    pub(super) fn read(reader: &mut impl Read) -> Result<Self, CortexError> {
        let magic: [u8; 6] = bytes(reader, "magic")?;
        if magic != MAGIC {
            return Err(wrong("magic", "a NumPy array", start(&magic)));
        }
        let [version, _minor]: [u8; 2] = bytes(reader, "version")?;
        let (before, length) = match version {
            1 => (10, u16::from_le_bytes(bytes(reader, "header")?).into()),
            2 | 3 => (12, u32::from_le_bytes(bytes(reader, "header")?) as usize),
            other => return Err(wrong("version", "1, 2 or 3", other.to_string())),
        };
        if length > LONGEST {
            let expected = format!("at most {LONGEST} bytes");
            return Err(wrong("header", expected, length.to_string()));
        }
        let mut header = vec![0; length];
        let read = reader.read_exact(&mut header);
        read.map_err(|error| wrong("header", format!("{length} bytes"), error.to_string()))?;
        let text = str::from_utf8(&header).map_err(|_| wrong("header", "text", "other bytes"))?;
        Ok(Self {
            length: before + length as u64,
            ..Self::parse(text)?
        })
    }

    /// `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`, a Python literal:
    /// JSON in other signs.
    fn parse(text: &str) -> Result<Self, CortexError> {
        let mut json: String = text.split_ascii_whitespace().collect();
        for (python, sign) in [
            // Python 2 wrote long integers with an L.
            ("L,", ","),
            ("L)", ")"),
            (",)", ")"),
            (",}", "}"),
            ("(", "["),
            (")", "]"),
            ("'", "\""),
            ("False", "false"),
            ("True", "true"),
        ] {
            json = json.replace(python, sign);
        }
        let written: Written = serde_json::from_str(&json).map_err(|error| {
            let expected = "a dictionary of descr, fortran_order and shape";
            wrong("header", expected, error.to_string())
        })?;
        let (element, big_endian) = element(&written.descr)?;
        Ok(Self {
            length: 0,
            element,
            big_endian,
            fortran_order: written.fortran_order,
            shape: written.shape,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

fn bytes<const N: usize>(reader: &mut impl Read, field: &str) -> Result<[u8; N], CortexError> {
    let mut bytes = [0; N];
    let read = reader.read_exact(&mut bytes);
    read.map_err(|error| wrong(field, format!("{N} bytes"), error.to_string()))?;
    Ok(bytes)
}

/// The type that a `descr` such as `<f8` names, and whether its most
/// significant byte comes first.
fn element(descr: &str) -> Result<(Element, bool), CortexError> {
    let element = match descr.get(1..) {
        Some("b1") => Element::Bool,
        Some("u1") => Element::U8,
        Some("i2") => Element::I16,
        Some("i4") => Element::I32,
        Some("i8") => Element::I64,
        Some("f4") => Element::F32,
        Some("f8") => Element::F64,
        _ => return Err(unsupported(descr)),
    };
    match (descr.as_bytes()[0], element.size()) {
        (b'|', 1) | (b'<', _) => Ok((element, false)),
        (b'>', _) => Ok((element, true)),
        _ => Err(unsupported(descr)),
    }
}

fn unsupported(descr: &str) -> CortexError {
    let expected = "bool, u1, i2, i4, i8, f4 or f8 after <, > or |";
    wrong("descr", expected, start(descr.as_bytes()))
}

fn wrong(field: &str, expected: impl Into<String>, found: impl ToString) -> CortexError {
    CortexError::values(field, expected, found)
}

/// The first bytes, as they can be printed.
fn start(bytes: &[u8]) -> String {
    format!("`{}`", bytes[..bytes.len().min(24)].escape_ascii())
}
