//! Posts and pages.

use crate::domain::actor::Role;
use crate::domain::post::{Kind, PostFilter};
use crate::error::Result;
use crate::service::{comments, posts};
use crate::web::Site;
use crate::web::api::operation::{Operation, Wants};
use crate::web::api::perform;
use crate::web::api::query::Reader;
use crate::web::api::resource::{self, LongText, PostResource};
use crate::web::api::shape::Shape;
use crate::web::cache;
use crate::web::request::Req;
use crate::web::response::Res;
use crate::web::wire::posts::{Post, PostInput, StatusFilter};
use http::Method;
use serde_json::json;
use std::sync::Arc;

/// Largest body: a text of which every character is escaped twice.
const POST_LIMIT: u64 = 9_000_000;
const STATUSES: &str = "published, draft, scheduled, all";

/// What differs between the two kinds.
struct Words {
    kind: Kind,
    tag: &'static str,
    all: &'static str,
    one: &'static str,
}

const POSTS: Words = Words { kind: Kind::Post, tag: "Posts", all: "/api/v1/posts", one: "/api/v1/posts/{slug}" };
const PAGES: Words = Words { kind: Kind::Page, tag: "Pages", all: "/api/v1/pages", one: "/api/v1/pages/{slug}" };

pub fn operations() -> Vec<Operation> {
    [POSTS, PAGES].iter().flat_map(of_kind).collect()
}

fn of_kind(words: &Words) -> Vec<Operation> {
    let mut operations = reading(words);
    operations.extend(writing(words));
    operations
}

fn reading(words: &Words) -> Vec<Operation> {
    let (kind, noun) = (words.kind, words.kind.as_str());
    let shape = Shape::of::<PostResource>();
    let names = shape.names();
    let list = Operation::new(Method::GET, words.all, format!("list_{noun}s"), move |site, req| list(site, req, kind))
        .about(
            format!("List {noun}s"),
            "What everybody sees, newest publication first (pages: newest made first). With `status`, those who write \
             list what is not public yet, newest made first: authors their own, editors all. Texts are not among the \
             members unless `include` asks for them.",
        )
        .wants(Wants::Optional(kind.read_scope()))
        .paged()
        .query(
            "status",
            "Which by where they stand; any but `published` is for those who write.",
            json!({ "type": "string", "enum": ["published", "draft", "scheduled", "all"], "default": "published" }),
        )
        .query("category", "Only those in the category of this slug.", json!({ "type": "string" }))
        .query("tag", "Only those that carry the tag of this slug.", json!({ "type": "string" }))
        .query("author", "Only those of the account of this user name.", json!({ "type": "string" }))
        .fields(&names)
        .include(&["html", "source", "comment_count"])
        .answers(200, "Part of the list.", Some(shape.clone().sparse().list()))
        .header("Link", "The beginning of the list (`first`) and its next part (`next`), RFC 8288.");
    let one = Operation::new(Method::GET, words.one, format!("get_{noun}"), move |site, req| show(site, req, kind))
        .about(
            format!("Read a {noun}"),
            "With its text as HTML. A draft or scheduled one is there for those who may see it, for others not. An \
             address that it once had leads to the one it has now (301).",
        )
        .wants(Wants::Optional(kind.read_scope()))
        .path("slug", "The last part of its address.", "owls-at-night")
        .fields(&names)
        .include(&["source", "comment_count"])
        .answers(200, "It.", Some(shape.sparse()))
        .header("ETag", "Its version, for `If-None-Match` and, read without `fields` and `include`, for `If-Match`.");
    vec![list.tag(words.tag), one.tag(words.tag)]
}

