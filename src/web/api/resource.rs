//! What the REST API shows of each noun: the shared shapes with what it adds to them.

use crate::domain::actor::Actor;
use crate::domain::html::Html;
use crate::domain::paging::{Cursor, Slice};
use crate::domain::post::{PostCard, PostHead, PostView};
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::service::{App, ReadTxn, Scope, comments, posts};
use crate::web::api::operation::JSON;
use crate::web::api::query;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Rendered;
use crate::web::wire::comments::Comment;
use crate::web::wire::posts::Post;
use crate::web::wire::site::{Category, Tag};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A post or a page.
#[derive(Serialize, ToSchema)]
pub struct PostResource {
    #[serde(flatten)]
    pub post: Post,
    /// The text as sanitised HTML. Of one post it is always there, of a list with `include=html`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub html: Option<LongText>,
    /// The text in Markdown, with `include=source`, for those who may see the post before it is public.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Comments that are not deleted, with `include=comment_count`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment_count: Option<usize>,
}

impl PostResource {
    /// A post with its text: what is answered when nothing else is asked for, and what its `ETag` is of.
    pub fn whole(app: &App, txn: &ReadTxn, head: PostHead) -> Result<PostResource> {
        let PostView { head, authors, category, body } = posts::view(app, txn, head)?;
        let card = PostCard { head, authors, category, comments: 0 };
        let post = Post::new(card, app.links(), app.now());
        Ok(PostResource { post, html: Some(LongText(body)), source: None, comment_count: None })
    }
}

/// The text of a post, which is most of an answer. Called bytes, because `response::json_bytes` writes those as a
/// text, many at a time; so it is for that function alone.
pub struct LongText(pub Html);

impl Serialize for LongText {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.serialize_bytes(self.0.as_str().as_bytes())
    }
}

/// A comment.
#[derive(Serialize, ToSchema)]
pub struct CommentResource {
    #[serde(flatten)]
    pub comment: Comment,
    /// The text in Markdown, with `include=source`: for its author and those who moderate, null for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub source: Option<Option<String>>,
}

impl CommentResource {
    /// As `actor` sees it, with its Markdown if that is wanted.
    pub fn new(comment: Comment, actor: &Actor, with_source: bool) -> CommentResource {
        let source = with_source.then(|| comments::source(actor, &comment.comment).map(str::to_owned));
        CommentResource { comment, source }
    }
}

/// A category.
#[derive(Serialize, ToSchema)]
pub struct CategoryResource {
    #[serde(flatten)]
    pub category: Category,
    /// Public posts under it, with `include=post_count`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_count: Option<usize>,
}

/// A tag.
#[derive(Serialize, ToSchema)]
pub struct TagResource {
    #[serde(flatten)]
    pub tag: Tag,
    /// Public posts that carry it.
    pub post_count: usize,
}

/// Part of a list.
#[derive(Serialize)]
struct List<I> {
    items: Vec<I>,
    next: Option<String>,
}

/// One thing, or those of its members that are wanted.
pub fn one(value: &impl Serialize, fields: Option<&[String]>, scopes: Vec<Scope>) -> Result<Rendered> {
    let body = match fields {
        None => response::json_bytes(value)?,
        Some(fields) => response::json_bytes(&sparse(value, fields)?)?,
    };
    Ok(Rendered::Page { body, media_type: JSON, scopes, until: None, headers: Vec::new() })
}

/// Leads to the present address of what was asked for at an earlier address of a post.
pub fn moved(app: &App, req: &Req, head: &PostHead) -> Result<Option<Rendered>> {
    let is_there = req.is_at(&head.slug)?;
    let address = || app.links().to(&req.with_slug(&head.slug));
    Ok((!is_there).then(|| Rendered::Other(response::moved(&address()))))
}

/// Part of a list with the addresses of its beginning and of the next part.
pub fn list<T: Serialize>(
    app: &App,
    req: &Req,
    slice: Slice<T>,
    fields: Option<&[String]>,
    (scopes, until): (Vec<Scope>, Option<Timestamp>),
) -> Result<Rendered> {
    let headers = query::links(app.links(), req, &slice)?;
    let next = slice.next().map(ToString::to_string);
    let items = slice.items.iter().map(|(_, item)| item);
    let body = match fields {
        None => response::json_bytes(&List { items: items.collect(), next })?,
        Some(fields) => {
            let items = items.map(|item| sparse(item, fields)).collect::<Result<Vec<_>>>()?;
            response::json_bytes(&List { items, next })?
        }
    };
    Ok(Rendered::Page { body, media_type: JSON, scopes, until, headers })
}

/// A list that is not long enough to be read in parts.
pub fn whole<T>(items: Vec<T>) -> Slice<T> {
    Slice { items: items.into_iter().map(|item| (Cursor::new("all", ""), item)).collect(), more: false }
}

/// The members of a thing that `fields` names, as they are in the whole of it.
fn sparse(value: &impl Serialize, fields: &[String]) -> Result<BTreeMap<String, Box<RawValue>>> {
    let whole = response::json_bytes(value)?;
    let mut members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(&whole).map_err(|cause| Error::Internal(Box::new(cause)))?;
    members.retain(|name, _| fields.contains(name));
    Ok(members)
}
