//! Accounts, as administrators see to them.

use crate::domain::actor::Role;
use crate::domain::token::TokenScope;
use crate::error::Result;
use crate::service::change::Seen;
use crate::service::{resets, users};
use crate::web::Site;
use crate::web::api::changes::{Outcome, Shown, matches_user};
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
use crate::web::wire::people::{ResetLink, User, UserInput, UserPatch};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

const ONE: &str = "/api/v1/users/{username}";
const NAME: &str = "The user name.";

/// A new password for somebody else.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordInput {
    /// At most 71 bytes of UTF-8 in NFC, and none of the most common passwords.
    #[schema(format = Password, min_length = 8, example = "correct horse battery")]
    pub password: String,
    /// Whether the API tokens of the account stay; otherwise they are revoked.
    #[serde(default)]
    pub keep_tokens: bool,
}

pub fn operations() -> Vec<Operation> {
    let shape = Shape::of::<User>();
    let names = shape.names();
    let reads = Wants::Scope(TokenScope::UsersRead, Role::Administrator);
    let writes = Wants::Scope(TokenScope::UsersWrite, Role::Administrator);
    let all = vec![
        Operation::new(Method::GET, "/api/v1/users", "list_users", list)
            .about("List accounts", "In the order they came.")
            .wants(reads)
            .paged()
            .fields(&names)
            .answers(200, "Part of the list.", Some(shape.clone().sparse().list()))
            .header("Link", "The beginning of the list (`first`) and its next part (`next`), RFC 8288."),
        Operation::new(Method::POST, "/api/v1/users", "create_user", create)
            .about("Make an account", "For somebody else, with a first password. No token may make an administrator.")
            .wants(writes)
            .reads(
                Shape::of::<UserInput>(),
                json!({ "username": "grace", "password": "correct horse battery", "role": "author" }),
            )
            .once()
            .answers(201, "It.", Some(shape.clone()))
            .header("Location", "Its address in the API.")
            .header("ETag", "Its version."),
        Operation::new(Method::GET, ONE, "get_user", show)
            .about("Read an account", "")
            .wants(reads)
            .path("username", NAME, "grace")
            .fields(&names)
            .answers(200, "It.", Some(shape.clone().sparse()))
            .header("ETag", "Its version, for `If-None-Match` and, read without `fields`, for `If-Match`."),
        Operation::new(Method::PATCH, ONE, "update_user", update)
            .about(
                "Change what an account may do",
                "The last administrator stays one. No token may make an administrator.",
            )
            .wants(writes)
            .path("username", NAME, "grace")
            .conditional()
            .conflicts()
            .patches(Shape::of::<UserPatch>(), json!({ "role": "editor" }))
            .answers(200, "It, as it is now.", Some(shape))
            .header("ETag", "Its version."),
        Operation::new(Method::POST, "/api/v1/users/{username}/password", "set_password", set_password)
            .about("Give somebody a new password", "Signs them out everywhere and revokes their API tokens. No token may do this.")
            .wants(Wants::Session)
            .path("username", NAME, "grace")
            .reads(Shape::of::<PasswordInput>(), json!({ "password": "correct horse battery" }))
            .answers(204, "It is changed.", None),
        Operation::new(Method::POST, "/api/v1/users/{username}/reset", "create_reset_link", reset)
            .about(
                "Make a link to a new password",
                "Whoever opens it chooses a new password for the account, once and within a day. It takes the place of an \
                 earlier one. An `Idempotency-Key` is refused, as secrets are not kept. No token may make one for an \
                 administrator.",
            )
            .wants(writes)
            .conflicts()
            .path("username", NAME, "grace")
            .answers(200, "It.", Some(Shape::of::<ResetLink>())),
    ];
    all.into_iter().map(|one| one.tag("Users")).collect()
}

async fn list(site: Arc<Site>, req: Req) -> Result<Res> {
    let (window, fields) = query::paged::<User>(&req)?;
    cache::get_or_render(&site, &req, query::PAGED, |txn| {
        let slice = users::slice(txn, &req.actor, &window)?.map(|user| User::new(&user, site.app.links()));
        resource::list(&site.app, &req, slice, fields.as_deref(), (Vec::new(), None))
    })
    .await
}

async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    let fields = query::sparse::<User>(&req)?;
    cache::get_or_render(&site, &req, query::SPARSE, |txn| {
        let user = users::by_username(txn, &req.actor, req.param("username")?)?;
        resource::one(&User::new(&user, site.app.links()), fields.as_deref(), Vec::new())
    })
    .await
}

async fn create(site: Arc<Site>, mut req: Req) -> Result<Res> {
    perform::begin(&req)?;
    if !req.actor.can_manage_users() {
        return Err(req.actor.refusal(TokenScope::UsersWrite));
    }
    let bytes = req.bytes().await?;
    let once = perform::once(&req, &bytes)?;
    let add = async {
        let (input, faults) = strict::read::<UserInput>(strict::parse(&bytes)?)?;
        let (role, input) = (input.role.into(), input.into());
        // With a member at fault nothing comes of it, and a password is hashed for nothing.
        faults.join(users::check(&req.actor, &input, role))?;
        let change = users::add(&site.app, &req.actor, &input, role).await?;
        Ok(change.map(|user| Outcome::User { id: user.id.0 }))
    };
    let done = perform::run(&site, req.payers(), once, add).await?;
    perform::answer(&site, &req.actor, StatusCode::CREATED, done)
}

async fn update(site: Arc<Site>, mut req: Req) -> Result<Res> {
    perform::begin(&req)?;
    let user = users::manageable(&site.app.read()?, &req.actor, req.param("username")?)?;
    let shown = User::new(&user, site.app.links());
    matches_user(req.header("if-match"), &user, &req.actor, site.app.links())?;
    let patch = strict::parse(&req.bytes().await?)?;
    let stored = json!({ "role": shown.role, "disabled": shown.disabled });
    let patch: UserPatch = strict::patched(&stored, patch)?;
    let change = users::set_access(&req.actor, user.id, patch.role.into(), patch.disabled)?;
    let user = change.if_still(Seen::User(Box::new(user))).commit(&site.app, req.payers()).await?;
    Ok(perform::with_thing((StatusCode::OK, false), Some(Shown::user(&user, &req.actor, site.app.links())?)))
}

async fn set_password(site: Arc<Site>, mut req: Req) -> Result<Res> {
    perform::begin(&req)?;
    perform::never_once(&req)?;
    req.actor.in_session()?;
    let user = users::manageable(&site.app.read()?, &req.actor, req.param("username")?)?;
    let input: PasswordInput = strict::typed(strict::parse(&req.bytes().await?)?)?;
    site.app
        .commit_for(
            req.payers(),
            resets::set_password(&site.app, &req.actor, user.id, &input.password, input.keep_tokens).await,
        )
        .await?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}

async fn reset(site: Arc<Site>, req: Req) -> Result<Res> {
    perform::begin(&req)?;
    perform::never_once(&req)?;
    let user = users::manageable(&site.app.read()?, &req.actor, req.param("username")?)?;
    let issued = site.app.commit_for(req.payers(), resets::issue(&site.app, &req.actor, user.id)).await?;
    response::json(StatusCode::OK, &ResetLink::new(&issued, site.app.links()))
}
