//! Comments below a post, and the pages on which one writes, changes and deletes them.

use crate::domain::comment::Comment;
use crate::domain::comment::Conversation;
use crate::domain::comment::INDENTED_DEPTH;
use crate::domain::comment::PlacedComment;
use crate::domain::html::Html;
use crate::domain::id::CommentId;
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
use maud::Render;
use maud::html;

/// What stands in the comment form: what was typed and what is wrong with it.
#[derive(Clone, Copy, Default)]
pub struct CommentBox<'a> {
    pub body: &'a str,
    /// The field is `body`.
    pub errors: &'a [FieldError],
}

/// A page of a conversation as far as it is the same for everybody: markup with slots for what each
/// reader may do.
pub struct Prepared {
    /// The section from its heading up to the form.
    markup: String,
    /// Whether new threads come at the end of this page of it.
    is_last: bool,
    slots: Vec<Slot>,
    /// Where the form posts to, as it stands in an attribute; the addresses of the comments begin with it.
    address: Markup,
}

/// The place of a comment's links.
struct Slot {
    /// Bytes of the markup before it.
    at: usize,
    /// Without its texts, which stand in the markup.
    comment: Comment,
    /// The author's.
    name: Markup,
}

impl Prepared {
    /// About how much memory it takes.
    pub fn bytes(&self) -> usize {
        let slots = self.slots.iter().map(|slot| size_of::<Slot>() + slot.name.0.capacity());
        self.markup.capacity() + slots.sum::<usize>() + self.address.0.capacity() + size_of::<Prepared>()
    }
}

/// Bytes of markup around a comment, about.
const AROUND: usize = 512;
/// Bytes of a link in a slot, about.
const LINK: usize = 160;

