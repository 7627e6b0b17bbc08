//! Pages for writing and looking after the site.

pub mod categories;
pub mod comments;
pub mod editor;
pub mod explorer;
pub mod frame;
pub mod media;
pub mod posts;
pub mod settings;
pub mod users;
