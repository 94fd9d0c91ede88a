//! Tables and figures -> Markdown, LaTeX and one page of HTML. Knows no study.

pub(crate) mod figure;
pub(crate) mod format;
pub(crate) mod page;
mod picture;
pub(crate) mod table;
pub(crate) mod value;
mod write;

pub use picture::Picture;
pub use write::write_whole;
