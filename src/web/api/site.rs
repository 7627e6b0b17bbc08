//! Settings of the site and the addresses that content once had.

use crate::domain::actor::Role;
use crate::domain::token::TokenScope;
use crate::error::Result;
use crate::service::change::Seen;
use crate::service::{redirects, settings};
use crate::web::Site;
use crate::web::api::changes::{Shown, matches};
use crate::web::api::operation::{Operation, Wants};
use crate::web::api::perform;
use crate::web::api::query;
use crate::web::api::resource;
use crate::web::api::shape::Shape;
use crate::web::cache;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use crate::web::strict;
use crate::web::wire::site::{Redirect, Settings, SettingsInput};
use http::{Method, StatusCode};
use serde_json::json;
use std::sync::Arc;

const SETTINGS: &str = "/api/v1/settings";

pub fn operations() -> Vec<Operation> {
    let (input, shape) = (Shape::of::<SettingsInput>(), Shape::of::<Settings>());
    let redirect = Shape::of::<Redirect>();
    let writes = Wants::Scope(TokenScope::SettingsWrite, Role::Administrator);
    let whole = json!({
        "title": "Field notes",
        "tagline": "Seen outdoors",
        "time_zone": "Europe/Berlin",
        "posts_per_page": 10,
        "signup_open": true,
        "navigation": [{ "label": "Archive", "address": "/archive" }],
        "language": "en",
    });
    vec![
        Operation::new(Method::GET, SETTINGS, "get_settings", show)
            .about("Read the settings", "")
            .tag("Settings")
            .wants(Wants::Scope(TokenScope::SettingsRead, Role::Administrator))
            .fields(&shape.names())
            .answers(200, "They.", Some(shape.clone().sparse()))
            .header("ETag", "Their version, for `If-None-Match` and, read without `fields`, for `If-Match`."),
        Operation::new(Method::PUT, SETTINGS, "replace_settings", update)
            .about("Replace the settings", "What is left out gets its default.")
            .tag("Settings")
            .wants(writes)
            .conditional()
            .reads(input.clone(), whole)
            .answers(200, "They, as they are now.", Some(shape.clone()))
            .header("ETag", "Their version."),
        Operation::new(Method::PATCH, SETTINGS, "update_settings", update)
            .about("Change settings", "A JSON Merge Patch (RFC 7396): what is left out stays.")
            .tag("Settings")
            .wants(writes)
            .conditional()
            .patches(input, json!({ "tagline": "Seen outdoors" }))
            .answers(200, "They, as they are now.", Some(shape))
            .header("ETag", "Their version."),
        Operation::new(Method::GET, "/api/v1/redirects", "list_redirects", list_redirects)
            .about(
                "List redirects",
                "Addresses that posts, pages and categories once had, in the order of their bytes.",
            )
            .tag("Redirects")
            .wants(Wants::Scope(TokenScope::PostsRead, Role::Editor))
            .paged()
            .fields(&redirect.names())
            .answers(200, "Part of the list.", Some(redirect.sparse().list()))
            .header("Link", "The beginning of the list (`first`) and its next part (`next`), RFC 8288."),
    ]
}

async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    let fields = query::sparse::<Settings>(&req)?;
    cache::get_or_render(&site, &req, query::SPARSE, |txn| {
        let stored = settings::editable(txn, &req.actor)?;
        resource::one(&Settings::new(&stored, site.app.links()), fields.as_deref(), Vec::new())
    })
    .await
}

async fn update(site: Arc<Site>, mut req: Req) -> Result<Res> {
    perform::begin(&req)?;
    let links = site.app.links();
    let stored = settings::changeable(&site.app.read()?, &req.actor)?;
    matches(req.header("if-match"), &response::json_bytes(&Settings::new(&stored, links))?)?;
    let sent = strict::parse(&req.bytes().await?)?;
    let is_patch = req.method == Method::PATCH;
    let (input, faults): (SettingsInput, _) =
        if is_patch { strict::read_patched(&SettingsInput::of(&stored), sent)? } else { strict::read(sent)? };
    let change = async {
        let (patch, logo) = input.typed()?;
        settings::update(&site.app, &req.actor, &patch, logo).await
    };
    let change = faults.join(change.await)?;
    let stored = change.if_still(Seen::Settings(Box::new(stored))).commit(&site.app, req.payers()).await?;
    let body = response::json_bytes(&Settings::new(&stored, links))?;
    Ok(perform::with_thing((StatusCode::OK, false), Some(Shown { location: String::new(), body })))
}

async fn list_redirects(site: Arc<Site>, req: Req) -> Result<Res> {
    let (window, fields) = query::paged::<Redirect>(&req)?;
    cache::get_or_render(&site, &req, query::PAGED, |txn| {
        let slice = redirects::slice(&site.app, txn, &req.actor, &window)?;
        let slice = slice.map(|(path, url)| Redirect { path, url });
        resource::list(&site.app, &req, slice, fields.as_deref(), (Vec::new(), None))
    })
    .await
}
