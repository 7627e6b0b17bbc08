//! Comments.

use crate::domain::actor::{Actor, Role};
use crate::domain::comment::PlacedComment;
use crate::domain::id::CommentId;
use crate::domain::post::Kind;
use crate::domain::token::TokenScope;
use crate::error::{Error, Result};
use crate::service::{comments, posts};
use crate::web::Site;
use crate::web::api::operation::{Operation, Wants};
use crate::web::api::perform;
use crate::web::api::query::{Fields, Reader};
use crate::web::api::resource::{self, CommentResource};
use crate::web::api::shape::Shape;
use crate::web::cache;
use crate::web::request::Req;
use crate::web::response::Res;
use crate::web::wire::comments::{Comment, CommentInput, CommentPatch};
use http::Method;
use serde_json::json;
use std::sync::Arc;

/// A comment in which every character is escaped.
const COMMENT_LIMIT: u64 = 256 * 1024;
const ALL: &str = "/api/v1/posts/{slug}/comments";
const ONE: &str = "/api/v1/posts/{slug}/comments/{id}";

pub fn operations() -> Vec<Operation> {
    let all = reading().into_iter().chain(writing());
    all.map(|one| one.tag("Comments").body_limit(COMMENT_LIMIT)).collect()
}

fn reading() -> Vec<Operation> {
    let shape = Shape::of::<CommentResource>();
    let names = shape.names();
    let optional = Wants::Optional(TokenScope::CommentsRead);
    vec![
        Operation::new(Method::GET, ALL, "list_comments", list)
            .about(
                "List the comments of a post",
                "In the order of the threads, each thread in the order written. Deleted comments that have replies keep \
                 their places.",
            )
            .wants(optional)
            .path("slug", "The slug of the post.", "owls-at-night")
            .paged()
            .fields(&names)
            .include(&["source"])
            .answers(200, "Part of the list.", Some(shape.clone().sparse().list()))
            .header("Link", "The beginning of the list (`first`) and its next part (`next`), RFC 8288."),
        Operation::new(Method::GET, ONE, "get_comment", show)
            .about("Read a comment", "With `include=source` its author, and those who moderate, get what they can edit.")
            .wants(optional)
            .path("slug", "The slug of the post.", "owls-at-night")
            .path("id", "The `id` of the comment.", "12")
            .fields(&names)
            .include(&["source"])
            .answers(200, "It.", Some(shape.clone().sparse()))
            .header("ETag", "Its version, for `If-None-Match` and, read without `fields` and `include`, for `If-Match`."),
        Operation::new(Method::GET, "/api/v1/comments", "list_recent_comments", recent)
            .about("List the comments of all posts", "Newest first, deleted ones left out: for those who moderate.")
            .wants(Wants::Scope(TokenScope::CommentsRead, Role::Editor))
            .paged()
            .fields(&names)
            .include(&["source"])
            .answers(200, "Part of the list.", Some(shape.sparse().list()))
            .header("Link", "The beginning of the list (`first`) and its next part (`next`), RFC 8288."),
    ]
}

fn writing() -> Vec<Operation> {
    let shape = Shape::of::<Comment>();
    let wants = Wants::Scope(TokenScope::CommentsWrite, Role::Reader);
    let all = vec![
        Operation::new(Method::POST, ALL, "create_comment", perform::write)
            .about("Write a comment", "With `parent_id` it is a reply.")
            .path("slug", "The slug of the post.", "owls-at-night")
            .reads(Shape::of::<CommentInput>(), json!({ "source": "They *hoot*." }))
            .once()
            .conflicts()
            .answers(201, "It, as it is now.", Some(shape.clone()))
            .header("Location", "Its address in the API.")
            .header("ETag", "Its version."),
        Operation::new(Method::PATCH, ONE, "update_comment", perform::write)
            .about("Change a comment", "One's own, for 15 minutes.")
            .path("slug", "The slug of the post.", "owls-at-night")
            .path("id", "The `id` of the comment.", "12")
            .conditional()
            .conflicts()
            .patches(Shape::of::<CommentPatch>(), json!({ "source": "They *hoot* at dusk." }))
            .answers(200, "It, as it is now.", Some(shape))
            .header("ETag", "Its version."),
        Operation::new(Method::DELETE, ONE, "delete_comment", perform::write)
            .about(
                "Delete a comment",
                "One's own, or any for editors. With replies it keeps its place without its text.",
            )
            .path("slug", "The slug of the post.", "owls-at-night")
            .path("id", "The `id` of the comment.", "12")
            .conditional()
            .answers(204, "It is gone.", None),
    ];
    all.into_iter().map(|one| one.wants(wants)).collect()
}

/// The parameters of a list, and of one comment.
const OF_LIST: &[&str] = &["limit", "after", "fields", "include"];
const OF_ONE: &[&str] = &["fields", "include"];

/// Which members of comments are wanted, and whether their Markdown is, which some may not ask for.
fn members(mut reader: Reader<'_>, actor: &Actor) -> Result<(Fields, bool)> {
    let fields = reader.fields::<CommentResource>();
    let include = reader.names("include", &["source"]);
    reader.finish()?;
    // To name a member is to ask for it.
    let with_source = include.iter().chain(&fields).flatten().any(|name| name == "source");
    if with_source {
        comments::may_see_sources(actor)?;
    }
    Ok((fields, with_source))
}

async fn list(site: Arc<Site>, req: Req) -> Result<Res> {
    let mut reader = Reader::new(&req, OF_LIST)?;
    let window = reader.window();
    let (fields, with_source) = members(reader, &req.actor)?;
    cache::get_or_render(&site, &req, OF_LIST, |txn| {
        let app = &site.app;
        let head = posts::visible(app, txn, &req.actor, Kind::Post, req.param("slug")?)?;
        if let Some(moved) = resource::moved(app, &req, &head)? {
            return Ok(moved);
        }
        let slice = comments::slice(txn, head.id, &window)?
            .map(|placed| CommentResource::new(Comment::new(placed, &head.slug, app.links()), &req.actor, with_source));
        resource::list(app, &req, slice, fields.as_deref(), (posts::scopes(&head), None))
    })
    .await
}

async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    let (fields, with_source) = members(Reader::new(&req, OF_ONE)?, &req.actor)?;
    cache::get_or_render(&site, &req, OF_ONE, |txn| {
        let app = &site.app;
        let head = posts::visible(app, txn, &req.actor, Kind::Post, req.param("slug")?)?;
        if let Some(moved) = resource::moved(app, &req, &head)? {
            return Ok(moved);
        }
        let id = CommentId::parse(req.param("id")?).ok_or(Error::NotFound("comment"))?;
        let comment = Comment::new(comments::by_id(txn, head.id, id)?, &head.slug, app.links());
        let comment = CommentResource::new(comment, &req.actor, with_source);
        resource::one(&comment, fields.as_deref(), posts::scopes(&head))
    })
    .await
}

async fn recent(site: Arc<Site>, req: Req) -> Result<Res> {
    let mut reader = Reader::new(&req, OF_LIST)?;
    let window = reader.window();
    let (fields, with_source) = members(reader, &req.actor)?;
    cache::get_or_render(&site, &req, OF_LIST, |txn| {
        let app = &site.app;
        let slice = comments::recent_slice(&site.app, txn, &req.actor, &window)?.map(|recent| {
            let placed = PlacedComment::alone(recent.comment, recent.author);
            CommentResource::new(Comment::new(placed, &recent.post.slug, app.links()), &req.actor, with_source)
        });
        resource::list(app, &req, slice, fields.as_deref(), (Vec::new(), None))
    })
    .await
}
