//! The frame of every page: head, header, notice and footer.

use crate::assets;
use crate::domain::actor::Actor;
use crate::domain::link::Links;
use crate::domain::media::Picture;
use crate::domain::post::Kind;
use crate::domain::settings::Settings;
use crate::domain::text::plain_title;
use crate::domain::time::Timestamp;
use crate::domain::time::Zone;
use maud::DOCTYPE;
use maud::Markup;
use maud::Render;
use maud::html;

/// What every page knows; built once for each request.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    pub links: &'a Links,
    pub settings: &'a Settings,
    /// The zone of `settings`, looked up once.
    pub zone: &'a Zone,
    pub actor: &'a Actor,
    /// The address being shown, base path and query included: where a login leads back to.
    pub path: &'a str,
    /// One sentence about what was just done.
    pub notice: Option<&'a str>,
    pub now: Timestamp,
}

/// What a page says about itself to browsers, search engines and feed readers.
#[derive(Default)]
pub struct Head<'a> {
    pub title: &'a str,
    /// One or two sentences; empty: none.
    pub description: &'a str,
    /// The one address of this page, base path included.
    pub canonical: Option<String>,
    pub image: Option<&'a Picture>,
    /// Whether it is a text with a date rather than a list.
    pub is_article: bool,
    /// A style sheet beside those of every page, by its name in the bundle.
    pub sheet: Option<&'a str>,
    /// The page's own script by its name in the bundle. Everything works without it.
    pub module: Option<&'a str>,
    /// Asks search engines to leave the page alone.
    pub private: bool,
}

/// How the header and the body are dressed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dress {
    /// The title of the site is the title of the page.
    Home,
    Plain,
    Admin,
}

/// Languages written from right to left, by their primary subtag.
const RIGHT_TO_LEFT: &[&str] =
    &["ar", "arc", "ckb", "dv", "fa", "he", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"];

/// A page with nothing special in its head, such as a form; search engines leave it alone.
pub fn page(frame: &Frame, title: &str, main: Markup) -> Markup {
    page_with(frame, &Head { title, private: true, ..Head::default() }, main)
}

/// A page for readers and search engines.
pub fn page_with(frame: &Frame, head: &Head, main: impl Render) -> Markup {
    document(frame, head, Dress::Plain, (None, main))
}

/// The front page, whose heading is the title of the site in the header.
pub fn home(frame: &Frame, canonical: String, main: Markup) -> Markup {
    let head = Head { description: &frame.settings.tagline, canonical: Some(canonical), ..Head::default() };
    document(frame, &head, Dress::Home, (None, main))
}

/// A page of the administration, with its own style sheet and navigation.
pub fn admin(frame: &Frame, (title, module): (&str, Option<&str>), nav: Markup, main: Markup) -> Markup {
    document(
        frame,
        &Head { title, module, private: true, sheet: Some("admin.css"), ..Head::default() },
        Dress::Admin,
        (Some(nav), main),
    )
}

/// `parts` are the navigation of the administration and what the page is about.
fn document(frame: &Frame, head: &Head, dress: Dress, parts: (Option<Markup>, impl Render)) -> Markup {
    let (nav, main) = parts;
    let class = match dress {
        Dress::Home => Some("home"),
        Dress::Plain => None,
        Dress::Admin => Some("admin"),
    };
    html! {
        (DOCTYPE)
        html lang=(frame.settings.language) dir=(direction(&frame.settings.language)) {
            (head_element(frame, head))
            body class=[class] {
                a.skip href="#main" { "Skip to content" }
                (header(frame, dress))
                @if let Some(notice) = frame.notice {
                    p.notice role="status" { (notice) }
                }
                @if let Some(nav) = nav { (nav) }
                main #main tabindex="-1" { (main) }
                (footer(frame))
            }
        }
    }
}

fn head_element(frame: &Frame, head: &Head) -> Markup {
    let site = &frame.settings.title;
    let title = if head.title.is_empty() { site.clone() } else { format!("{} · {site}", plain_title(head.title)) };
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            title { (title) }
            @if !head.description.is_empty() {
                meta name="description" content=(head.description);
            }
            @if head.private {
                meta name="robots" content="noindex";
            }
            meta name="color-scheme" content="light dark";
            link rel="stylesheet" href=(frame.links.to(assets::url("app.css")));
            // Visitors find forms only on pages that search engines leave alone; readers of a post need not load this.
            @if head.private || !frame.actor.is_anonymous() {
                link rel="stylesheet" href=(frame.links.to(assets::url("forms.css")));
            }
            @if let Some(sheet) = head.sheet {
                link rel="stylesheet" href=(frame.links.to(assets::url(sheet)));
            }
            @if let Some(module) = head.module {
                script type="module" src=(frame.links.to(assets::url(module))) {}
            }
            (icons(frame))
            link rel="alternate" type="application/atom+xml" title=(site) href=(frame.links.feed());
            (social(frame, head))
        }
    }
}

