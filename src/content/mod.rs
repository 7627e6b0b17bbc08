//! Text in, text or pixels out: Markdown, sanitiser, highlighting, images, feeds; no I/O.

pub mod excerpt;
pub mod image;
pub mod markdown;
