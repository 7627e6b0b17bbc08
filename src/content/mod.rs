//! Text in, text or pixels out: Markdown, sanitiser, highlighting, images, feeds; no I/O.

pub mod address;
pub mod attribute;
pub mod autolink;
pub mod budget;
pub mod cjk;
pub mod emoji;
pub mod excerpt;
pub mod feed;
pub mod formula;
pub mod front_matter;
pub mod header;
pub mod highlight;
#[cfg(test)]
mod hostile;
pub mod image;
pub mod inner;
pub mod interchange;
pub mod languages;
pub mod markdown;
pub mod markup;
pub mod nesting;
pub mod notes;
pub mod outline;
pub mod prepared;
pub mod raw_html;
pub mod relink;
pub mod sanitize;
pub mod shallow;
pub mod strip;
pub mod svg;
pub mod tag;
pub mod writer;
