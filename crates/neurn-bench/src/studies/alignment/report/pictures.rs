//! RDMs, and maps of neurons beside those of units, as pictures.

use image::{Rgba, RgbaImage};

use super::Drawn;
use crate::report::figure::ink::tick;
use crate::report::{Gallery, Picture};
use crate::studies::alignment::artifact::Shades;

/// Pixels between pictures, which nothing is drawn on.
const GAP: usize = 4;

/// The RDM of the most reliable group beside those of the layers nearest to it.
pub(super) fn rdms(drawn: &Drawn) -> Option<Gallery> {
    let artifact = drawn.artifact;
    let mut names = vec![artifact.most_reliable.clone()];
    let mut side_by_side = vec![Some(&artifact.rdm)];
    for views in &artifact.frontends {
        let r = tick(f64::from(views.r), 2);
        names.push(format!("{}, {}: {r}", views.frontend, views.nearest));
        side_by_side.push(Some(&views.rdm));
    }
    let name = format!("{}. From the left: {}", drawn.label(), names.join("; "));
    gallery(
        "RDMs side by side",
        "Ranks of dissimilarities, dark where two scenes are alike: of the group whose RDM is \
         the most reliable, and of the layer nearest to it behind each frontend.",
        Picture::new(&name, Vec::new(), &image(&[side_by_side])),
    )
}

/// Maps of the most reliable neurons, and of their units behind each frontend.
pub(super) fn maps(drawn: &Drawn) -> Option<Gallery> {
    let artifact = drawn.artifact;
    if artifact.maps.is_empty() {
        return None;
    }
    let mut names = vec!["neurons".to_string()];
    let mut rows: Vec<Vec<Option<&Shades>>> = vec![artifact.maps.iter().map(Some).collect()];
    for views in &artifact.frontends {
        names.push(format!("{}, {}", views.frontend, views.first));
        rows.push(views.maps.iter().map(Option::as_ref).collect());
    }
    gallery(
        "Maps of neurons and of units",
        "The maps of the neurons that answer most reliably, and below them those of the units \
         that RMSE pairs them with in the first layer, each from its least value (black) to its \
         largest (white). The pairing is the study's.",
        Picture::new(&drawn.label(), names, &image(&rows)),
    )
}

fn gallery(title: &str, caption: &str, picture: image::ImageResult<Picture>) -> Option<Gallery> {
    Some(Gallery {
        title: title.to_string(),
        caption: caption.to_string(),
        // One without pixels is none.
        pictures: vec![picture.ok()?],
    })
}

/// Rows of pictures of one size, with nothing where there is none.
fn image(rows: &[Vec<Option<&Shades>>]) -> RgbaImage {
    let all = || rows.iter().flatten().copied().flatten();
    let width = all().map(|shades| shades.width).max().unwrap_or(0);
    let height = all().map(Shades::height).max().unwrap_or(0);
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let [wide, high] = [columns * (width + GAP), rows.len() * (height + GAP)];
    let mut image = RgbaImage::new(wide as u32, high as u32);
    for (row, pictures) in rows.iter().enumerate() {
        for (column, shades) in pictures.iter().enumerate() {
            let Some(shades) = shades else { continue };
            for (pixel, &shade) in shades.values.iter().enumerate() {
                let x = column * (width + GAP) + pixel % shades.width;
                let y = row * (height + GAP) + pixel / shades.width;
                image.put_pixel(x as u32, y as u32, Rgba([shade, shade, shade, 255]));
            }
        }
    }
    image
}
