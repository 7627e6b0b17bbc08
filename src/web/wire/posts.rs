//! Posts and pages as programs see them.

use crate::domain::category;
use crate::domain::link::Links;
use crate::domain::media::alt_text;
use crate::domain::post;
use crate::domain::post::{PostCard, PostHead};
use crate::domain::time::{Timestamp, Zone};
use crate::error::{FieldErrors, Result};
use crate::service::ReadTxn;
use crate::service::categories;
use crate::service::media;
use crate::service::writing::Intent;
use crate::web::wire::Time;
use crate::web::wire::media::Picture;
use crate::web::wire::people::Author;
use crate::web::wire::site::{CategoryName, Tag};
use async_graphql::{Enum, ID, InputObject, SimpleObject};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A post of the blog, or a page beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Enum, ToSchema)]
#[serde(rename_all = "snake_case")]
#[graphql(remote = "crate::domain::post::Kind")]
pub enum Kind {
    Post,
    Page,
}

/// Where a post stands: nobody else sees a draft, and a scheduled post appears at its time. What is written as
/// `published` with a time to come is scheduled, and `scheduled` wants one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Enum, ToSchema)]
#[serde(rename_all = "snake_case")]
#[graphql(remote = "crate::domain::post::State")]
pub enum Status {
    #[default]
    Draft,
    Scheduled,
    Published,
}

/// Which posts a list shows: what everybody sees, or what is not public yet, for those who may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Enum, ToSchema)]
#[serde(rename_all = "snake_case")]
#[graphql(remote = "crate::domain::post::StateFilter")]
pub enum StatusFilter {
    #[default]
    Published,
    Draft,
    Scheduled,
    All,
}

/// A post or a page, without its text.
#[derive(Debug, Clone, Serialize, SimpleObject, ToSchema)]
#[graphql(complex, serial)]
pub struct Post {
    #[schema(value_type = String, example = "7")]
    pub id: ID,
    pub kind: Kind,
    /// The part of its address that names it.
    #[schema(example = "owls-at-night")]
    pub slug: String,
    #[schema(example = "Owls at night")]
    pub title: String,
    /// Address of its page on this site, beginning with `/`.
    #[schema(example = "/posts/owls-at-night")]
    pub url: String,
    pub status: Status,
    /// When it became or becomes public; null for a draft without a time.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub published_at: Option<Time>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Time,
    /// Counts saves from 1.
    pub version: u32,
    /// A short text about it, written by its author or taken from its beginning.
    pub excerpt: String,
    pub authors: Vec<Author>,
    /// GraphQL has the whole category here.
    #[graphql(skip)]
    pub category: Option<CategoryName>,
    pub tags: Vec<Tag>,
    pub cover: Option<Picture>,
    /// Whether comments can be written.
    pub comments_open: bool,
    /// BCP 47 tag of its language; null: that of the blog.
    #[schema(example = "fr")]
    pub language: Option<String>,
    #[serde(skip)]
    #[graphql(skip)]
    #[schema(ignore)]
    pub head: Arc<PostHead>,
    /// All of the category, for GraphQL.
    #[serde(skip)]
    #[graphql(skip)]
    #[schema(ignore)]
    pub filed_under: Option<category::Category>,
    /// Comments that are not deleted.
    #[serde(skip)]
    #[graphql(skip)]
    #[schema(ignore)]
    pub comments: usize,
}

impl Post {
    /// As it stands at `now`.
    pub fn new(card: PostCard, links: &Links, now: Timestamp) -> Post {
        let PostCard { head, authors, category, comments } = card;
        Post {
            id: head.id.to_string().into(),
            kind: head.kind.into(),
            slug: head.slug.to_string(),
            title: head.title.clone(),
            url: links.content(&head),
            status: head.state(now).into(),
            published_at: head.published_at.map(Time),
            created_at: Time(head.created_at),
            updated_at: Time(head.updated_at),
            version: head.version,
            excerpt: head.teaser().to_owned(),
            authors: authors.iter().map(|credit| Author::new(credit, links)).collect(),
            category: category.as_ref().map(|category| CategoryName::new(category, links)),
            tags: head.tags.iter().map(|tag| Tag::new(tag, links)).collect(),
            cover: head.cover.as_ref().map(|picture| Picture::new(picture, links)),
            comments_open: head.comments_open,
            language: head.language.clone(),
            head: Arc::new(head),
            filed_under: category,
            comments,
        }
    }
}