fn icons(frame: &Frame) -> Markup {
    html! {
        @if let Some(logo) = &frame.settings.logo {
            link rel="icon" href=(frame.links.picture(logo));
        } @else {
            link rel="icon" href=(frame.links.to("/favicon.ico")) sizes="32x32";
            link rel="icon" href=(frame.links.to(assets::url("favicon.svg"))) type="image/svg+xml";
        }
    }
}

/// The canonical address and the Open Graph properties, which need absolute addresses.
fn social(frame: &Frame, head: &Head) -> Markup {
    let (Some(origin), Some(canonical)) = (frame.links.origin(), &head.canonical) else {
        return html! {};
    };
    let title = plain_title(if head.title.is_empty() { &frame.settings.title } else { head.title });
    html! {
        link rel="canonical" href={ (origin) (canonical) };
        meta property="og:type" content=(if head.is_article { "article" } else { "website" });
        meta property="og:site_name" content=(frame.settings.title);
        meta property="og:title" content=(title);
        meta property="og:url" content={ (origin) (canonical) };
        @if !head.description.is_empty() {
            meta property="og:description" content=(head.description);
        }
        @if let Some(image) = head.image {
            meta property="og:image" content={ (origin) (frame.links.picture(image)) };
            meta property="og:image:width" content=(image.width);
            meta property="og:image:height" content=(image.height);
            @if !image.alt.is_empty() {
                meta property="og:image:alt" content=(image.alt);
            }
            meta name="twitter:card" content="summary_large_image";
        }
    }
}

fn header(frame: &Frame, dress: Dress) -> Markup {
    html! {
        header.site {
            @if dress == Dress::Home {
                h1.brand { (brand(frame)) }
                @if !frame.settings.tagline.is_empty() {
                    p.tagline dir="auto" { (frame.settings.tagline) }
                }
            } @else {
                p.brand { (brand(frame)) }
            }
            @if dress != Dress::Admin && !frame.settings.navigation.is_empty() {
                nav aria-label="Site" { (navigation(frame)) }
            }
            nav.account aria-label="Account" { (account(frame)) }
        }
    }
}

fn brand(frame: &Frame) -> Markup {
    html! {
        a href=(frame.links.home()) rel="home" {
            @if let Some(logo) = &frame.settings.logo {
                img src=(frame.links.picture(logo)) width=(logo.width) height=(logo.height) alt="";
            } @else {
                (mark())
            }
            " "
            bdi { (frame.settings.title) }
        }
    }
}

/// The program's own sign: a leaf folded into the letter P.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" {
            path d="M7 3h7v26l-7-4z" {}
            path d="M14 3h4a8 8 0 0 1 0 16h-4z" opacity=".6" {}
        }
    }
}

fn navigation(frame: &Frame) -> Markup {
    let here = frame.path.split('?').next().unwrap_or_default();
    html! {
        ul {
            @for item in &frame.settings.navigation {
                @let address = frame.links.given(&item.address);
                @let current = (address == here).then_some("page");
                li { a href=(address) aria-current=[current] dir="auto" { (item.label) } }
            }
        }
    }
}

fn account(frame: &Frame) -> Markup {
    let links = frame.links;
    html! {
        ul {
            @if let Some(member) = frame.actor.member() {
                @if frame.actor.can_write(Kind::Post) {
                    li { a href=(links.admin_new(Kind::Post)) { "Write" } }
                }
                @if frame.actor.can_see_admin() {
                    li { a href=(links.admin()) { "Admin" } }
                }
                li { a href=(links.account()) { bdi { (member.display_name) } } }
                li {
                    form method="post" action=(links.logout()) {
                        button.link type="submit" { "Log out" }
                    }
                }
            } @else {
                li { a href=(links.login(frame.path)) { "Log in" } }
                @if frame.settings.signup_open {
                    li { a href=(links.signup(frame.path)) { "Sign up" } }
                }
            }
        }
    }
}

fn footer(frame: &Frame) -> Markup {
    html! {
        footer.site {
            p {
                bdi { (frame.settings.title) }
                @if !frame.settings.tagline.is_empty() {
                    " "
                    span dir="auto" { (frame.settings.tagline) }
                }
            }
            ul {
                li { a href=(frame.links.archive()) { "Archive" } }
                li { a href=(frame.links.feed()) { "Feed" } }
            }
        }
    }
}

fn direction(language: &str) -> &'static str {
    let primary = language.split('-').next().unwrap_or_default().to_ascii_lowercase();
    if RIGHT_TO_LEFT.contains(&primary.as_str()) { "rtl" } else { "ltr" }
}
