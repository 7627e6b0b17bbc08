//! Categories and tags.

use crate::domain::actor::Role;
use crate::domain::category;
use crate::domain::token::TokenScope;
use crate::error::{Error, Result};
use crate::service::{App, ReadTxn, Scope, categories, posts, tags};
use crate::web::Site;
use crate::web::api::changes::MergeInput;
use crate::web::api::operation::{Operation, Wants};
use crate::web::api::perform;
use crate::web::api::query::{self, Fields, Reader};
use crate::web::api::resource::{self, CategoryResource, TagResource};
use crate::web::api::shape::Shape;
use crate::web::cache;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::{Rendered, Res};
use crate::web::wire::site::{Category, CategoryInput, Tag};
use http::Method;
use serde_json::json;
use std::sync::Arc;

const ONE: &str = "/api/v1/categories/{slug}";
const SLUG: &str = "The last part of its address.";

pub fn operations() -> Vec<Operation> {
    let mut operations = reading();
    operations.extend(writing());
    operations
}

fn reading() -> Vec<Operation> {
    let (category, tag) = (Shape::of::<CategoryResource>(), Shape::of::<TagResource>());
    vec![
        Operation::new(Method::GET, "/api/v1/categories", "list_categories", list)
            .about("List categories", "All of them, by name.")
            .tag("Categories")
            .fields(&category.names())
            .include(&["post_count"])
            .answers(200, "All of them; `next` is null.", Some(category.clone().sparse().list())),
        Operation::new(Method::GET, ONE, "get_category", show)
            .about("Read a category", "An address that it once had leads to the one it has now (301).")
            .tag("Categories")
            .path("slug", SLUG, "field-notes")
            .fields(&category.names())
            .include(&["post_count"])
            .answers(200, "It.", Some(category.sparse()))
            .header(
                "ETag",
                "Its version, for `If-None-Match` and, read without `fields` and `include`, for `If-Match`.",
            ),
        Operation::new(Method::GET, "/api/v1/tags", "list_tags", list_tags)
            .about("List tags", "All that a public post carries, by slug.")
            .tag("Tags")
            .fields(&tag.names())
            .answers(200, "All of them; `next` is null.", Some(tag.clone().sparse().list())),
        Operation::new(Method::GET, "/api/v1/tags/{slug}", "get_tag", show_tag)
            .about("Read a tag", "It exists as long as a public post carries it.")
            .tag("Tags")
            .path("slug", SLUG, "owls")
            .fields(&tag.names())
            .answers(200, "It.", Some(tag.sparse()))
            .header("ETag", "Its version, for `If-None-Match`."),
    ]
}

fn writing() -> Vec<Operation> {
    let (input, shape) = (Shape::of::<CategoryInput>(), Shape::of::<CategoryResource>());
    let all = vec![
        Operation::new(Method::POST, "/api/v1/categories", "create_category", perform::write)
            .about("Make a category", "")
            .reads(input.clone(), json!({ "name": "Field notes" }))
            .once()
            .answers(201, "It, as it is now.", Some(shape.clone()))
            .header("Location", "Its address in the API.")
            .header("ETag", "Its version."),
        Operation::new(Method::PUT, ONE, "replace_category", perform::write)
            .about("Replace a category", "What is left out gets its default. An earlier address redirects for ever.")
            .path("slug", SLUG, "field-notes")
            .conditional()
            .reads(
                input.clone(),
                json!({ "name": "Field notes", "slug": "field-notes", "description": "Seen outdoors." }),
            )
            .answers(200, "It, as it is now.", Some(shape.clone()))
            .header("ETag", "Its version."),
        Operation::new(Method::PATCH, ONE, "update_category", perform::write)
            .about("Change a category", "A JSON Merge Patch (RFC 7396): what is left out stays.")
            .path("slug", SLUG, "field-notes")
            .conditional()
            .patches(input, json!({ "description": "Seen outdoors." }))
            .answers(200, "It, as it is now.", Some(shape.clone()))
            .header("ETag", "Its version."),
        Operation::new(Method::DELETE, ONE, "delete_category", perform::write)
            .about("Delete a category", "Its posts stay, without one.")
            .path("slug", SLUG, "field-notes")
            .conditional()
            .answers(204, "It is gone.", None),
        Operation::new(Method::POST, "/api/v1/categories/{slug}/merge", "merge_category", perform::write)
            .about("Merge a category into another", "Its posts move there, it is gone, and its address leads there.")
            .path("slug", SLUG, "sightings")
            .reads(Shape::of::<MergeInput>(), json!({ "into": "field-notes" }))
            .once()
            .answers(200, "The category that took the posts.", Some(shape))
            .header("ETag", "Its version."),
    ];
    let wants = Wants::Scope(TokenScope::CategoriesWrite, Role::Editor);
    all.into_iter().map(|one| one.tag("Categories").wants(wants)).collect()
}

