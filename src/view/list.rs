//! Lists of posts: front page, category, tag, author, archive.

use crate::domain::category::Category;
use crate::domain::category::Tag;
use crate::domain::paging::Page;
use crate::domain::post::ArchiveYear;
use crate::domain::post::Kind;
use crate::domain::post::PostCard;
use crate::domain::post::PostHead;
use crate::domain::time::Timestamp;
use crate::domain::time::month_name;
use crate::domain::user::User;
use crate::view::layout;
use crate::view::layout::Frame;
use crate::view::layout::Head;
use crate::view::pager;
use crate::view::post;
use crate::view::title::title;
use maud::Markup;
use maud::html;

/// The front page: the newest posts.
pub fn home(frame: &Frame, posts: &Page<PostCard>) -> Markup {
    let main = html! {
        @if posts.items.is_empty() {
            div.empty {
                h2 { "Nothing here yet" }
                @if frame.actor.can_write(Kind::Post) {
                    p { "This is where your posts will stand." }
                    p { a.button href=(frame.links.admin_new(Kind::Post)) { "Write the first post" } }
                } @else {
                    p { "The first post is still to be written. Come back soon." }
                }
            }
        }
        (cards(frame, posts, &frame.links.home()))
    };
    layout::home(frame, frame.links.numbered(&frame.links.home(), posts.number), main)
}

/// The posts of a category, below its name and description.
pub fn category(frame: &Frame, category: &Category, posts: &Page<PostCard>) -> Markup {
    let intro = Intro { kind: "Category", title: &category.name, about: &category.description };
    list(frame, &intro, &frame.links.category(&category.slug), posts)
}

/// The posts that carry a tag.
pub fn tag(frame: &Frame, tag: &Tag, posts: &Page<PostCard>) -> Markup {
    list(frame, &Intro { kind: "Tag", title: &tag.name, about: "" }, &frame.links.tag(tag), posts)
}

/// The posts of an author, below the biography; of somebody who only comments, the biography alone.
pub fn author(frame: &Frame, author: &User, posts: &Page<PostCard>) -> Markup {
    let path = frame.links.author(&author.username);
    let intro = Intro { kind: "Author", title: &author.display_name, about: &author.bio };
    if posts.total > 0 {
        return list(frame, &intro, &path, posts);
    }
    let main = html! {
        (list_head(&Intro { kind: "Member", ..intro }, html! {
            bdi { (author.display_name) } " joins conversations here and has not published any posts."
        }))
    };
    let title = &author.display_name;
    layout::page_with(frame, &Head { title, canonical: Some(path), private: true, ..Head::default() }, main)
}

/// The posts of a year, the newest first.
pub fn year(frame: &Frame, year: i16, posts: &Page<PostCard>) -> Markup {
    let intro = Intro { kind: "Archive", title: &year.to_string(), about: "" };
    list(frame, &intro, &frame.links.archive_year(year), posts)
}

/// The posts of a month (1 to 12), the newest first.
pub fn month(frame: &Frame, year: i16, month: i8, posts: &Page<PostCard>) -> Markup {
    let title = format!("{} {year}", month_name(month));
    list(frame, &Intro { kind: "Archive", title: &title, about: "" }, &frame.links.archive_month(year, month), posts)
}

/// Every year and month that has posts, with their number.
pub fn archive(frame: &Frame, years: &[ArchiveYear]) -> Markup {
    let main = html! {
        header.list-head { h1 { "Archive" } }
        @if years.is_empty() {
            p.empty { "There are no posts yet." }
        }
        div.archive {
            @for year in years {
                section {
                    h2 { a href=(frame.links.archive_year(year.year)) { (year.year) } }
                    ul {
                        @for (month, count) in &year.months {
                            li {
                                a href=(frame.links.archive_month(year.year, *month)) { (month_name(*month)) }
                                " "
                                span.count { "(" (count) ")" }
                            }
                        }
                    }
                }
            }
        }
    };
    let description = format!("All posts of {} by year and month.", frame.settings.title);
    let canonical = Some(frame.links.archive());
    let head = Head { title: "Archive", description: &description, canonical, ..Head::default() };
    layout::page_with(frame, &head, main)
}

/// What stands above a list.
struct Intro<'a> {
    kind: &'a str,
    title: &'a str,
    /// Plain text; paragraphs are parted by empty lines.
    about: &'a str,
}

