//! The papers' figure: images of each domain, and under each what NeuRN makes
//! of it.

use burn::tensor::Device;
use font8x8::{BASIC_FONTS, UnicodeFonts};
use image::{Rgb, RgbImage, imageops};
use neurn_core::NeuRnConfig;
use neurn_models::{Frontend, FrontendConfig};

use crate::data::{CLASSES, Domain};
use crate::train::Examples;

const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
const INK: Rgb<u8> = Rgb([40, 40, 40]);
/// Side of an image in the picture.
const TILE: u32 = 64;
const GAP: u32 = 4;
const LETTER: u32 = 8;
/// Width of the names at the left: the longest, `synthetic-mnist-m`, and air.
const NAMES: u32 = 19 * LETTER;

/// Domains to draw samples of.
#[derive(Debug)]
pub struct Samples<'a> {
    domains: &'a [&'a Domain],
    k: usize,
    side: usize,
    device: &'a Device,
}

impl<'a> Samples<'a> {
    /// Samples of these domains with NeuRN of this patch.
    pub fn new(domains: &'a [&'a Domain], k: usize, side: usize, device: &'a Device) -> Self {
        Self {
            domains,
            k,
            side,
            device,
        }
    }

    /// Two rows a domain: the first test image of each digit over its NeuRN
    /// map.
    pub fn draw(&self) -> RgbImage {
        let row = 2 * TILE + 3 * GAP;
        let width = NAMES + CLASSES as u32 * (TILE + GAP) + GAP;
        let height = self.domains.len() as u32 * (row + GAP) + GAP;
        let mut picture = RgbImage::from_pixel(width, height, PAPER);
        let neurn: Frontend = FrontendConfig::neurn(NeuRnConfig::new(self.k)).init();
        for (domain, top) in self
            .domains
            .iter()
            .zip((0..).map(|i| GAP + i * (row + GAP)))
        {
            write(&mut picture, &domain.name, GAP, top + TILE / 2 - LETTER / 2);
            let label = format!("NeuRN, k = {}", self.k);
            write(
                &mut picture,
                &label,
                GAP,
                top + TILE + GAP + TILE / 2 - LETTER / 2,
            );
            let mut left = NAMES;
            for digit in 0..CLASSES {
                let labels = domain.test.labels();
                let found = labels.iter().position(|&label| usize::from(label) == digit);
                if let Some(index) = found {
                    let original = Examples::new(&domain.test, index..index + 1, self.side);
                    let response = original.through(&neurn, self.device);
                    for (examples, top) in [(original, top), (response, top + TILE + GAP)] {
                        let Ok(image) = examples.picture(0) else {
                            continue;
                        };
                        let tile =
                            imageops::resize(&image, TILE, TILE, imageops::FilterType::Nearest);
                        imageops::replace(&mut picture, &tile, left.into(), top.into());
                    }
                }
                left += TILE + GAP;
            }
        }
        picture
    }
}

/// Writes a line of text; what does not fit is cut off.
fn write(picture: &mut RgbImage, text: &str, left: u32, top: u32) {
    for (character, left) in text.chars().zip((0..).map(|i| left + i * LETTER)) {
        let Some(rows) = BASIC_FONTS.get(character) else {
            continue;
        };
        for (bits, y) in rows.into_iter().zip(top..) {
            for column in (0..LETTER).filter(|column| bits >> column & 1 == 1) {
                if let Some(pixel) = picture.get_pixel_mut_checked(left + column, y) {
                    *pixel = INK;
                }
            }
        }
    }
}
