//! A post or a static page with its conversation.

use crate::domain::comment::Conversation;
use crate::domain::link::Links;
use crate::domain::media::Picture;
use crate::domain::post::Kind;
use crate::domain::post::PostHead;
use crate::domain::post::PostView;
use crate::domain::post::State;
use crate::domain::time::Timestamp;
use crate::domain::time::Zone;
use crate::domain::user::Credit;
use crate::view::comment;
use crate::view::layout;
use crate::view::layout::Frame;
use crate::view::layout::Head;
use crate::view::title::title;
use maud::Markup;
use maud::Render;
use maud::html;
use std::sync::Arc;

/// The page of a post as far as it is the same for everybody. Nothing in it was decided by who asks,
/// so it may be kept; whether somebody may see it has to be asked of `head` each time.
pub struct Prepared {
    pub head: PostHead,
    heading: Markup,
    body: Markup,
    conversation: comment::Prepared,
}

impl Prepared {
    /// About how much memory it takes.
    pub fn bytes(&self) -> usize {
        let own = size_of::<Prepared>() + self.heading.0.capacity() + self.body.0.capacity();
        // The teaser and the description are the long ones among the texts of a head.
        own + 2 * self.head.teaser().len() + self.conversation.bytes()
    }
}

/// Makes what `show` puts together for each reader.
pub fn prepare(links: &Links, zone: &Zone, post: &PostView, conversation: &Conversation) -> Prepared {
    Prepared {
        head: post.head.clone(),
        heading: heading(links, zone, post),
        body: body(links, post),
        conversation: comment::prepare(links, zone, &post.head, conversation),
    }
}

/// The page of a post, with one page of its conversation.
pub fn show(frame: &Frame, post: &Prepared) -> Markup {
    let module = comment::is_live(frame, &post.head).then_some("live.js");
    layout::page_with(frame, &Head { module, ..head(frame, &post.head) }, Main { frame, post })
}

/// Written straight into the page, since most of a long page is here.
struct Main<'a> {
    frame: &'a Frame<'a>,
    post: &'a Prepared,
}

impl Render for Main<'_> {
    fn render_to(&self, buffer: &mut String) {
        let (frame, post) = (self.frame, self.post);
        let article = html! {
            article.post lang=[&post.head.language] {
                header.post-head {
                    (state(frame, &post.head))
                    (post.heading)
                }
                (post.body)
                (post_footer(frame, &post.head))
            }
        };
        article.render_to(buffer);
        comment::show(frame, &post.head, &post.conversation, buffer);
    }
}

/// A static page (About, Contact): neither byline nor comments.
pub fn page(frame: &Frame, page: &PostView) -> Markup {
    let main = html! {
        article.post lang=[&page.head.language] {
            header.post-head {
                (state(frame, &page.head))
                h1 dir="auto" { (title(&page.head.title)) }
            }
            (body(frame.links, page))
            (post_footer(frame, &page.head))
        }
    };
    layout::page_with(frame, &head(frame, &page.head), main)
}

/// A post or page as its page would show it, in a tab of its own beside the editor.
pub fn preview(frame: &Frame, post: &PostView) -> Markup {
    let main = html! {
        article.post {
            header.post-head {
                p.banner { strong { "Preview." } " Nothing is saved yet. The editor is still open in the other tab." }
                @match post.head.kind {
                    Kind::Post => (heading(frame.links, frame.zone, post)),
                    Kind::Page => h1 dir="auto" { (title(&post.head.title)) },
                }
            }
            (body(frame.links, post))
            @if !post.head.tags.is_empty() {
                footer.post-foot { (tags(frame, &post.head)) }
            }
        }
    };
    layout::page_with(frame, &Head { title: &post.head.title, private: true, ..Head::default() }, main)
}

/// The authors of a post, each a link to what else they wrote: `A, B and C`.
pub fn authors(links: &Links, authors: &[Arc<Credit>]) -> Markup {
    html! {
        @for (index, author) in authors.iter().enumerate() {
            @if index > 0 {
                (if index + 1 == authors.len() { " and " } else { ", " })
            }
            a href=(links.author(&author.username)) rel="author" { bdi { (author.display_name) } }
        }
    }
}

fn head<'a>(frame: &Frame, post: &'a PostHead) -> Head<'a> {
    Head {
        title: &post.title,
        description: post.teaser(),
        canonical: Some(frame.links.content(post)),
        image: post.cover.as_ref(),
        is_article: post.kind == Kind::Post,
        sheet: None,
        module: None,
        private: !post.is_public(frame.now),
    }
}

fn heading(links: &Links, zone: &Zone, post: &PostView) -> Markup {
    html! {
        @if let Some(category) = &post.category {
            p.category {
                "Category: "
                a href=(links.category(&category.slug)) { bdi { (category.name) } }
            }
        }
        h1 dir="auto" { (title(&post.head.title)) }
        p.byline {
            span { "By " (authors(links, &post.authors)) }
            @if let Some(time) = post.head.published_at {
                " "
                (published(&post.head, time, zone))
            }
        }
    }
}

/// When a post was published. One of which only the day is known shows no time.
fn published(post: &PostHead, time: Timestamp, zone: &Zone) -> Markup {
    html! {
        @if post.day_only {
            time datetime=(time.local_day(zone)) { (time.human_date(zone)) }
        } @else {
            time datetime=(time.rfc3339()) { (time.human(zone)) }
        }
    }
}

/// What those who may see a post before everybody else should know about it.
fn state(frame: &Frame, post: &PostHead) -> Markup {
    let kind = post.kind.as_str();
    html! {
        @match post.state(frame.now) {
            State::Published => {}
            State::Draft => p.banner {
                strong { "Draft." } " Only those who may edit this " (kind) " see it."
            },
            State::Scheduled => p.banner {
                strong { "Scheduled" }
                @if let Some(time) = post.published_at {
                    " for " time datetime=(time.rfc3339()) { (time.human(frame.zone)) }
                }
                ". Until then only those who may edit this " (kind) " see it."
            },
        }
    }
}

fn body(links: &Links, post: &PostView) -> Markup {
    html! {
        @if let Some(picture) = &post.head.cover {
            (cover(links, picture))
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

fn post_footer(frame: &Frame, post: &PostHead) -> Markup {
    let may_edit = frame.actor.can_edit_post(post);
    html! {
        @if may_edit || !post.tags.is_empty() {
            footer.post-foot {
                @if !post.tags.is_empty() { (tags(frame, post)) }
                @if may_edit {
                    p { a.button.quiet href=(frame.links.admin_edit(post.id)) { "Edit this " (post.kind.as_str()) } }
                }
            }
        }
    }
}

fn tags(frame: &Frame, post: &PostHead) -> Markup {
    html! {
        div {
            span.hidden { "Tags: " }
            ul.tags {
                @for tag in &post.tags {
                    li {
                        // A tag has a page as soon as a public post carries it.
                        @if post.is_public(frame.now) {
                            a href=(frame.links.tag(tag)) rel="tag" dir="auto" { (tag.name) }
                        } @else {
                            span dir="auto" { (tag.name) }
                        }
                    }
                }
            }
        }
    }
}
