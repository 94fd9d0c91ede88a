//! Pictures that no report can draw from records alone: a run leaves them beside its
//! records, and the page shows them if they are there.

use std::io::Cursor;
use std::path::Path;

use image::{ImageFormat, ImageReader, RgbaImage};
use serde::{Deserialize, Serialize};

use super::write::write_whole;
use crate::error::Error;
use crate::file;

/// The folder of galleries in that of a study.
const FOLDER: &str = "pictures";
/// No file of a gallery is larger.
const LARGEST: u64 = 8 << 20;

/// Pictures with one caption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gallery {
    /// What it is headed with.
    pub title: String,
    /// What it shows.
    pub caption: String,
    /// In order.
    pub pictures: Vec<Picture>,
}

/// A picture with rows that have names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// What it is of, as the name of a domain.
    pub name: String,
    /// The name of each row, from the top; rows have one height. Empty if they have
    /// none.
    pub rows: Vec<String>,
    /// A PNG file. In a folder it stands beside the gallery.
    #[serde(skip)]
    pub png: Vec<u8>,
}

impl Picture {
    /// A picture of these pixels.
    ///
    /// # Errors
    ///
    /// If it cannot be encoded, as one without pixels.
    pub fn new(name: &str, rows: Vec<String>, image: &RgbaImage) -> image::ImageResult<Self> {
        let mut png = Cursor::new(Vec::new());
        image.write_to(&mut png, ImageFormat::Png)?;
        Ok(Self {
            name: name.to_string(),
            rows,
            png: png.into_inner(),
        })
    }

    /// Width and height; `None` if it is no PNG file.
    pub(crate) fn size(&self) -> Option<(u32, u32)> {
        let reader = ImageReader::with_format(Cursor::new(&self.png), ImageFormat::Png);
        reader.into_dimensions().ok()
    }
}

impl Gallery {
    /// Writes it into a study's folder, as `pictures/ID.json` and the PNG files
    /// `pictures/ID-0.png`, `pictures/ID-1.png` and so on.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn save(&self, out: &Path, id: &str) -> Result<(), Error> {
        let folder = out.join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(file::at(&folder))?;
        for (place, picture) in self.pictures.iter().enumerate() {
            write_whole(&folder.join(format!("{id}-{place}.png")), &picture.png)?;
        }
        let json = serde_json::to_vec_pretty(self).expect("text is JSON");
        write_whole(&folder.join(format!("{id}.json")), &json)
    }

    /// Those that were saved in a study's folder, in the order of their ids. What
    /// cannot be read is left out, and said on the terminal: no report is lost for a
    /// picture.
    pub fn read_all(out: &Path) -> Vec<Self> {
        let Ok(entries) = std::fs::read_dir(out.join(FOLDER)) else {
            return Vec::new();
        };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        });
        paths.sort();
        let read = paths.iter().filter_map(|path| match Self::read(path) {
            Ok(gallery) => Some(gallery),
            Err(reason) => {
                eprintln!("{reason}; the report is without it");
                None
            }
        });
        read.collect()
    }

    fn read(path: &Path) -> Result<Self, String> {
        let failed = |reason: String| format!("{}: {reason}", path.display());
        let json = file::read(path, LARGEST).map_err(|error| failed(error.to_string()))?;
        let mut gallery: Self =
            serde_json::from_slice(&json).map_err(|error| failed(error.to_string()))?;
        let id = path.file_stem().unwrap_or_default().to_string_lossy();
        for (place, picture) in gallery.pictures.iter_mut().enumerate() {
            let beside = path.with_file_name(format!("{id}-{place}.png"));
            let failed = |reason: &str| format!("{}: {reason}", beside.display());
            let png = file::read(&beside, LARGEST);
            picture.png = png.map_err(|error| failed(&error.to_string()))?;
            if picture.size().is_none() {
                return Err(failed("expected a PNG file"));
            }
        }
        Ok(gallery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gallery() -> Gallery {
        let image = RgbaImage::from_pixel(6, 2, image::Rgba([1, 2, 3, 255]));
        Gallery {
            title: "Through each frontend".to_string(),
            caption: "Images.".to_string(),
            pictures: vec![Picture::new("mnist", vec!["none".to_string()], &image).unwrap()],
        }
    }

    #[test]
    fn what_is_saved_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Gallery::read_all(folder.path()), []);
        gallery().save(folder.path(), "frontends").unwrap();
        assert_eq!(Gallery::read_all(folder.path()), [gallery()]);
        assert_eq!(gallery().pictures[0].size(), Some((6, 2)));
    }

    #[test]
    fn what_is_no_picture_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        gallery().save(folder.path(), "good").unwrap();
        for id in ["cut", "missing", "text", "large"] {
            gallery().save(folder.path(), id).unwrap();
        }
        let of = |name: &str| folder.path().join(FOLDER).join(name);
        std::fs::write(of("cut-0.png"), &gallery().pictures[0].png[..10]).unwrap();
        std::fs::remove_file(of("missing-0.png")).unwrap();
        std::fs::write(of("text.json"), "{").unwrap();
        let large = std::fs::File::create(of("large-0.png")).unwrap();
        large.set_len(LARGEST + 1).unwrap();
        assert_eq!(Gallery::read_all(folder.path()), [gallery()]);
    }
}
