//! The page that says what went wrong and where to go from there.

use crate::view::layout;
use crate::view::layout::Frame;
use maud::Markup;
use maud::html;

/// `status` is the HTTP status, `message` one sentence that says what to do.
pub fn show(frame: &Frame, status: u16, title: &str, message: &str) -> Markup {
    let main = html! {
        div.sheet.failure {
            p.status { (status) }
            h1 { (title) }
            p { (message) }
            p.buttons {
                a.button href=(frame.links.home()) { "See the newest posts" }
                " "
                a.button.quiet href=(frame.links.archive()) { "Browse the archive" }
            }
        }
    };
    layout::page(frame, title, main)
}
