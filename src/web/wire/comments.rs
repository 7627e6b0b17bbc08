//! Comments as programs see them.

use crate::domain::comment;
use crate::domain::comment::PlacedComment;
use crate::domain::id::CommentId;
use crate::domain::link::Links;
use crate::domain::slug::Slug;
use crate::error::{Error, Result};
use crate::web::wire::Time;
use crate::web::wire::people::Author;
use async_graphql::{ID, InputObject, SimpleObject};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A comment. One that was deleted and has replies keeps its place, without author and text.
#[derive(Debug, Clone, Serialize, SimpleObject, ToSchema)]
#[graphql(complex, serial)]
pub struct Comment {
    #[schema(value_type = String, example = "12")]
    pub id: ID,
    #[schema(value_type = String, example = "7")]
    pub post_id: ID,
    /// The comment it replies to; null: none.
    #[schema(value_type = Option<String>)]
    pub parent_id: Option<ID>,
    /// Null if it is deleted.
    pub author: Option<Author>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub edited_at: Option<Time>,
    pub deleted: bool,
    /// The text as sanitised HTML; empty if it is deleted.
    #[schema(example = "<p>They <em>hoot</em>.</p>")]
    #[graphql(skip)]
    pub html: String,
    /// Address of the comment on its page, beginning with `/`.
    pub url: String,
    #[serde(skip)]
    #[graphql(skip)]
    #[schema(ignore)]
    pub comment: Arc<comment::Comment>,
}

impl Comment {
    /// A comment on the post of that slug.
    pub fn new(placed: PlacedComment, post: &Slug, links: &Links) -> Comment {
        let PlacedComment { comment, author, .. } = placed;
        Comment {
            id: comment.id.to_string().into(),
            post_id: comment.post.to_string().into(),
            parent_id: comment.parent.map(|parent| parent.to_string().into()),
            author: (!comment.deleted).then(|| Author::new(&author, links)),
            created_at: Time(comment.created_at),
            edited_at: comment.edited_at.map(Time),
            deleted: comment.deleted,
            html: comment.body.as_str().to_owned(),
            url: links.comment(post, comment.id),
            comment: Arc::new(comment),
        }
    }
}

/// A new comment.
#[derive(Debug, Clone, Serialize, Deserialize, InputObject, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentInput {
    /// The text in Markdown.
    #[schema(min_length = 1, max_length = 20_000, example = "They *hoot*.")]
    pub source: String,
    /// The comment it replies to.
    #[serde(default)]
    pub parent_id: Option<String>,
}

impl CommentInput {
    /// The number of the comment it replies to, if any; whether there is one is seen when it is written.
    pub fn parent(&self) -> Result<Option<CommentId>> {
        let unknown = || Error::field("parent_id", "There is no comment of this id under this post.");
        self.parent_id.as_deref().map(|id| CommentId::parse(id).ok_or_else(unknown)).transpose()
    }
}

/// A changed comment.
#[derive(Debug, Clone, Serialize, Deserialize, InputObject, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentPatch {
    /// The text in Markdown.
    #[schema(min_length = 1, max_length = 20_000, example = "They *hoot* at dusk.")]
    pub source: String,
}