fn writing(words: &Words) -> Vec<Operation> {
    let (kind, noun) = (words.kind, words.kind.as_str());
    let wants = Wants::Scope(kind.write_scope(), if kind == Kind::Post { Role::Author } else { Role::Editor });
    let (input, shape) = (Shape::of::<PostInput>(), Shape::of::<PostResource>());
    let slug = "The last part of its address.";
    let whole =
        json!({ "title": "Owls at night", "source": "They **hoot**.", "tags": ["Owls"], "status": "published" });
    let all = vec![
        Operation::new(Method::POST, words.all, format!("create_{noun}"), perform::write)
            .about(
                format!("Write a {noun}"),
                "A draft, unless `status` says otherwise. With a `published_at` to come it is scheduled.",
            )
            .reads(input.clone(), whole.clone())
            .once()
            .answers(201, "It, as it is now.", Some(shape.clone()))
            .header("Location", "Its address in the API.")
            .header("ETag", "Its version."),
        Operation::new(Method::PUT, words.one, format!("replace_{noun}"), perform::write)
            .about(
                format!("Replace a {noun}"),
                "What is left out gets its default. The text before is kept as a revision.",
            )
            .path("slug", slug, "owls-at-night")
            .conditional()
            .reads(input.clone(), whole)
            .answers(200, "It, as it is now.", Some(shape.clone()))
            .header("ETag", "Its version."),
        Operation::new(Method::PATCH, words.one, format!("update_{noun}"), perform::write)
            .about(
                format!("Change a {noun}"),
                "A JSON Merge Patch (RFC 7396): what is left out stays, null gives the default. With `status` it is \
                 published or made a draft again.",
            )
            .path("slug", slug, "owls-at-night")
            .conditional()
            .patches(input, json!({ "title": "Owls by night" }))
            .answers(200, "It, as it is now.", Some(shape))
            .header("ETag", "Its version."),
        Operation::new(Method::DELETE, words.one, format!("delete_{noun}"), perform::write)
            .about(format!("Delete a {noun}"), "With its conversation and its revisions, for ever.")
            .path("slug", slug, "owls-at-night")
            .conditional()
            .answers(204, "It is gone.", None),
    ];
    all.into_iter().map(|one| one.tag(words.tag).wants(wants).body_limit(POST_LIMIT)).collect()
}

/// What is shown beside the usual.
struct Extras {
    html: bool,
    source: bool,
    comment_count: bool,
}

impl Extras {
    fn read(reader: &mut Reader<'_>, known: &[&str], fields: Option<&[String]>) -> Extras {
        let include = reader.names("include", known).unwrap_or_default();
        // To name a member is to ask for it.
        let wants = |name: &str| include.iter().chain(fields.into_iter().flatten()).any(|wanted| wanted == name);
        Extras { html: wants("html"), source: wants("source"), comment_count: wants("comment_count") }
    }
}

async fn list(site: Arc<Site>, req: Req, kind: Kind) -> Result<Res> {
    const KNOWN: &[&str] = &["limit", "after", "status", "category", "tag", "author", "fields", "include"];
    let mut reader = Reader::new(&req, KNOWN)?;
    let window = reader.window();
    let fields = reader.fields::<PostResource>();
    let extras = Extras::read(&mut reader, &["html", "source", "comment_count"], fields.as_deref());
    let filter = PostFilter {
        kind,
        state: reader.word::<StatusFilter>("status", STATUSES).into(),
        category: reader.text("category"),
        tag: reader.text("tag"),
        author: reader.text("author"),
    };
    reader.finish()?;
    cache::get_or_render(&site, &req, KNOWN, |txn| {
        let app = &site.app;
        let slice = posts::slice(app, txn, &req.actor, &filter, &window)?;
        let cards: Vec<_> = slice.items.iter().map(|(_, card)| card.clone()).collect();
        let slice = slice.try_map(|card| {
            let html = if extras.html { Some(posts::view(app, txn, card.head.clone())?.body) } else { None };
            Ok(PostResource {
                html: html.map(LongText),
                source: extras.source.then(|| posts::source(txn, &req.actor, &card.head)).transpose()?,
                comment_count: extras.comment_count.then_some(card.comments),
                post: Post::new(card, app.links(), app.now()),
            })
        })?;
        let until = posts::next_appearance(app, txn, kind)?;
        resource::list(app, &req, slice, fields.as_deref(), (posts::list_scopes(&cards), until))
    })
    .await
}

async fn show(site: Arc<Site>, req: Req, kind: Kind) -> Result<Res> {
    const KNOWN: &[&str] = &["fields", "include"];
    let mut reader = Reader::new(&req, KNOWN)?;
    let fields = reader.fields::<PostResource>();
    let extras = Extras::read(&mut reader, &["source", "comment_count"], fields.as_deref());
    reader.finish()?;
    cache::get_or_render(&site, &req, KNOWN, |txn| {
        let (app, slug) = (&site.app, req.param("slug")?);
        let head = posts::visible(app, txn, &req.actor, kind, slug)?;
        if let Some(moved) = resource::moved(app, &req, &head)? {
            return Ok(moved);
        }
        let source = extras.source.then(|| posts::source(txn, &req.actor, &head)).transpose()?;
        let comment_count = extras.comment_count.then(|| comments::count(txn, head.id)).transpose()?;
        let scopes = posts::scopes(&head);
        let whole = PostResource { source, comment_count, ..PostResource::whole(app, txn, head)? };
        resource::one(&whole, fields.as_deref(), scopes)
    })
    .await
}
