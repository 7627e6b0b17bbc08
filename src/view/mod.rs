//! Domain values to markup, never queries.

use crate::domain::html::Html;
use maud::Render;

pub mod account;
pub mod admin;
pub mod comment;
pub mod error;
pub mod form;
pub mod layout;
pub mod list;
pub mod pager;
pub mod post;
pub mod problem;
pub mod reference;
pub mod returned;
pub mod sign_in;
#[cfg(test)]
mod specimen;
#[cfg(test)]
mod tests;
pub mod title;
pub mod tokens;

/// The only place where markup is printed as it stands.
impl Render for Html {
    fn render_to(&self, buffer: &mut String) {
        buffer.push_str(self.as_str());
    }
}
