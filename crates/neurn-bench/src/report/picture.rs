//! A raster picture of a report.

use image::RgbaImage;

/// Images of one domain: a row a frontend, a column a digit.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The domain.
    pub domain: String,
    /// The frontend of each row, from the top. Rows have one height.
    pub rows: Vec<String>,
    /// Pixel for pixel as the network gets them.
    pub image: RgbaImage,
}