fn list(frame: &Frame, intro: &Intro, path: &str, posts: &Page<PostCard>) -> Markup {
    let main = html! {
        (list_head(intro, html! { (amount(posts.total, "post", "posts")) }))
        @if posts.items.is_empty() {
            p.empty {
                "There is nothing to read here yet. "
                a href=(frame.links.home()) { "See the newest posts" }
                " or "
                a href=(frame.links.archive()) { "browse the archive" }
                "."
            }
        }
        (cards(frame, posts, path))
    };
    let title = if posts.number > 1 { format!("{}, page {}", intro.title, posts.number) } else { intro.title.into() };
    let canonical = Some(frame.links.numbered(path, posts.number));
    let description = if intro.about.is_empty() { about(frame, intro) } else { intro.about.to_owned() };
    layout::page_with(frame, &Head { title: &title, description: &description, canonical, ..Head::default() }, main)
}

/// What a search engine says of a list about which nobody wrote anything.
fn about(frame: &Frame, intro: &Intro) -> String {
    let (title, site) = (intro.title, &frame.settings.title);
    match intro.kind {
        "Author" => format!("Posts by {title} on {site}."),
        "Archive" => format!("Posts of {title} on {site}."),
        kind => format!("Posts in the {} “{title}” on {site}.", kind.to_lowercase()),
    }
}

fn list_head(intro: &Intro, count: Markup) -> Markup {
    html! {
        header.list-head {
            p.kind { (intro.kind) }
            h1 dir="auto" { (intro.title) }
            @for paragraph in intro.about.split("\n\n").filter(|text| !text.trim().is_empty()) {
                p.about dir="auto" { (paragraph) }
            }
            p.count { (count) }
        }
    }
}

fn cards(frame: &Frame, posts: &Page<PostCard>, path: &str) -> Markup {
    html! {
        @if !posts.items.is_empty() {
            @let narrow = posts.items.iter().all(|card| card.head.cover.is_none());
            ul.cards.narrow[narrow] {
                @for (index, card) in posts.items.iter().enumerate() {
                    li { (post_card(frame, card, posts.number == 1 && index == 0, index)) }
                }
            }
            (pager::pager(&pager::NEWEST_FIRST, posts.number, posts.pages(), |page| frame.links.numbered(path, page)))
        }
    }
}

/// The newest post of all leads with its cover. The first cover of a page is fetched at once, the
/// others when they come near.
fn post_card(frame: &Frame, card: &PostCard, newest: bool, index: usize) -> Markup {
    let address = frame.links.content(&card.head);
    let bare = card.head.cover.is_none();
    html! {
        article.card.bare[bare].lead[newest && !bare] lang=[&card.head.language] {
            @if let Some(cover) = &card.head.cover {
                a.card-cover href=(address) tabindex="-1" aria-hidden="true" {
                    img src=(frame.links.picture(cover)) width=(cover.width) height=(cover.height) alt=""
                        loading=[(index > 0).then_some("lazy")] fetchpriority=[(index == 0).then_some("high")];
                }
            }
            div.card-text {
                @if let Some(category) = &card.category {
                    p.category { a href=(frame.links.category(&category.slug)) { bdi { (category.name) } } }
                }
                h2 dir="auto" { a href=(address) { (title(&card.head.title)) } }
                @if !card.head.teaser().is_empty() {
                    p.teaser dir="auto" { (card.head.teaser()) }
                }
                (card_foot(frame, card, &address))
            }
        }
    }
}

fn card_foot(frame: &Frame, card: &PostCard, address: &str) -> Markup {
    html! {
        p.byline {
            span { "By " (post::authors(frame.links, &card.authors)) }
            @if let Some(time) = card.head.published_at {
                " "
                (published(&card.head, time, frame))
            }
            @if card.comments > 0 || card.head.comments_open {
                " "
                a.talk href={ (address) "#comments" } { (amount(card.comments, "comment", "comments")) }
            }
        }
    }
}

fn published(post: &PostHead, time: Timestamp, frame: &Frame) -> Markup {
    let exact = if post.day_only { time.local_day(frame.zone) } else { time.rfc3339() };
    html! { time datetime=(exact) { (time.human_date(frame.zone)) } }
}

/// `1 post`, `2 posts`.
pub fn amount(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
