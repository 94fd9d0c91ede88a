//! A look over a pickle before it is parsed. It is a program, whose instructions
//! may name any function of Python and call it. Nothing here is carried out; this
//! says whether there are only as many as a list of tensors needs, and whether
//! they name nothing but what such a list is made of.

use std::io::{self, Read};

/// The most instructions of a pickle. Those of a tensor are about forty. The
/// parser keeps at most some hundred bytes of each.
const MOST_INSTRUCTIONS: usize = 1 << 20;

/// The most bytes of a pickle.
const MOST_BYTES: usize = 16 << 20;

/// What a state dict names: containers, how a tensor is put together and what its
/// numbers are.
const NAMES: &[&str] = &[
    "collections OrderedDict",
    "torch BFloat16Storage",
    "torch BoolStorage",
    "torch ByteStorage",
    "torch CharStorage",
    "torch DoubleStorage",
    "torch FloatStorage",
    "torch HalfStorage",
    "torch IntStorage",
    "torch LongStorage",
    "torch ShortStorage",
    "torch._utils _rebuild_parameter",
    "torch._utils _rebuild_tensor",
    "torch._utils _rebuild_tensor_v2",
];

/// Reads to the end of one pickle.
pub(super) fn inspect(reader: &mut impl Read) -> Result<(), String> {
    let mut pickle = Pickle {
        reader,
        left: MOST_BYTES,
    };
    for _ in 0..MOST_INSTRUCTIONS {
        let instruction = pickle.byte()?;
        if instruction == b'.' {
            return Ok(());
        }
        pickle.arguments(instruction)?;
    }
    Err(format!(
        "a pickle of more than {MOST_INSTRUCTIONS} instructions"
    ))
}

struct Pickle<'a, R> {
    reader: &'a mut R,
    left: usize,
}

impl<R: Read> Pickle<'_, R> {
    /// Passes over what belongs to an instruction.
    fn arguments(&mut self, instruction: u8) -> Result<(), String> {
        match instruction {
            // On the stack and the memo only, or a call of what has been named.
            b'('
            | b'0'
            | b'1'
            | b'2'
            | b'N'
            | b'Q'
            | b'R'
            | b'a'
            | b'b'
            | b'd'
            | b'}'
            | b'e'
            | b'l'
            | b']'
            | b's'
            | b't'
            | b')'
            | b'u'
            | 0x81
            | 0x85..=0x89
            | 0x94 => Ok(()),
            b'K' | b'h' | b'q' | 0x80 => self.skip(1),
            b'M' => self.skip(2),
            b'J' | b'j' | b'r' => self.skip(4),
            b'G' | 0x95 => self.skip(8),
            b'C' | b'U' | 0x8a | 0x8c => self.counted(1),
            b'B' | b'T' | b'X' | 0x8b => self.counted(4),
            0x8d | 0x8e => self.counted(8),
            b'F' | b'I' | b'L' | b'P' | b'S' | b'V' | b'g' | b'p' => self.line().map(drop),
            b'c' => self.named(),
            other => Err(format!("a pickle with the instruction {other:#04x}")),
        }
    }

    /// The name of a class or function, in two lines.
    fn named(&mut self) -> Result<(), String> {
        let name = format!("{} {}", self.line()?, self.line()?);
        match NAMES.contains(&name.as_str()) {
            true => Ok(()),
            false => Err(format!("a pickle that names `{name}`")),
        }
    }

    /// What has its length in front.
    fn counted(&mut self, digits: usize) -> Result<(), String> {
        let mut length = [0; 8];
        for byte in &mut length[..digits] {
            *byte = self.byte()?;
        }
        match usize::try_from(u64::from_le_bytes(length)) {
            Ok(length) => self.skip(length),
            Err(_) => Err(too_long()),
        }
    }

    fn skip(&mut self, length: usize) -> Result<(), String> {
        self.left = self.left.checked_sub(length).ok_or_else(too_long)?;
        let mut rest = (&mut *self.reader).take(length as u64);
        match io::copy(&mut rest, &mut io::sink()) {
            Ok(read) if read == length as u64 => Ok(()),
            Ok(_) => Err("a pickle without an end".to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.left = self.left.checked_sub(1).ok_or_else(too_long)?;
        let mut byte = [0];
        match self.reader.read_exact(&mut byte) {
            Ok(()) => Ok(byte[0]),
            Err(_) => Err("a pickle without an end".to_string()),
        }
    }

    /// Up to the end of a line, of which there are short ones only.
    fn line(&mut self) -> Result<String, String> {
        let mut line = Vec::new();
        while line.len() <= 100 {
            match self.byte()? {
                b'\n' => return Ok(String::from_utf8_lossy(&line).into_owned()),
                byte => line.push(byte),
            }
        }
        Err("a pickle with a long line".to_string())
    }
}

fn too_long() -> String {
    format!("a pickle of more than {MOST_BYTES} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(pickle: &[u8]) -> Result<(), String> {
        inspect(&mut &pickle[..])
    }

    #[test]
    fn what_a_state_dict_needs_is_let_through() {
        assert_eq!(
            answer(b"\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01."),
            Ok(())
        );
        assert_eq!(answer(b"\x80\x02X\x03\x00\x00\x00abcK\x07\x86."), Ok(()));
    }

    #[test]
    fn what_follows_a_pickle_is_not_read() {
        let mut rest = &b"N.N."[..];
        inspect(&mut rest).unwrap();
        assert_eq!(rest, b"N.");
    }

    #[test]
    fn calls_of_anything_else_are_not() {
        for (pickle, expected) in [
            (&b"cos\nsystem\n(S'echo'\ntR."[..], "names `os system`"),
            (b"cbuiltins\nexec\n.", "names `builtins exec`"),
            (b"\x8c\x02os\x8c\x06system\x93.", "instruction 0x93"),
            (b"(S'echo'\nios\nsystem\n.", "instruction 0x69"),
            (b"\x82\x01.", "instruction 0x82"),
        ] {
            let error = answer(pickle).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn lengths_are_not_believed() {
        for pickle in [
            &b"X\xff\xff\xff\xffabc"[..],
            b"\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc",
            b"X\xff\xff\x00\x00abc",
            b"N",
            b"",
        ] {
            answer(pickle).unwrap_err();
        }
        let endless = vec![b'N'; MOST_INSTRUCTIONS + 1];
        assert!(answer(&endless).unwrap_err().contains("instructions"));
    }
}
