//! Images of each domain through every frontend.

use burn::tensor::Device;
use image::{ImageResult, RgbaImage, imageops};
use neurn_models::FrontendConfig;

use crate::data::Domain;
use crate::report::{Gallery, Picture};
use crate::train::Examples;

/// The classes that are shown; few enough for a phone.
const CLASSES: std::ops::Range<u16> = 0..6;
/// Pixels between images, which nothing is drawn on.
const GAP: u32 = 2;

/// The first test image of a few classes of each domain, through each of these
/// frontends with their names. Values are shown as they are; what lies outside
/// 0..=1 is cut off.
///
/// # Errors
///
/// If a picture cannot be encoded, as one without a frontend.
///
/// # Panics
///
/// If a frontend does not keep RGB images square.
pub fn gallery(
    domains: &[&Domain],
    frontends: &[(String, FrontendConfig)],
    side: usize,
    device: &Device,
) -> ImageResult<Gallery> {
    let rows: Vec<String> = frontends.iter().map(|(name, _)| name.clone()).collect();
    let pictures = domains.iter().map(|domain| {
        let image = draw(domain, frontends, side, device);
        Picture::new(&domain.name, rows.clone(), &image)
    });
    Ok(Gallery {
        title: "Through each frontend".to_string(),
        caption: "The first test image of a few classes of each domain as the network gets it, a \
                  row a frontend. Values are shown as they are; what lies outside 0 to 1 is cut \
                  off."
            .to_string(),
        pictures: pictures.collect::<ImageResult<_>>()?,
    })
}

fn draw(
    domain: &Domain,
    frontends: &[(String, FrontendConfig)],
    side: usize,
    device: &Device,
) -> RgbaImage {
    let cell = side as u32 + GAP;
    let mut picture = RgbaImage::new(CLASSES.len() as u32 * cell, frontends.len() as u32 * cell);
    for (class, left) in CLASSES.zip((0_i64..).map(|column| column * i64::from(cell))) {
        let labels = domain.test.labels();
        let Some(index) = labels.iter().position(|&label| label == class) else {
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
    fn a_row_a_frontend_and_a_column_a_class() {
        let device = Device::flex();
        let domain = synthetic::domain("synthetic-svhn", 2, 100, 0).unwrap();
        let strided = NeuRnConfig::new(3).with_stride(2);
        let frontends = [
            ("none".to_string(), FrontendConfig::none()),
            ("neurn".to_string(), FrontendConfig::neurn(strided)),
        ];
        let gallery = gallery(&[&domain], &frontends, 32, &device).unwrap();
        let [picture] = gallery.pictures.as_slice() else {
            panic!("{} pictures", gallery.pictures.len());
        };
        assert_eq!(picture.name, "synthetic-svhn");
        assert_eq!(picture.rows, ["none", "neurn"]);
        let image = image::load_from_memory(&picture.png).unwrap().into_rgba8();
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
