//! The page of a kind of problem, for whoever follows the `type` of a problem document.

use crate::view::layout;
use crate::view::layout::Frame;
use crate::view::reference::marked;
use maud::Markup;
use maud::html;

/// A kind of problem, by its stable word.
pub struct Problem {
    pub code: &'static str,
    pub status: u16,
    pub title: &'static str,
    /// What it means and what to do, words between backticks being code.
    pub about: &'static str,
}

/// The page.
pub fn show(frame: &Frame, problem: &Problem) -> Markup {
    let main = html! {
        article.post {
            header.post-head {
                h1 { (problem.title) }
            }
            div.prose {
                p { code { (problem.code) } ", status " (problem.status) }
                p { (marked(problem.about)) }
                p {
                    "The API of this blog says so in problem documents (RFC 9457), whose " code { "type" } " leads here, and GraphQL in "
                    code { "extensions.code" } ". "
                    a href={ (frame.links.api_docs()) "#problems" } { "All kinds of problems" }
                }
            }
        }
    };
    let head =
        layout::Head { title: problem.title, canonical: Some(frame.links.problem(problem.code)), ..Default::default() };
    layout::page_with(frame, &head, main)
}
