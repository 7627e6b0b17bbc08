//! Titles of posts, in which backticks mark code.

use crate::domain::text;
use maud::{Markup, html};

/// A title as HTML.
pub fn title(title: &str) -> Markup {
    html! {
        @for piece in text::pieces(title) {
            @if piece.is_code { code { (piece.text) } } @else { (piece.text) }
        }
    }
}
