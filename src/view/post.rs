//! A post or a static page with its conversation.

use crate::domain::comment::Conversation;
use crate::domain::link::Links;
use crate::domain::media::Picture;
use crate::domain::post::Kind;
use crate::domain::post::PostView;
use crate::domain::post::State;
use crate::domain::user::Credit;
use crate::view::comment;
use crate::view::layout;
use crate::view::layout::Frame;
use crate::view::layout::Head;
use maud::Markup;
use maud::html;

/// The page of a post, with one page of its conversation.
pub fn show(frame: &Frame, post: &PostView, conversation: &Conversation) -> Markup {
    let main = html! {
        article.post {
            (post_header(frame, post))
            (body(frame, post))
            (post_footer(frame, post))
        }
        (comment::conversation(frame, &post.head, conversation))
    };
    layout::page_with(frame, &head(frame, post), main)
}

/// A static page (About, Contact): neither byline nor comments.
pub fn page(frame: &Frame, page: &PostView) -> Markup {
    let main = html! {
        article.post {
            header.post-head {
                (state(frame, page))
                h1 dir="auto" { (page.head.title) }
            }
            (body(frame, page))
            (post_footer(frame, page))
        }
    };
    layout::page_with(frame, &head(frame, page), main)
}

/// The authors of a post, each a link to what else they wrote: `A, B and C`.
pub fn authors(links: &Links, authors: &[Credit]) -> Markup {
    html! {
        @for (index, author) in authors.iter().enumerate() {
            @if index > 0 {
                (if index + 1 == authors.len() { " and " } else { ", " })
            }
            a href=(links.author(&author.username)) rel="author" { bdi { (author.display_name) } }
        }
    }
}

fn head<'a>(frame: &Frame, post: &'a PostView) -> Head<'a> {
    Head {
        title: &post.head.title,
        description: post.head.teaser(),
        canonical: Some(frame.links.content(&post.head)),
        image: post.head.cover.as_ref(),
        is_article: post.head.kind == Kind::Post,
        private: !post.head.is_public(frame.now),
    }
}

fn post_header(frame: &Frame, post: &PostView) -> Markup {
    html! {
        header.post-head {
            (state(frame, post))
            @if let Some(category) = &post.category {
                p.category {
                    "Category: "
                    a href=(frame.links.category(&category.slug)) { bdi { (category.name) } }
                }
            }
            h1 dir="auto" { (post.head.title) }
            p.byline {
                span { "By " (authors(frame.links, &post.authors)) }
                @if let Some(time) = post.head.published_at {
                    " "
                    time datetime=(time.rfc3339()) { (time.human(frame.zone)) }
                }
            }
        }
    }
}

/// What those who may see a post before everybody else should know about it.
fn state(frame: &Frame, post: &PostView) -> Markup {
    let kind = post.head.kind.as_str();
    html! {
        @match post.head.state(frame.now) {
            State::Published => {}
            State::Draft => p.banner {
                strong { "Draft." } " Only those who may edit this " (kind) " see it."
            },
            State::Scheduled => p.banner {
                strong { "Scheduled" }
                @if let Some(time) = post.head.published_at {
                    " for " time datetime=(time.rfc3339()) { (time.human(frame.zone)) }
                }
                ". Until then only those who may edit this " (kind) " see it."
            },
        }
    }
}

fn body(frame: &Frame, post: &PostView) -> Markup {
    html! {
        @if let Some(picture) = &post.head.cover {
            (cover(frame.links, picture))
        }
        div.prose dir="auto" { (post.body) }
    }
}

/// The cover stands in the first view, so it is fetched first; its size is known, so that
/// nothing moves when it arrives.
fn cover(links: &Links, picture: &Picture) -> Markup {
    html! {
        img.cover src=(links.picture(picture)) width=(picture.width) height=(picture.height)
            alt=(picture.alt) fetchpriority="high";
    }
}

fn post_footer(frame: &Frame, post: &PostView) -> Markup {
    let may_edit = frame.actor.can_edit_post(&post.head);
    html! {
        @if may_edit || !post.head.tags.is_empty() {
            footer.post-foot {
                @if !post.head.tags.is_empty() {
                    div {
                        span.hidden { "Tags: " }
                        ul.tags {
                            @for tag in &post.head.tags {
                                li { a href=(frame.links.tag(tag)) rel="tag" dir="auto" { (tag.name) } }
                            }
                        }
                    }
                }
                @if may_edit {
                    p { a.button.quiet href=(frame.links.admin_edit(post.head.id)) { "Edit this " (post.head.kind.as_str()) } }
                }
            }
        }
    }
}
