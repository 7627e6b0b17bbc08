//! Posts and static pages, and the one rule of who sees them.

use crate::domain::actor::Actor;
use crate::domain::category::{Category, Tag};
use crate::domain::html::Html;
use crate::domain::id::{CategoryId, PostId, UserId};
use crate::domain::media::Picture;
use crate::domain::settings::language;
use crate::domain::slug::Slug;
use crate::domain::text;
use crate::domain::time::{Timestamp, TypedTime, Zone};
use crate::domain::token::TokenScope;
use crate::domain::user::Credit;
use crate::error::{Checked, Error, FieldErrors, Result};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Longest title, in characters.
pub const MAX_TITLE: usize = 300;
/// Longest Markdown source, in characters.
pub const MAX_SOURCE: usize = 2_000_000;
/// Longest excerpt, in characters.
pub const MAX_EXCERPT: usize = 1_000;

/// First path segments of the site; a page of that name could not be reached.
const RESERVED_PAGE_SLUGS: &[&str] = &[
    "account",
    "admin",
    "api",
    "archive",
    "assets",
    "author",
    "category",
    "comments",
    "favicon.ico",
    "favicon.svg",
    "feed.json",
    "feed.xml",
    "graphql",
    "healthz",
    "login",
    "logout",
    "media",
    "metrics",
    "opensearch.xml",
    "page",
    "posts",
    "readyz",
    "reset",
    "robots.txt",
    "rss.xml",
    "search",
    "series",
    "setup",
    "signup",
    "sitemap.xml",
    "tag",
];

/// A post of the blog or a page of its own (About, Contact).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Post,
    Page,
}

impl Kind {
    /// The word in addresses and forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Post => "post",
            Kind::Page => "page",
        }
    }

    /// What a token needs to see drafts of it.
    pub fn read_scope(self) -> TokenScope {
        match self {
            Kind::Post => TokenScope::PostsRead,
            Kind::Page => TokenScope::PagesRead,
        }
    }

    /// What a token needs to write it.
    pub fn write_scope(self) -> TokenScope {
        match self {
            Kind::Post => TokenScope::PostsWrite,
            Kind::Page => TokenScope::PagesWrite,
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Kind> {
        [Kind::Post, Kind::Page].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Whether its authors want it seen. Scheduled is `Published` with a time to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Draft,
    Published,
}

/// What a person would call the state of a post at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Draft,
    Scheduled,
    Published,
}

impl State {
    /// All states in the order a post goes through them.
    pub const ALL: [State; 3] = [State::Draft, State::Scheduled, State::Published];

    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Draft => "draft",
            State::Scheduled => "scheduled",
            State::Published => "published",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Which posts a list of programs shows, by where they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StateFilter {
    /// What everybody sees, newest publication first (pages: newest made first).
    #[default]
    Published,
    /// These and the next two for those who may, newest made first.
    Draft,
    Scheduled,
    /// Of every state.
    All,
}

impl StateFilter {
    /// Whether a post in this state belongs to the list.
    pub fn admits(self, state: State) -> bool {
        match self {
            StateFilter::Published => state == State::Published,
            StateFilter::Draft => state == State::Draft,
            StateFilter::Scheduled => state == State::Scheduled,
            StateFilter::All => true,
        }
    }
}

/// Which posts are listed; what is `None` makes no difference, and what names nothing is on no post.
#[derive(Debug, Clone)]
pub struct PostFilter {
    pub kind: Kind,
    pub state: StateFilter,
    /// Slug of a category.
    pub category: Option<String>,
    /// Slug of a tag.
    pub tag: Option<String>,
    /// A user name.
    pub author: Option<String>,
}

impl PostFilter {
    /// Everything public of this kind.
    pub fn public(kind: Kind) -> PostFilter {
        PostFilter { kind, state: StateFilter::Published, category: None, tag: None, author: None }
    }
}

/// Everything about a post but its text: what lists need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostHead {
    pub id: PostId,
    pub kind: Kind,
    pub slug: Slug,
    pub title: String,
    /// At least one; the first is credited first.
    pub authors: Vec<UserId>,
    pub status: Status,
    /// When it became or becomes public; kept when it is unpublished.
    pub published_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Grows by one with every save; an edit names the version it began from.
    pub version: u32,
    pub category: Option<CategoryId>,
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Written by the author; may be empty.
    #[serde(default)]
    pub excerpt: String,
    /// The beginning of the text as plain text, for where there is no excerpt.
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub cover: Option<Picture>,
    pub comments_open: bool,
    /// BCP 47 tag, for a post in another language than the blog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Only the day of publication is known, as of an imported post without a time; the time is made up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub day_only: bool,
}

impl PostHead {
    /// Whether everybody may see it at `now`.
    pub fn is_public(&self, now: Timestamp) -> bool {
        self.status == Status::Published && self.published_at.is_some_and(|time| time <= now)
    }

    /// The one visibility rule: every surface asks this, lists by an index that agrees with it.
    pub fn visible_to(&self, actor: &Actor, now: Timestamp) -> bool {
        self.is_public(now) || actor.can_see_unpublished(self)
    }

    /// What a person would call its state at `now`.
    pub fn state(&self, now: Timestamp) -> State {
        match self.status {
            Status::Draft => State::Draft,
            Status::Published if self.is_public(now) => State::Published,
            Status::Published => State::Scheduled,
        }
    }

    /// The excerpt, or the beginning of the text.
    pub fn teaser(&self) -> &str {
        if self.excerpt.is_empty() { &self.summary } else { &self.excerpt }
    }
}

/// A post as a list shows it.
#[derive(Debug, Clone)]
pub struct PostCard {
    pub head: PostHead,
    pub authors: Vec<Arc<Credit>>,
    pub category: Option<Category>,
    /// Comments that are not deleted.
    pub comments: usize,
}

/// How many public posts a year has, month by month, the latest month first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveYear {
    pub year: i16,
    /// Months (1 to 12) that have posts, each with their number.
    pub months: Vec<(i8, usize)>,
}

