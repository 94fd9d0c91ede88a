//! Images of each domain through every frontend.

use burn::tensor::Device;
use image::{RgbaImage, imageops};
use neurn_models::FrontendConfig;

use crate::data::Domain;
use crate::report::Picture;
use crate::train::Examples;

/// The digits that are shown; few enough for a phone.
const DIGITS: std::ops::Range<u16> = 0..6;
/// Pixels between images, which nothing is drawn on.
const GAP: u32 = 2;

/// The first test image of a few digits of each domain, through each of these
/// frontends with their names. Values are shown as they are; what lies outside
/// 0..=1 is cut off. Without frontends there is no picture.
///
/// # Panics
///
/// If a frontend does not keep RGB images square.
pub fn gallery(
    domains: &[&Domain],
    frontends: &[(String, FrontendConfig)],
    side: usize,
    device: &Device,
) -> Vec<Picture> {
    if frontends.is_empty() {
        return Vec::new();
    }
    domains
        .iter()
        .map(|domain| Picture {
            domain: domain.name.clone(),
            rows: frontends.iter().map(|(name, _)| name.clone()).collect(),
            image: draw(domain, frontends, side, device),
        })
        .collect()
}

fn draw(
    domain: &Domain,
    frontends: &[(String, FrontendConfig)],
    side: usize,
    device: &Device,
) -> RgbaImage {
    let cell = side as u32 + GAP;
    let mut picture = RgbaImage::new(DIGITS.len() as u32 * cell, frontends.len() as u32 * cell);
    for (digit, left) in DIGITS.zip((0_i64..).map(|column| column * i64::from(cell))) {
        let labels = domain.test.labels();
        let Some(index) = labels.iter().position(|&label| label == digit) else {
            continue;
        };
        let original = Examples::new(&domain.test, index..index + 1, side);
        for ((_, frontend), row) in frontends.iter().zip(0_i64..) {
            let Ok(shown) = original.through(&frontend.init(), device).picture(0) else {
                continue;
            };
            // A stride makes it smaller.
            let shown = imageops::resize(
                &shown,
                side as u32,
                side as u32,
                imageops::FilterType::Nearest,
            );
            let shown = image::DynamicImage::ImageRgb8(shown).into_rgba8();
            imageops::replace(&mut picture, &shown, left, row * i64::from(cell));
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use neurn_core::NeuRnConfig;

    use super::*;
    use crate::data::synthetic;

    #[test]
    fn a_row_a_frontend_and_a_column_a_digit() {
        let device = Device::flex();
        let domain = synthetic::domain("synthetic-svhn", 2, 100, 0).unwrap();
        let strided = NeuRnConfig::new(3).with_stride(2);
        let frontends = [
            ("none".to_string(), FrontendConfig::none()),
            ("neurn".to_string(), FrontendConfig::neurn(strided)),
        ];
        let pictures = gallery(&[&domain], &frontends, 32, &device);
        let [
            Picture {
                domain: name,
                rows,
                image,
            },
        ] = pictures.as_slice()
        else {
            panic!("{} pictures", pictures.len());
        };
        assert_eq!((name.as_str(), rows.len()), ("synthetic-svhn", 2));
        assert_eq!((image.width(), image.height()), (6 * 34, 2 * 34));
        let index = domain
            .test
            .labels()
            .iter()
            .position(|&label| label == 4)
            .unwrap();
        let four = Examples::new(&domain.test, index..index + 1, 32)
            .picture(0)
            .unwrap();
        let pixel = |x, y| image.get_pixel(4 * 34 + x, y).0;
        for (x, y, rgb) in four.enumerate_pixels() {
            assert_eq!(pixel(x, y), [rgb[0], rgb[1], rgb[2], 255]);
            // Half as many pixels of NeuRN's, each shown twice and twice.
            let response = pixel(x, 34 + y);
            assert_eq!(response, pixel(x / 2 * 2, 34 + y / 2 * 2));
            assert_eq!(response[3], 255);
        }
        // Nothing is drawn between them.
        assert_eq!(pixel(32, 0)[3], 0);
    }
}
