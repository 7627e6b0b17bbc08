//! The list of posts or static pages to edit.

use crate::domain::paging::Page;
use crate::domain::post::Kind;
use crate::domain::post::PostCard;
use crate::domain::post::PostHead;
use crate::domain::post::State;
use crate::domain::time::Timestamp;
use crate::view::admin::frame;
use crate::view::admin::frame::Section;
use crate::view::layout::Frame;
use crate::view::list::amount;
use crate::view::pager;
use crate::view::title::title;
use maud::Markup;
use maud::html;

/// Posts or pages, all of them or those in one state.
pub fn index(frame: &Frame, kind: Kind, state: Option<State>, posts: &Page<PostCard>) -> Markup {
    let path = match kind {
        Kind::Post => frame.links.admin_posts(),
        Kind::Page => frame.links.admin_pages(),
    };
    let address = |page: usize| match state {
        Some(state) => frame.links.in_state(&path, state, page),
        None => frame.links.numbered(&path, page),
    };
    let (title, button) = match kind {
        Kind::Post => ("Posts", "New post"),
        Kind::Page => ("Pages", "New page"),
    };
    let main = html! {
        (frame::heading(title, Some((button, &frame.links.admin_new(kind)))))
        (filters(frame, &path, state))
        @if posts.items.is_empty() {
            p.empty { (nothing(kind, state)) }
        } @else {
            ul.rows {
                @for card in &posts.items { li { (row(frame, card)) } }
            }
            (pager::pager(&pager::NEWEST_FIRST, posts.number, posts.pages(), address))
        }
    };
    frame::page(frame, Section::of(kind), title, main)
}

/// What people call a state.
pub fn state_badge(state: State) -> Markup {
    html! {
        @match state {
            State::Draft => span.badge.draft { "Draft" },
            State::Scheduled => span.badge.scheduled { "Scheduled" },
            State::Published => span.badge.published { "Published" },
        }
    }
}

fn filters(frame: &Frame, path: &str, state: Option<State>) -> Markup {
    let link = |of: Option<State>, label: &str, address: String| {
        let here = (of == state).then_some("true");
        html! { li { a href=(address) aria-current=[here] { (label) } } }
    };
    let states = [(State::Draft, "Drafts"), (State::Scheduled, "Scheduled"), (State::Published, "Published")];
    html! {
        nav.filters aria-label="State" {
            ul {
                (link(None, "All", path.to_owned()))
                @for (of, label) in states {
                    (link(Some(of), label, frame.links.in_state(path, of, 1)))
                }
            }
        }
    }
}

fn row(frame: &Frame, card: &PostCard) -> Markup {
    let head = &card.head;
    let state = head.state(frame.now);
    html! {
        div {
            h2 dir="auto" { a href=(frame.links.admin_edit(head.id)) { (title(&head.title)) } }
            p.hint {
                (state_badge(state))
                " by "
                @for (index, author) in card.authors.iter().enumerate() {
                    @if index > 0 { ", " }
                    bdi { (author.display_name) }
                }
                @if let Some(category) = &card.category { " in " bdi { (category.name) } }
                " · "
                @let (word, time) = when(head, state);
                (word) " " time datetime=(time.rfc3339()) { (time.human(frame.zone)) }
                @if head.kind == Kind::Post { " · " (amount(card.comments, "comment", "comments")) }
            }
        }
        a.button.quiet href=(frame.links.content(head)) { "View" span.hidden { " " bdi { (title(&head.title)) } } }
    }
}

/// What happens or happened to a post, and when.
fn when(head: &PostHead, state: State) -> (&'static str, Timestamp) {
    match (state, head.published_at) {
        (State::Draft, _) | (_, None) => ("saved", head.updated_at),
        (State::Scheduled, Some(time)) => ("appears", time),
        (State::Published, Some(time)) => ("published", time),
    }
}

fn nothing(kind: Kind, state: Option<State>) -> &'static str {
    match (kind, state) {
        (Kind::Post, None) => "No posts yet. The button above starts the first one.",
        (Kind::Page, None) => {
            "No pages yet. A page stands by itself, outside the list of posts: About, Contact, Imprint."
        }
        (_, Some(State::Draft)) => "No drafts.",
        (_, Some(State::Scheduled)) => "Nothing is scheduled. To schedule something, publish it with a time to come.",
        (_, Some(State::Published)) => "Nothing is published yet.",
    }
}