/// A post as its own page shows it, without the conversation.
#[derive(Debug, Clone)]
pub struct PostView {
    pub head: PostHead,
    pub authors: Vec<Arc<Credit>>,
    pub category: Option<Category>,
    pub body: Html,
}

/// The fields of the editor, as typed; the same for making and for changing a post.
#[derive(Debug, Clone, Default)]
pub struct PostInput {
    pub title: String,
    /// Empty: made from the title.
    pub slug: String,
    /// Markdown.
    pub source: String,
    /// The id of a category, or empty.
    pub category: String,
    /// Names.
    pub tags: Vec<String>,
    pub excerpt: String,
    pub comments_open: bool,
    /// RFC 3339, or without an offset in `zone`; empty: now, when publishing.
    pub published_at: String,
    /// The zone of the site when the form was opened; empty: its zone now.
    pub zone: String,
    pub cover: Option<Picture>,
    /// Replaces the cover's alternative text.
    pub cover_alt: String,
    /// BCP 47 tag; empty: that of the blog.
    pub language: String,
}

/// Checked fields of the editor.
#[derive(Debug, Clone)]
pub struct ValidPost {
    pub title: String,
    /// `None`: make one from the title and number it if it is taken.
    pub slug: Option<Slug>,
    pub source: String,
    pub category: Option<CategoryId>,
    pub tags: Vec<Tag>,
    pub excerpt: String,
    pub comments_open: bool,
    pub published_at: Option<TypedTime>,
    pub cover: Option<Picture>,
    pub language: Option<String>,
}

impl PostInput {
    /// Checks every field that can be checked without the store.
    pub fn validate(&self, kind: Kind, zone: &Zone) -> Result<ValidPost> {
        let mut errors = FieldErrors::new();
        let title = errors.check("title", text::line(&self.title, MAX_TITLE));
        let slug = errors.check("slug", self.slug_rule(kind));
        let source = errors.check("source", text::block(&self.source, MAX_SOURCE));
        let category = errors.check("category", self.category_rule());
        let tags = errors.check("tags", Tag::from_names(&self.tags));
        let excerpt = errors.check("excerpt", text::optional_line(&self.excerpt, MAX_EXCERPT));
        let published_at = errors.check("published_at", self.time_rule(zone));
        let alt = errors.check("cover_alt", crate::domain::media::alt_text(&self.cover_alt));
        let language = errors.check("language", self.language_rule());
        errors.finish()?;
        let (Some(title), Some(source)) = (title, source) else {
            return Err(Error::internal("no field at fault"));
        };
        let alt = alt.unwrap_or_default();
        Ok(ValidPost {
            title,
            slug: slug.flatten(),
            source,
            category: category.flatten(),
            tags: tags.unwrap_or_default(),
            excerpt: excerpt.unwrap_or_default(),
            comments_open: self.comments_open,
            published_at: published_at.flatten(),
            cover: self.cover.clone().map(|cover| Picture { alt, ..cover }),
            language: language.flatten(),
        })
    }

    fn language_rule(&self) -> Checked<Option<String>> {
        if self.language.trim().is_empty() { Ok(None) } else { language(&self.language).map(Some) }
    }

    fn slug_rule(&self, kind: Kind) -> Checked<Option<Slug>> {
        if self.slug.trim().is_empty() {
            return Ok(None);
        }
        let slug = Slug::parse(&self.slug)?;
        if kind == Kind::Page && is_reserved_page_slug(&slug) {
            return Err("This address is used by the site itself. Please choose another.".into());
        }
        Ok(Some(slug))
    }

    fn category_rule(&self) -> Checked<Option<CategoryId>> {
        match self.category.trim() {
            "" => Ok(None),
            text => CategoryId::parse(text).map(Some).ok_or("Please choose a category from the list.".into()),
        }
    }

    fn time_rule(&self, zone: &Zone) -> Checked<Option<TypedTime>> {
        let opened_in = Zone::parse(&self.zone);
        match self.published_at.trim() {
            "" => Ok(None),
            text => TypedTime::parse(text, opened_in.as_ref().unwrap_or(zone))
                .map(Some)
                .ok_or("Please enter a date and time such as 2026-05-03T10:28.".into()),
        }
    }
}

/// Whether a page of this slug would hide, or be hidden by, the site's own addresses.
pub fn is_reserved_page_slug(slug: &Slug) -> bool {
    RESERVED_PAGE_SLUGS.contains(&slug.as_str())
}
