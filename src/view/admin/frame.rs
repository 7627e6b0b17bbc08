//! The navigation around every page of the administration.

use crate::domain::actor::Actor;
use crate::domain::link::Links;
use crate::domain::post::Kind;
use crate::view::layout;
use crate::view::layout::Frame;
use maud::Markup;
use maud::html;

/// The parts of the administration, as the navigation shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Posts,
    Pages,
    Comments,
    Images,
    Categories,
    Users,
    Settings,
    Explorer,
}

impl Section {
    const ALL: [Section; 8] = [
        Section::Posts,
        Section::Pages,
        Section::Comments,
        Section::Images,
        Section::Categories,
        Section::Users,
        Section::Settings,
        Section::Explorer,
    ];

    /// The part in which a post or a page is edited.
    pub fn of(kind: Kind) -> Section {
        match kind {
            Kind::Post => Section::Posts,
            Kind::Page => Section::Pages,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Section::Posts => "Posts",
            Section::Pages => "Pages",
            Section::Comments => "Comments",
            Section::Images => "Images",
            Section::Categories => "Categories",
            Section::Users => "Users",
            Section::Settings => "Settings",
            Section::Explorer => "API explorer",
        }
    }

    fn address(self, links: &Links) -> String {
        match self {
            Section::Posts => links.admin_posts(),
            Section::Pages => links.admin_pages(),
            Section::Comments => links.admin_comments(),
            Section::Images => links.admin_media(),
            Section::Categories => links.admin_categories(),
            Section::Users => links.admin_users(),
            Section::Settings => links.admin_settings(),
            Section::Explorer => links.admin_explorer(),
        }
    }

    fn open_to(self, actor: &Actor) -> bool {
        match self {
            Section::Posts | Section::Images | Section::Explorer => actor.can_write(Kind::Post),
            Section::Pages => actor.can_write(Kind::Page),
            Section::Comments => actor.can_moderate(),
            Section::Categories => actor.can_edit_categories(),
            Section::Users => actor.can_manage_users(),
            Section::Settings => actor.can_change_settings(),
        }
    }
}

/// A page of the administration, with the parts this actor may use beside it.
pub fn page(frame: &Frame, section: Section, title: &str, main: Markup) -> Markup {
    page_with(frame, section, (title, None), main)
}

/// The same with a script, by its name in the bundle.
pub fn page_with(frame: &Frame, section: Section, title: (&str, Option<&str>), main: Markup) -> Markup {
    let nav = html! {
        nav.admin-nav aria-label="Administration" {
            ul {
                @for item in Section::ALL.into_iter().filter(|item| item.open_to(frame.actor)) {
                    @let here = (item == section).then_some("true");
                    li { a href=(item.address(frame.links)) aria-current=[here] { (item.label()) } }
                }
            }
        }
    };
    layout::admin(frame, title, nav, main)
}

/// The heading of a page with the one thing to do there beside it.
pub fn heading(title: &str, button: Option<(&str, &str)>) -> Markup {
    html! {
        div.heading {
            h1 { (title) }
            @if let Some((label, address)) = button {
                a.button href=(address) { (label) }
            }
        }
    }
}
