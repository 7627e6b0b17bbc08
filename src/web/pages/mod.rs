//! Pages for people.

pub mod account;
pub mod account_tokens;
pub mod admin_categories;
pub mod admin_comments;
pub mod admin_media;
pub mod admin_posts;
pub mod admin_settings;
pub mod admin_users;
pub mod comments;
pub mod lists;
pub mod media;
pub mod posts;
pub mod reset;
pub mod sign_in;
