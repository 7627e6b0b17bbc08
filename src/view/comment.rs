//! Comments below a post, and the pages on which one writes, changes and deletes them.

use crate::domain::comment::Comment;
use crate::domain::comment::Conversation;
use crate::domain::comment::INDENTED_DEPTH;
use crate::domain::comment::PlacedComment;
use crate::domain::html::Html;
use crate::domain::link::Links;
use crate::domain::post::Kind;
use crate::domain::post::PostHead;
use crate::domain::time::Zone;
use crate::error::FieldError;
use crate::view::form;
use crate::view::form::Field;
use crate::view::layout;
use crate::view::layout::Frame;
use crate::view::pager;
use maud::Markup;
use maud::html;

/// What stands in the comment form: what was typed and what is wrong with it.
#[derive(Clone, Copy, Default)]
pub struct CommentBox<'a> {
    pub body: &'a str,
    /// The field is `body`.
    pub errors: &'a [FieldError],
}

/// A page of a conversation as far as it is the same for everybody.
pub struct Prepared {
    comments: Vec<PreparedComment>,
    total: usize,
    page: usize,
    pages: usize,
}

/// A comment, with all that may be shown of it.
struct PreparedComment {
    /// Without its texts, which stand in `said`.
    comment: Comment,
    depth: usize,
    /// Who says what, and when.
    said: Markup,
    /// The links for those who may follow them.
    reply: Markup,
    edit: Markup,
    delete: Markup,
}

impl Prepared {
    /// About how much memory it takes.
    pub fn bytes(&self) -> usize {
        let markups = |one: &PreparedComment| {
            [&one.said, &one.reply, &one.edit, &one.delete].iter().map(|markup| markup.0.capacity()).sum::<usize>()
        };
        let each = self.comments.iter().map(|one| markups(one) + size_of::<PreparedComment>());
        each.sum::<usize>() + size_of::<Prepared>()
    }
}

/// Makes what `conversation` puts together for each reader.
pub fn prepare(links: &Links, zone: &Zone, post: &PostHead, conversation: &Conversation) -> Prepared {
    let Conversation { comments, total, page, pages } = conversation;
    let comments = comments.iter().map(|placed| prepared(links, zone, post, placed)).collect();
    Prepared { comments, total: *total, page: *page, pages: *pages }
}

fn prepared(links: &Links, zone: &Zone, post: &PostHead, placed: &PlacedComment) -> PreparedComment {
    let comment = Comment { source: String::new(), body: Html::default(), ..placed.comment.clone() };
    let link = |action, label, whose| action_link(links, post, placed, (action, label, whose));
    PreparedComment {
        comment,
        depth: placed.depth,
        said: said(links, zone, post, placed),
        reply: link("reply", "Reply", " to the comment by "),
        edit: link("edit", "Edit", " the comment by "),
        delete: link("delete", "Delete", " the comment by "),
    }
}

/// Whether the conversation can grow while it is read.
pub fn is_live(frame: &Frame, post: &PostHead) -> bool {
    post.kind == Kind::Post && post.comments_open && post.is_public(frame.now)
}

/// The section under a post: comments, their pages, and the form for one more.
pub fn conversation(frame: &Frame, post: &PostHead, conversation: &Prepared) -> Markup {
    html! {
        section.comments #comments aria-labelledby="comments-title"
            data-events=[is_live(frame, post).then(|| frame.links.events(&post.slug))]
            data-last[conversation.page == conversation.pages] data-member[!frame.actor.is_anonymous()] {
            h2 #comments-title { "Comments (" (conversation.total) ")" }
            @if conversation.comments.is_empty() {
                @if post.comments_open {
                    p.empty { "No comments yet. Be the first to comment!" }
                }
            } @else {
                (thread(frame, post, &conversation.comments, 0))
                (pager::pager(&pager::IN_ORDER, conversation.page, conversation.pages, |page| {
                    frame.links.conversation(&post.slug, page, None)
                }))
            }
            (invitation(frame, post))
        }
    }
}

/// A page of its own to write a comment on: to answer one, or to correct one that was refused.
pub fn write(frame: &Frame, post: &PostHead, reply_to: Option<&PlacedComment>, typed: &CommentBox) -> Markup {
    let back = match reply_to {
        Some(placed) => frame.links.comment(&post.slug, placed.comment.id),
        None => frame.links.conversation(&post.slug, 1, None),
    };
    let title = if reply_to.is_some() { "Write a reply" } else { "Write a comment" };
    let main = html! {
        div.sheet {
            h1 { (title) }
            p.about { "On " a href=(frame.links.post(&post.slug)) { bdi { (post.title) } } }
            @if let Some(placed) = reply_to {
                blockquote.quoted {
                    p { bdi { (placed.author.display_name) } " wrote:" }
                    div.prose dir="auto" { (placed.comment.body) }
                }
            }
            (comment_form(&frame.links.comments(&post.slug), reply_to.map(|placed| &placed.comment), typed, Some(&back)))
        }
    };
    layout::page(frame, title, main)
}

/// The page on which the author changes a comment.
pub fn edit(frame: &Frame, post: &PostHead, comment: &Comment, typed: &CommentBox) -> Markup {
    let back = frame.links.comment(&post.slug, comment.id);
    let main = html! {
        div.sheet {
            h1 { "Edit your comment" }
            p.about { "On " a href=(frame.links.post(&post.slug)) { bdi { (post.title) } } }
            form method="post" action=(frame.links.comment_action(&post.slug, comment.id, "edit")) {
                (form::summary(typed.errors))
                (text_area(typed).required())
                p.buttons {
                    (form::submit("Save"))
                    " "
                    a.button.quiet href=(back) { "Cancel" }
                }
            }
        }
    };
    layout::page(frame, "Edit your comment", main)
}

