//! Comments.

use crate::domain::actor::Role;
use crate::domain::comment::PlacedComment;
use crate::domain::id::CommentId;
use crate::domain::post::Kind;
use crate::domain::token::TokenScope;
use crate::error::{Error, Result};
use crate::service::{comments, posts};
use crate::web::Site;
use crate::web::api::operation::{Operation, Wants};
use crate::web::api::perform;
use crate::web::api::query;
use crate::web::api::resource;
use crate::web::api::shape::Shape;
use crate::web::cache;
use crate::web::request::Req;
use crate::web::response::Res;
use crate::web::wire::comments::{Comment, CommentInput, CommentPatch};
use http::Method;
use serde_json::json;
use std::sync::Arc;

/// A comment in which every character is escaped.
const COMMENT_LIMIT: u64 = 128 * 1024;
const ALL: &str = "/api/v1/posts/{slug}/comments";
const ONE: &str = "/api/v1/posts/{slug}/comments/{id}";

pub fn operations() -> Vec<Operation> {
    let all = reading().into_iter().chain(writing());
    all.map(|one| one.tag("Comments").body_limit(COMMENT_LIMIT)).collect()
}

fn reading() -> Vec<Operation> {
    let shape = Shape::of::<Comment>();
    let names = shape.names();
    vec![
        Operation::new(Method::GET, ALL, "list_comments", list)
            .about(
                "List the comments of a post",
                "In the order of the threads, each thread in the order written. Deleted comments that have replies keep \
                 their places.",
            )
            .path("slug", "The slug of the post.", "owls-at-night")
            .paged()
            .fields(&names)
            .answers(200, "Part of the list.", Some(shape.clone().sparse().list()))
            .header("Link", "The beginning of the list (`first`) and its next part (`next`), RFC 8288."),
        Operation::new(Method::GET, ONE, "get_comment", show)
            .about("Read a comment", "")
            .path("slug", "The slug of the post.", "owls-at-night")
            .path("id", "The `id` of the comment.", "12")
            .fields(&names)
            .answers(200, "It.", Some(shape.clone().sparse()))
            .header("ETag", "Its version, for `If-None-Match` and, read without `fields`, for `If-Match`."),
        Operation::new(Method::GET, "/api/v1/comments", "list_recent_comments", recent)
            .about("List the comments of all posts", "Newest first, deleted ones left out: for those who moderate.")
            .wants(Wants::Scope(TokenScope::CommentsRead, Role::Editor))
            .paged()
            .fields(&names)
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
            .reads(Shape::of::<CommentInput>(), json!({ "body": "They *hoot*." }))
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
            .patches(Shape::of::<CommentPatch>(), json!({ "body": "They *hoot* at dusk." }))
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

async fn list(site: Arc<Site>, req: Req) -> Result<Res> {
    let (window, fields) = query::paged::<Comment>(&req)?;
    cache::get_or_render(&site, &req, query::PAGED, |txn| {
        let app = &site.app;
        let head = posts::visible(app, txn, &req.actor, Kind::Post, req.param("slug")?)?;
        let slice = comments::slice(txn, head.id, &window)?;
        let slice = slice.map(|placed| Comment::new(placed, &head.slug, app.links()));
        resource::list(app, &req, slice, fields.as_deref(), (posts::scopes(&head), None))
    })
    .await
}

async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    let fields = query::sparse::<Comment>(&req)?;
    cache::get_or_render(&site, &req, query::SPARSE, |txn| {
        let app = &site.app;
        let head = posts::visible(app, txn, &req.actor, Kind::Post, req.param("slug")?)?;
        let id = CommentId::parse(req.param("id")?).ok_or(Error::NotFound("comment"))?;
        let comment = Comment::new(comments::by_id(txn, head.id, id)?, &head.slug, app.links());
        resource::one(&comment, fields.as_deref(), posts::scopes(&head))
    })
    .await
}

async fn recent(site: Arc<Site>, req: Req) -> Result<Res> {
    let (window, fields) = query::paged::<Comment>(&req)?;
    cache::get_or_render(&site, &req, query::PAGED, |txn| {
        let app = &site.app;
        let slice = comments::recent_slice(txn, &req.actor, &window)?.map(|recent| {
            Comment::new(PlacedComment::alone(recent.comment, recent.author), &recent.post.slug, app.links())
        });
        resource::list(app, &req, slice, fields.as_deref(), (Vec::new(), None))
    })
    .await
}