/// What can be written of a post or a page. What is left out of a POST or PUT has its default; what is left
/// out of a PATCH stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, InputObject, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PostInput {
    #[schema(required = true, min_length = 1, max_length = 300, example = "Owls at night")]
    #[graphql(default)]
    pub title: String,
    /// Null or empty: made from the title.
    #[schema(example = "owls-at-night")]
    pub slug: Option<String>,
    /// The text in Markdown.
    #[schema(max_length = 2_000_000, example = "They **hoot**.")]
    #[graphql(default)]
    pub source: String,
    /// Slug of the category; null: none.
    pub category: Option<String>,
    /// Names of tags.
    #[schema(max_items = 30, example = json!(["Owls", "Night"]))]
    #[graphql(default)]
    pub tags: Vec<String>,
    /// Empty: the beginning of the text stands in.
    #[schema(max_length = 1_000)]
    #[graphql(default)]
    pub excerpt: String,
    #[graphql(default)]
    pub status: Status,
    /// Null: when it is published. With a time to come it is scheduled. A change of a scheduled post whose status is
    /// “published” and that leaves this out publishes it at once.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub published_at: Option<Time>,
    /// Null: true for posts.
    #[schema(example = true)]
    pub comments_open: Option<bool>,
    pub cover: Option<CoverInput>,
    /// BCP 47 tag of its language; null: that of the blog.
    #[schema(max_length = 35, example = "fr")]
    pub language: Option<String>,
}

/// The image above a post, one that was uploaded before.
#[derive(Debug, Clone, Serialize, Deserialize, InputObject, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CoverInput {
    /// The `id` of the image.
    pub media: String,
    /// What it shows, for those who cannot see it.
    #[serde(default)]
    #[schema(max_length = 500)]
    #[graphql(default)]
    pub alt: String,
}

impl PostInput {
    /// What would have to be written to have a post as it is, but for a cover whose image is gone: it cannot be
    /// written again, and must not keep anybody from changing the rest.
    pub fn of(txn: &ReadTxn, head: &PostHead, source: String) -> Result<PostInput> {
        let category = categories::of_post(txn, head)?.map(|category| category.slug.to_string());
        let cover = head.cover.as_ref().filter(|cover| media::by_id(txn, &cover.media.to_string()).is_ok());
        Ok(PostInput {
            title: head.title.clone(),
            slug: Some(head.slug.to_string()),
            source,
            category,
            tags: head.tags.iter().map(|tag| tag.name.clone()).collect(),
            excerpt: head.excerpt.clone(),
            // With its time: one that is scheduled stays so, and a change of the time alone says what it becomes.
            status: if head.status == post::Status::Draft { Status::Draft } else { Status::Published },
            published_at: head.published_at.map(Time),
            comments_open: Some(head.comments_open),
            cover: cover.map(|picture| CoverInput { media: picture.media.to_string(), alt: picture.alt.clone() }),
            language: head.language.clone(),
        })
    }
}

impl PostInput {
    /// What a change means that says (`says`) the status or the time and leaves the other out: whoever says that a
    /// scheduled post is published does not want it to wait any longer.
    pub fn changed(mut self, says: impl Fn(&str) -> bool, now: Timestamp) -> PostInput {
        let waits = self.published_at.is_some_and(|time| time.0 > now);
        if self.status == Status::Published && waits && says("status") && !says("published_at") {
            self.published_at = None;
        }
        self
    }

    /// In the words of the domain, with what is to be done: looks up the category and the cover. Tells of
    /// every field at fault at once.
    pub fn typed(self, txn: &ReadTxn, kind: post::Kind, now: Timestamp) -> Result<(post::PostInput, Intent)> {
        let mut errors = FieldErrors::new();
        if self.status == Status::Scheduled && self.published_at.is_none_or(|time| time.0 <= now) {
            errors.add(
                "published_at",
                "A scheduled post has a time to come here. To publish it at once, send “published” as its status.",
            );
        }
        let category = self.category.filter(|slug| !slug.is_empty());
        let category = category.and_then(|slug| {
            let found = categories::named(txn, &slug).map_err(|_| "There is no category of this slug.".into());
            errors.check("category", found)
        });
        let (mut cover, mut cover_alt) = (None, String::new());
        if let Some(chosen) = self.cover {
            let found = media::image(txn, &chosen.media).map_err(|_| "There is no image of this id.".into());
            cover = errors.check("cover.media", found).map(|image| image.picture(String::new()));
            cover_alt = errors.check("cover.alt", alt_text(&chosen.alt)).unwrap_or_default();
        }
        let input = post::PostInput {
            title: self.title,
            slug: self.slug.unwrap_or_default(),
            source: self.source,
            category: category.map(|category| category.id.to_string()).unwrap_or_default(),
            tags: self.tags,
            excerpt: self.excerpt,
            comments_open: self.comments_open.unwrap_or(kind == post::Kind::Post),
            published_at: self.published_at.map(|time| time.0.exact()).unwrap_or_default(),
            zone: String::new(),
            cover,
            cover_alt,
            language: self.language.unwrap_or_default(),
        };
        if !errors.is_empty() {
            errors.merge(input.validate(kind, &Zone::utc()).map(drop))?;
        }
        errors.finish()?;
        Ok((input, if self.status == Status::Draft { Intent::Unpublish } else { Intent::Publish }))
    }
}