/// The parameters of categories.
const KNOWN: &[&str] = &["fields", "include"];

/// Which members are wanted, and whether the number of posts is.
fn asked(req: &Req) -> Result<(Fields, bool)> {
    let mut reader = Reader::new(req, KNOWN)?;
    let fields = reader.fields::<CategoryResource>();
    let name = "post_count".to_owned();
    let include = reader.names("include", std::slice::from_ref(&name)).unwrap_or_default();
    reader.finish()?;
    let counts = include.iter().chain(fields.iter().flatten()).any(|wanted| *wanted == name);
    Ok((fields, counts))
}

fn shown(app: &App, txn: &ReadTxn, category: &category::Category, counts: bool) -> Result<CategoryResource> {
    let post_count = counts.then(|| categories::public_posts(app, txn, category.id)).transpose()?;
    Ok(CategoryResource { category: Category::new(category, app.links()), post_count })
}

async fn list(site: Arc<Site>, req: Req) -> Result<Res> {
    let (fields, counts) = asked(&req)?;
    cache::get_or_render(&site, &req, KNOWN, |txn| {
        let app = &site.app;
        let slice = resource::whole(categories::all(txn)?).try_map(|category| shown(app, txn, &category, counts))?;
        let until = posts::next_publication(app, txn)?;
        resource::list(app, &req, slice, fields.as_deref(), (vec![Scope::Frame, Scope::Lists], until))
    })
    .await
}

async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    let (fields, counts) = asked(&req)?;
    cache::get_or_render(&site, &req, KNOWN, |txn| {
        let (app, slug) = (&site.app, req.param("slug")?);
        let category = match categories::by_slug(txn, slug) {
            Err(Error::NotFound(noun)) => {
                let category = categories::moved(txn, slug)?.ok_or(Error::NotFound(noun))?;
                return Ok(Rendered::Other(response::moved(&app.links().api_category(&category.slug))));
            }
            category => category?,
        };
        let shown = shown(app, txn, &category, counts)?;
        let until = posts::next_publication(app, txn)?;
        Ok(resource::one(&shown, fields.as_deref(), vec![Scope::Frame, Scope::Lists])?.until(until))
    })
    .await
}

async fn list_tags(site: Arc<Site>, req: Req) -> Result<Res> {
    let fields = query::sparse::<TagResource>(&req)?;
    cache::get_or_render(&site, &req, query::SPARSE, |txn| {
        let app = &site.app;
        let found = tags::all(app, txn)?;
        let slice = resource::whole(found)
            .map(|(tag, post_count)| TagResource { tag: Tag::new(&tag, app.links()), post_count });
        let until = posts::next_publication(app, txn)?;
        resource::list(app, &req, slice, fields.as_deref(), (vec![Scope::Lists], until))
    })
    .await
}

async fn show_tag(site: Arc<Site>, req: Req) -> Result<Res> {
    let fields = query::sparse::<TagResource>(&req)?;
    cache::get_or_render(&site, &req, query::SPARSE, |txn| {
        let app = &site.app;
        let (tag, post_count) = tags::by_slug(app, txn, req.param("slug")?)?;
        let shown = TagResource { tag: Tag::new(&tag, app.links()), post_count };
        let until = posts::next_publication(app, txn)?;
        Ok(resource::one(&shown, fields.as_deref(), vec![Scope::Lists])?.until(until))
    })
    .await
}
