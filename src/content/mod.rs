//! Text in, text or pixels out: Markdown, sanitiser, highlighting, images, feeds; no I/O.

pub mod address;
pub mod autolink;
pub mod excerpt;
pub mod feed;
pub mod front_matter;
pub mod header;
pub mod highlight;
pub mod image;
pub mod markdown;
pub mod markup;
pub mod notes;
pub mod outline;
pub mod raw_html;
pub mod relink;
pub mod sanitize;
pub mod strip;
pub mod writer;
