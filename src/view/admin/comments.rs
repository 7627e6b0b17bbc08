//! The latest comments on all posts, to see to.

use crate::domain::comment::RecentComment;
use crate::domain::paging::Page;
use crate::view::admin::frame;
use crate::view::admin::frame::Section;
use crate::view::layout::Frame;
use crate::view::pager;
use crate::view::title::title;
use maud::Markup;
use maud::html;

/// The latest comments, the newest first.
pub fn index(frame: &Frame, comments: &Page<RecentComment>) -> Markup {
    let path = frame.links.admin_comments();
    let main = html! {
        (frame::heading("Comments", None))
        @if comments.items.is_empty() {
            p.empty { "No comments yet." }
        } @else {
            ul.rows {
                @for recent in &comments.items { li { (row(frame, recent)) } }
            }
            (pager::pager(&pager::NEWEST_FIRST, comments.number, comments.pages(), |page| {
                frame.links.numbered(&path, page)
            }))
        }
    };
    frame::page(frame, Section::Comments, "Comments", main)
}

fn row(frame: &Frame, recent: &RecentComment) -> Markup {
    let comment = &recent.comment;
    let post = &recent.post;
    html! {
        div {
            p.hint {
                a href=(frame.links.author(&recent.author.username)) { bdi { (recent.author.display_name) } }
                " on "
                a href=(frame.links.comment(&post.slug, comment.id)) { bdi { (title(&post.title)) } }
                " "
                time datetime=(comment.created_at.rfc3339()) { (comment.created_at.human(frame.zone)) }
            }
            @if comment.deleted {
                p { "This comment was deleted." }
            } @else {
                div.prose dir="auto" { (comment.body) }
            }
        }
        @if frame.actor.can_delete_comment(comment) {
            a.button.quiet href=(frame.links.comment_action(&post.slug, comment.id, "delete")) {
                "Delete" span.hidden { " the comment by " bdi { (recent.author.display_name) } }
            }
        }
    }
}
