//! Files as `torch.save` writes them.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A tensor of a state dict. Its numbers may lie in any order in the file.
#[derive(Clone)]
pub struct Tensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
    pub numbers: Vec<f32>,
}

impl Tensor {
    /// With the last axis next to each other.
    pub fn new(name: &str, shape: &[usize], numbers: Vec<f32>) -> Self {
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        Self {
            name: name.to_string(),
            shape: shape.to_vec(),
            strides,
            numbers,
        }
    }
}

/// The pickle of a state dict, with `extra` among its entries.
pub fn pickle(tensors: &[Tensor], extra: &[u8]) -> Vec<u8> {
    let mut pickle = b"\x80\x02}(".to_vec();
    for (key, tensor) in tensors.iter().enumerate() {
        text(&mut pickle, &tensor.name);
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut pickle, "storage");
        pickle.extend(b"ctorch\nFloatStorage\n");
        text(&mut pickle, &key.to_string());
        text(&mut pickle, "cpu");
        number(&mut pickle, tensor.numbers.len());
        pickle.extend(b"tQK\0");
        for sizes in [&tensor.shape, &tensor.strides] {
            pickle.push(b'(');
            sizes.iter().for_each(|&size| number(&mut pickle, size));
            pickle.push(b't');
        }
        pickle.extend(b"\x89ccollections\nOrderedDict\n)RtR");
    }
    pickle.extend(extra);
    pickle.extend(b"u.");
    pickle
}

fn text(pickle: &mut Vec<u8>, text: &str) {
    pickle.push(b'X');
    pickle.extend((text.len() as u32).to_le_bytes());
    pickle.extend(text.as_bytes());
}

fn number(pickle: &mut Vec<u8>, number: usize) {
    pickle.push(b'J');
    pickle.extend((number as i32).to_le_bytes());
}

/// An archive with this pickle and the numbers of the tensors.
pub fn archive(pickle: &[u8], tensors: &[Tensor], method: CompressionMethod) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    let mut part = |name: &str, bytes: &[u8]| {
        archive
            .start_file(format!("weights/{name}"), options)
            .unwrap();
        archive.write_all(bytes).unwrap();
    };
    part("data.pkl", pickle);
    part("version", b"3\n");
    for (key, tensor) in tensors.iter().enumerate() {
        let bytes: Vec<u8> = tensor
            .numbers
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        part(&format!("data/{key}"), &bytes);
    }
    archive.finish().unwrap().into_inner()
}

/// What `torch.save` of PyTorch 1.6 and later writes.
pub fn saved(tensors: &[Tensor]) -> Vec<u8> {
    archive(&pickle(tensors, b""), tensors, CompressionMethod::Stored)
}

/// What `torch.save` of earlier versions writes.
pub fn saved_as_stream(tensors: &[Tensor]) -> Vec<u8> {
    let mut file = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.".to_vec();
    file.extend(b"\x80\x02}(");
    text(&mut file, "little_endian");
    file.extend(b"\x88u.");
    // A storage has a view beside it there.
    let pickle = pickle(tensors, b"");
    let with_view = replaced(&pickle, b"tQK\0", b"NtQK\0");
    file.extend(with_view);
    file.extend(b"\x80\x02]");
    file.push(b'(');
    for key in 0..tensors.len() {
        text(&mut file, &key.to_string());
    }
    file.extend(b"e.");
    for tensor in tensors {
        file.extend((tensor.numbers.len() as u64).to_le_bytes());
        file.extend(tensor.numbers.iter().flat_map(|x| x.to_le_bytes()));
    }
    file
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        match rest.strip_prefix(from) {
            Some(after) => {
                replaced.extend(to);
                rest = after;
            }
            None => {
                replaced.push(rest[0]);
                rest = &rest[1..];
            }
        }
    }
    replaced
}
