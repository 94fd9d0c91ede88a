//! Picture files of every kind, as bytes.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, Rgb, RgbImage};

/// A picture whose values differ along rows, columns and channels, and with the
/// shade.
pub fn picture(width: u32, height: u32, shade: u8) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([shade, (5 * x + 3 * y) as u8, (x * y) as u8])
    })
}

pub fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    encoded(picture, ImageFormat::Png)
}

pub fn jpeg(picture: &RgbImage) -> Vec<u8> {
    encoded(picture.clone(), ImageFormat::Jpeg)
}

/// A JPEG that a viewer turns: 6 is a quarter turn clockwise.
pub fn turned(picture: &RgbImage, orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 100);
    encoder.set_exif_metadata(exif).unwrap();
    let (width, height) = picture.dimensions();
    encoder
        .write_image(picture, width, height, ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}

/// A JPEG of 8 x 8 pixels of one colour in CMYK, inverted as Adobe writes it.
pub fn cmyk(inks: [u8; 4]) -> Vec<u8> {
    let segment = |mark: u8, content: &[u8]| {
        let length = (content.len() as u16 + 2).to_be_bytes();
        [&[0xff, mark], &length[..], content].concat()
    };
    let mut bytes = vec![0xff, 0xd8];
    bytes.extend(segment(0xee, b"Adobe\0\x64\0\0\0\0\0"));
    // Steps of 8: the first coefficient is 8 times what the mean is over 128.
    bytes.extend(segment(0xdb, &[&[0][..], &[8; 64]].concat()));
    let components = [1, 2, 3, 4].map(|id| [id, 0x11, 0]).concat();
    bytes.extend(segment(
        0xc0,
        &[&[8, 0, 8, 0, 8, 4][..], &components].concat(),
    ));
    // Twelve lengths of numbers, each a code of 4 bits; "no more" as one bit.
    let lengths = |bits: usize, codes: u8| {
        let mut lengths = [0; 16];
        lengths[bits - 1] = codes;
        lengths
    };
    let sizes: Vec<u8> = (0..12).collect();
    bytes.extend(segment(
        0xc4,
        &[&[0x00][..], &lengths(4, 12), &sizes].concat(),
    ));
    bytes.extend(segment(0xc4, &[&[0x10][..], &lengths(1, 1), &[0]].concat()));
    let components = [1, 2, 3, 4].map(|id| [id, 0]).concat();
    bytes.extend(segment(
        0xda,
        &[&[4][..], &components, &[0, 63, 0]].concat(),
    ));
    let mut bits = String::new();
    for ink in inks {
        let value = i32::from(255 - ink) - 128;
        let size = 32 - value.unsigned_abs().leading_zeros() as usize;
        bits += &format!("{size:04b}");
        if size > 0 {
            // A negative number is one less than its complement.
            let coded = if value < 0 {
                value + (1 << size) - 1
            } else {
                value
            };
            bits += &format!("{coded:0size$b}");
        }
        bits += "0";
    }
    while !bits.len().is_multiple_of(8) {
        bits += "1";
    }
    for byte in bits.as_bytes().chunks(8) {
        let byte = byte.iter().fold(0, |byte, bit| 2 * byte + (bit - b'0'));
        bytes.push(byte);
        if byte == 0xff {
            bytes.push(0);
        }
    }
    bytes.extend([0xff, 0xd9]);
    bytes
}

/// Files that say that they are of 20,000 x 20,000 pixels.
pub fn huge() -> [(&'static str, Vec<u8>); 4] {
    let mut jpeg = jpeg(&picture(8, 8, 9));
    let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    for place in [5, 7] {
        jpeg[frame + place..frame + place + 2].copy_from_slice(&20_000_u16.to_be_bytes());
    }
    let mut png = png(picture(8, 8, 9));
    for place in [16, 20] {
        png[place..place + 4].copy_from_slice(&20_000_u32.to_be_bytes());
    }
    let mut crc = flate2::Crc::new();
    crc.update(&png[12..29]);
    let crc = crc.sum().to_be_bytes();
    png[29..33].copy_from_slice(&crc);
    let mut gif = encoded(picture(8, 8, 9), ImageFormat::Gif);
    gif[6..8].copy_from_slice(&20_000_u16.to_le_bytes());
    gif[8..10].copy_from_slice(&20_000_u16.to_le_bytes());
    [
        ("huge.jpg", jpeg),
        ("huge.png", png),
        ("huge.gif", gif),
        ("huge.ppm", b"P6\n20000 20000\n255\n".to_vec()),
    ]
}
