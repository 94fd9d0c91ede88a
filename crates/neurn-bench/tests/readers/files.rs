//! Files, byte by byte: what the tests write for the readers to read.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use image::RgbImage;

/// The values of the image with this index: those of one image differ along
/// rows, columns and channels, and images differ from one another.
pub fn image(index: usize, length: usize) -> Vec<u8> {
    (0..length)
        .map(|place| ((index * length + place) % 251) as u8)
        .collect()
}

/// The values of this many images, one after the other.
pub fn images(count: usize, length: usize) -> Vec<u8> {
    (0..count).flat_map(|index| image(index, length)).collect()
}

pub fn idx(magic: u32, sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let header = std::iter::once(&magic)
        .chain(sizes)
        .flat_map(|word| word.to_be_bytes());
    header.chain(values.iter().copied()).collect()
}

pub fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn bz2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An element of a MATLAB file.
pub fn element(kind: u32, content: &[u8]) -> Vec<u8> {
    let mut element = [kind.to_le_bytes(), (content.len() as u32).to_le_bytes()].concat();
    element.extend(content);
    element
}

fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

/// An array of bytes of a MATLAB file.
pub fn matrix(name: &str, sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let sizes: Vec<u8> = sizes.iter().flat_map(|size| size.to_le_bytes()).collect();
    let flags = [9, 0, 0, 0, 0, 0, 0, 0];
    let name = match name.len() {
        // The short form of an element.
        1..=4 => {
            let mut short = vec![1, 0, name.len() as u8, 0];
            short.extend(name.as_bytes());
            short
        }
        _ => element(1, name.as_bytes()),
    };
    let parts = [
        element(6, &flags),
        element(5, &sizes),
        name,
        element(2, values),
    ];
    element(14, &parts.map(padded).concat())
}

pub fn mat(elements: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"MATLAB 5.0 MAT-file, written by a test".to_vec();
    file.resize(124, b' ');
    file.extend([0x00, 0x01, b'I', b'M']);
    file.extend(elements.concat());
    file
}

pub fn packed(matrix: Vec<u8>) -> Vec<u8> {
    element(15, &zlib(&matrix))
}

/// An HDF5 file of superblock 0, object headers of version 1, links in their
/// group's header and contiguous data.
pub struct Hdf5(Vec<u8>);

impl Hdf5 {
    pub fn new() -> Self {
        Self(vec![0; 96])
    }

    fn put(&mut self, bytes: &[u8]) -> u64 {
        let address = self.0.len() as u64;
        self.0.extend(padded(bytes.to_vec()));
        address
    }

    fn object(&mut self, messages: &[(u16, Vec<u8>)]) -> u64 {
        let mut body = Vec::new();
        for (kind, content) in messages {
            let content = padded(content.clone());
            body.extend(kind.to_le_bytes());
            body.extend((content.len() as u16).to_le_bytes());
            body.extend([0; 4]);
            body.extend(content);
        }
        let mut header = vec![1, 0];
        header.extend((messages.len() as u16).to_le_bytes());
        header.extend(1_u32.to_le_bytes());
        header.extend((body.len() as u32).to_le_bytes());
        header.extend([0; 4]);
        header.extend(body);
        self.put(&header)
    }

    pub fn group(&mut self, links: &[(&str, u64)]) -> u64 {
        let mut messages = vec![(2, [vec![0, 0], vec![0xff; 16]].concat())];
        for (name, address) in links {
            let start = [&[1, 0, name.len() as u8], name.as_bytes()].concat();
            messages.push((6, [&start[..], &address.to_le_bytes()].concat()));
        }
        self.object(&messages)
    }

    fn array(&mut self, kind: &[u8], shape: &[u64], bytes: &[u8]) -> u64 {
        let data = self.put(bytes);
        let mut space = vec![1, shape.len() as u8, 0, 0, 0, 0, 0, 0];
        space.extend(shape.iter().flat_map(|size| size.to_le_bytes()));
        let mut layout = vec![3, 1];
        layout.extend(data.to_le_bytes());
        layout.extend((bytes.len() as u64).to_le_bytes());
        self.object(&[(1, space), (3, kind.to_vec()), (8, layout)])
    }

    /// `data` and `target` in a group.
    pub fn part(&mut self, shape: &[u64], data: &[f32], target: &[i32]) -> u64 {
        const F32: [u8; 20] = [
            0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0,
        ];
        const I32: [u8; 12] = [0x10, 8, 0, 0, 4, 0, 0, 0, 0, 0, 32, 0];
        let bytes: Vec<u8> = data.iter().flat_map(|value| value.to_le_bytes()).collect();
        let data = self.array(&F32, shape, &bytes);
        let bytes: Vec<u8> = target
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let target = self.array(&I32, &[target.len() as u64], &bytes);
        self.group(&[("data", data), ("target", target)])
    }

    pub fn finish(mut self, root: u64) -> Vec<u8> {
        let mut start = b"\x89HDF\r\n\x1a\n".to_vec();
        start.extend([0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0, 0, 0, 0, 0]);
        start.extend(0_u64.to_le_bytes());
        start.extend([0xff; 8]);
        start.extend((self.0.len() as u64).to_le_bytes());
        start.extend([0xff; 8]);
        start.extend(0_u64.to_le_bytes());
        start.extend(root.to_le_bytes());
        self.0[..start.len()].copy_from_slice(&start);
        self.0
    }
}

pub fn photograph(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    RgbImage::from_pixel(width, height, image::Rgb(colour))
        .write_to(&mut file, image::ImageFormat::Jpeg)
        .unwrap();
    file.into_inner()
}

pub fn noise(width: u32, height: u32) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 7) as u8, (y * 5) as u8, (x * y) as u8])
    })
    .write_to(&mut file, image::ImageFormat::Jpeg)
    .unwrap();
    file.into_inner()
}
