//! Plain types and rules of a blog: no I/O, no clock, no framework.

pub mod actor;
pub mod category;
pub mod comment;
pub mod common_passwords;
pub mod feed_address;
pub mod html;
pub mod id;
pub mod link;
pub mod look_alike;
pub mod media;
pub mod old_address;
pub mod paging;
pub mod post;
pub mod reset;
pub mod security;
pub mod session;
pub mod settings;
pub mod slug;
pub mod text;
pub mod time;
pub mod token;
pub mod user;