/// Makes what `show` puts together for each reader.
pub fn prepare(links: &Links, zone: &Zone, post: &PostHead, conversation: &Conversation) -> Prepared {
    let Conversation { comments, total, page, pages } = conversation;
    let texts = comments.iter().map(|placed| placed.comment.body.as_str().len() + AROUND).sum::<usize>();
    let address = html! { (links.comments(&post.slug)) };
    let mut prepared =
        Prepared { markup: String::with_capacity(texts + AROUND), is_last: page == pages, slots: Vec::new(), address };
    let markup = &mut prepared.markup;
    html! { h2 #comments-title { "Comments (" (total) ")" } }.render_to(markup);
    if comments.is_empty() {
        if post.comments_open {
            html! { p.empty { "No comments yet. Be the first to comment!" } }.render_to(markup);
        }
    } else {
        threads(links, zone, comments, &mut prepared);
        pager::pager(&pager::IN_ORDER, *page, *pages, |page| links.conversation(&post.slug, page, None))
            .render_to(&mut prepared.markup);
    }
    prepared.markup.shrink_to_fit();
    prepared
}

/// Whether the conversation can grow while it is read.
pub fn is_live(frame: &Frame, post: &PostHead) -> bool {
    post.kind == Kind::Post && post.comments_open && post.is_public(frame.now)
}

/// The section under a post: comments, their pages, and the form for one more.
pub fn show(frame: &Frame, post: &PostHead, prepared: &Prepared, buffer: &mut String) {
    buffer.reserve(prepared.markup.len() + prepared.slots.len() * LINK + 8 * AROUND);
    opening(frame, post, prepared.is_last, buffer);
    let mut written = 0;
    for slot in &prepared.slots {
        buffer.push_str(prepared.markup.get(written..slot.at).unwrap_or_default());
        written = slot.at;
        actions(frame, post, (prepared, slot), buffer);
    }
    buffer.push_str(prepared.markup.get(written..).unwrap_or_default());
    invitation(frame, post).render_to(buffer);
    buffer.push_str("</section>");
}

/// The beginning of the section, with what the script that lets it grow has to know.
fn opening(frame: &Frame, post: &PostHead, is_last: bool, buffer: &mut String) {
    buffer.push_str(r#"<section class="comments" id="comments" aria-labelledby="comments-title""#);
    if is_live(frame, post) {
        buffer.push_str(r#" data-events=""#);
        html! { (frame.links.events(&post.slug)) }.render_to(buffer);
        buffer.push('"');
    }
    buffer.push_str(if is_last { " data-last" } else { "" });
    buffer.push_str(if frame.actor.is_anonymous() { ">" } else { " data-member>" });
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
            p.about { "On " a href=(frame.links.post(&post.slug)) { bdi { (crate::view::title::title(&post.title)) } } }
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
            p.about { "On " a href=(frame.links.post(&post.slug)) { bdi { (crate::view::title::title(&post.title)) } } }
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
pub fn item(links: &Links, zone: &Zone, post: &PostHead, placed: &PlacedComment) -> String {
    let address = html! { (links.comments(&post.slug)) };
    let mut prepared = Prepared { markup: "<li>".into(), is_last: true, slots: Vec::new(), address };
    comment(links, zone, placed, &mut prepared);
    prepared.markup.push_str("</li>");
    prepared.markup
}

/// Each comment in an item, and the deeper ones that follow it in a list inside of that, down to
/// `INDENTED_DEPTH`.
fn threads(links: &Links, zone: &Zone, comments: &[PlacedComment], prepared: &mut Prepared) {
    const LIST: &str = r#"<ol class="thread">"#;
    // Lists that are open around the comment that was written last.
    let mut open = 0;
    for placed in comments {
        let level = 1 + placed.depth.min(INDENTED_DEPTH);
        if level > open {
            prepared.markup.push_str(LIST);
            open += 1;
        } else {
            for _ in level..open {
                prepared.markup.push_str("</li></ol>");
            }
            open = level;
            prepared.markup.push_str("</li>");
        }
        prepared.markup.push_str("<li>");
        comment(links, zone, placed, prepared);
    }
    for _ in 0..open {
        prepared.markup.push_str("</li></ol>");
    }
}

fn comment(links: &Links, zone: &Zone, placed: &PlacedComment, prepared: &mut Prepared) {
    let id = placed.comment.id.0;
    if placed.comment.deleted {
        let gone = html! { div.comment.deleted id={ "comment-" (id) } { p { "This comment was deleted." } } };
        return gone.render_to(&mut prepared.markup);
    }
    let name = html! { (placed.author.display_name) };
    let Prepared { markup, slots, address, .. } = prepared;
    // The text goes straight to its place: `html!` would copy it from one piece of markup to the next.
    for part in [r#"<div class="comment" id="comment-"#, itoa::Buffer::new().format(id), r#"">"#] {
        markup.push_str(part);
    }
    byline(links, zone, placed, (&name, address)).render_to(markup);
    for part in [r#"<div class="prose" dir="auto">"#, placed.comment.body.as_str(), "</div>"] {
        markup.push_str(part);
    }
    let at = markup.len();
    markup.push_str("</div>");
    slots.push(Slot { at, comment: without_texts(&placed.comment), name });
}

fn without_texts(comment: &Comment) -> Comment {
    let Comment { id, post, thread, parent, author, created_at, edited_at, deleted, .. } = *comment;
    let (source, body) = (String::new(), Html::default());
    Comment { id, post, thread, parent, author, created_at, edited_at, deleted, source, body }
}

/// Who wrote it, and when.
fn byline(links: &Links, zone: &Zone, placed: &PlacedComment, (name, comments): (&Markup, &Markup)) -> Markup {
    let comment = &placed.comment;
    html! {
        p.by {
            a.name href=(links.author(&placed.author.username)) { bdi { (name) } }
            @if let Some(other) = &placed.in_reply_to {
                span { " in reply to " bdi { (other.display_name) } }
            }
            " "
            a.when href=(At(comments, comment.id)) {
                time datetime=(comment.created_at.rfc3339()) { (comment.created_at.human(zone)) }
            }
            @if comment.edited_at.is_some() {
                " " span { "(edited)" }
            }
        }
    }
}

/// The address of a comment, made of that of all.
struct At<'a>(&'a Markup, CommentId);

impl Render for At<'_> {
    fn render_to(&self, buffer: &mut String) {
        buffer.push_str(&self.0.0);
        Links::push_comment(buffer, self.1);
    }
}

/// What this reader may do with this comment.
fn actions(frame: &Frame, post: &PostHead, (prepared, slot): (&Prepared, &Slot), buffer: &mut String) {
    let reply = post.comments_open && frame.actor.can_comment();
    let edit = frame.actor.can_edit_comment(&slot.comment, frame.now);
    let delete = frame.actor.can_delete_comment(&slot.comment);
    if !(reply || edit || delete) {
        return;
    }
    buffer.push_str(r#"<ul class="actions">"#);
    let mut link = |words| action_link(&prepared.address, slot, words, buffer);
    if reply {
        link(("reply", "Reply", " to the comment by "));
    }
    if edit {
        link(("edit", "Edit", " the comment by "));
    }
    if delete {
        link(("delete", "Delete", " the comment by "));
    }
    buffer.push_str("</ul>");
}

/// Each link says whose comment it is about, for those who hear the links alone. Written without
/// `html!`, since a page has hundreds: address and name are markup already, the words need no escapes.
fn action_link(comments: &Markup, slot: &Slot, words: (&str, &str, &str), buffer: &mut String) {
    let (action, label, whose) = words;
    buffer.push_str(r#"<li><a href=""#);
    At(comments, slot.comment.id).render_to(buffer);
    Links::push_action(buffer, action);
    for part in [r#"">"#, label, r#"<span class="hidden">"#, whose, "<bdi>", &slot.name.0, "</bdi></span></a></li>"] {
        buffer.push_str(part);
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