/// The page that asks before a comment is deleted.
pub fn confirm_delete(frame: &Frame, post: &PostHead, placed: &PlacedComment) -> Markup {
    let id = placed.comment.id;
    let main = html! {
        div.sheet {
            h1 { "Delete this comment?" }
            blockquote.quoted {
                p { bdi { (placed.author.display_name) } " wrote:" }
                div.prose dir="auto" { (placed.comment.body) }
            }
            p { "Its text will be gone for good. Replies to it stay." }
            (form::confirm(
                &frame.links.comment_action(&post.slug, id, "delete"),
                "Delete comment",
                &frame.links.comment(&post.slug, id),
            ))
        }
    };
    layout::page(frame, "Delete this comment?", main)
}

/// A comment as it stands in the list for a visitor, to be put into a page that is being read.
pub fn item(links: &Links, zone: &Zone, post: &PostHead, placed: &PlacedComment) -> Markup {
    html! { li { (comment(&prepared(links, zone, post, placed), html! {})) } }
}

/// One level of the conversation: every comment with the deeper ones that follow it inside.
fn thread(frame: &Frame, post: &PostHead, comments: &[PreparedComment], level: usize) -> Markup {
    html! {
        ol.thread {
            @for branch in branches(comments, level) {
                @if let Some((one, replies)) = branch.split_first() {
                    li {
                        (comment(one, actions(frame, post, one)))
                        @if !replies.is_empty() {
                            (thread(frame, post, replies, level + 1))
                        }
                    }
                }
            }
        }
    }
}

/// Cuts a list in reading order before each comment that stands at `level`. Levels end at
/// `INDENTED_DEPTH`, so the recursion above does.
fn branches(comments: &[PreparedComment], level: usize) -> Vec<&[PreparedComment]> {
    comments.chunk_by(|_, next| next.depth.min(INDENTED_DEPTH) > level).collect()
}

fn comment(one: &PreparedComment, actions: Markup) -> Markup {
    let id = one.comment.id;
    if one.comment.deleted {
        return html! { div.comment.deleted id={ "comment-" (id) } { p { "This comment was deleted." } } };
    }
    html! {
        div.comment id={ "comment-" (id) } {
            (one.said)
            (actions)
        }
    }
}

fn said(links: &Links, zone: &Zone, post: &PostHead, placed: &PlacedComment) -> Markup {
    let comment = &placed.comment;
    html! {
        p.by {
            a.name href=(links.author(&placed.author.username)) { bdi { (placed.author.display_name) } }
            @if let Some(other) = &placed.in_reply_to {
                span { " in reply to " bdi { (other.display_name) } }
            }
            " "
            a.when href=(links.comment(&post.slug, comment.id)) {
                time datetime=(comment.created_at.rfc3339()) { (comment.created_at.human(zone)) }
            }
            @if comment.edited_at.is_some() {
                " " span { "(edited)" }
            }
        }
        div.prose dir="auto" { (comment.body) }
    }
}

/// What this reader may do with this comment.
fn actions(frame: &Frame, post: &PostHead, one: &PreparedComment) -> Markup {
    let reply = post.comments_open && frame.actor.can_comment();
    let edit = frame.actor.can_edit_comment(&one.comment, frame.now);
    let delete = frame.actor.can_delete_comment(&one.comment);
    html! {
        @if reply || edit || delete {
            ul.actions {
                @if reply { (one.reply) }
                @if edit { (one.edit) }
                @if delete { (one.delete) }
            }
        }
    }
}

/// Each link says whose comment it is about, for those who hear the links alone.
fn action_link(links: &Links, post: &PostHead, placed: &PlacedComment, words: (&str, &str, &str)) -> Markup {
    let (action, label, whose) = words;
    html! {
        li {
            a href=(links.comment_action(&post.slug, placed.comment.id, action)) {
                (label) span.hidden { (whose) bdi { (placed.author.display_name) } }
            }
        }
    }
}

/// The form for a new comment, or why there is none.
fn invitation(frame: &Frame, post: &PostHead) -> Markup {
    html! {
        @if !post.comments_open {
            p.closed { "Comments are closed." }
        } @else if frame.actor.can_comment() {
            (comment_form(&frame.links.comments(&post.slug), None, &CommentBox::default(), None))
        } @else {
            @let here = format!("{}#comments", frame.path);
            p.closed { "Please " a href=(frame.links.login(&here)) { "Login" } " to add a comment." }
        }
    }
}

/// With `back`, the form is alone on its page and can be left.
fn comment_form(post_to: &str, reply_to: Option<&Comment>, typed: &CommentBox, back: Option<&str>) -> Markup {
    html! {
        form.comment-form method="post" action=(post_to) {
            (form::summary(typed.errors))
            @if let Some(comment) = reply_to {
                (form::hidden("parent", &comment.id.to_string()))
            }
            (text_area(typed).required())
            p.buttons {
                (form::submit(if reply_to.is_some() { "Post reply" } else { "Post comment" }))
                @if let Some(back) = back {
                    " "
                    a.button.quiet href=(back) { "Cancel" }
                }
            }
        }
    }
}

fn text_area<'a>(typed: &CommentBox<'a>) -> Field<'a> {
    Field::area("body", "Your comment", 6)
        .hint(html! {
            "You can write " strong { "**bold**" } ", " em { "*italic*" } ", " code { "`code`" }
            ", > quotes and lists in Markdown."
        })
        .value(typed.body)
        .errors(typed.errors)
        .wide()
}
