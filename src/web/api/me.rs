//! The own account: profile, password, sessions, tokens; signing in and out.

use crate::domain::actor::Role;
use crate::domain::id::TokenId;
use crate::domain::token::TokenScope;
use crate::error::{Error, Result};
use crate::service::auth;
use crate::service::change::Seen;
use crate::service::tokens;
use crate::service::users::{self, NewPassword};
use crate::web::Site;
use crate::web::api::changes::{Shown, matches_user};
use crate::web::api::operation::{JSON, Operation, Wants};
use crate::web::api::perform;
use crate::web::api::query::{self, Reader};
use crate::web::api::resource;
use crate::web::api::shape::Shape;
use crate::web::cache;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use crate::web::strict;
use crate::web::wire::people::{ProfileInput, Session, Token, TokenInput, User};
use http::header::{HeaderValue, LOCATION};
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// A name with its password.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionInput {
    /// A user name or an e-mail address.
    #[schema(example = "ada")]
    pub username: String,
    #[schema(format = Password, example = "correct horse battery")]
    pub password: String,
}

/// A new password of one's own.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    #[schema(format = Password, example = "correct horse battery")]
    pub current_password: String,
    /// At most 71 bytes of UTF-8 in NFC, and none of the most common passwords.
    #[schema(format = Password, min_length = 8, example = "battery horse correct")]
    pub new_password: String,
    /// Whether one's API tokens end, too.
    #[serde(default)]
    pub revoke_tokens: bool,
}

/// A new token with its secret, which is told this once.
#[derive(Serialize, ToSchema)]
pub struct IssuedToken {
    #[serde(flatten)]
    pub token: Token,
    /// To be sent as `Authorization: Bearer …`.
    pub secret: String,
}

pub fn operations() -> Vec<Operation> {
    let mut all = account();
    all.extend(sessions());
    all.extend(tokens_of_account());
    all
}

fn account() -> Vec<Operation> {
    let (input, shape) = (Shape::of::<ProfileInput>(), Shape::of::<User>());
    let reads = Wants::Scope(TokenScope::AccountRead, Role::Reader);
    let writes = Wants::Scope(TokenScope::AccountWrite, Role::Reader);
    let all = vec![
        Operation::new(Method::GET, "/api/v1/me", "get_me", show)
            .about("Read the own account", "")
            .wants(reads)
            .fields(&shape.names())
            .answers(200, "It.", Some(shape.clone().sparse()))
            .header("ETag", "Its version, for `If-None-Match` and, read without `fields`, for `If-Match`."),
        Operation::new(Method::PUT, "/api/v1/me", "replace_me", update)
            .about("Replace the own profile", "What is left out gets its default.")
            .wants(writes)
            .conditional()
            .reads(input.clone(), json!({ "display_name": "Ada", "bio": "Watches owls." }))
            .answers(200, "The account, as it is now.", Some(shape.clone()))
            .header("ETag", "Its version."),
        Operation::new(Method::PATCH, "/api/v1/me", "update_me", update)
            .about("Change the own profile", "A JSON Merge Patch (RFC 7396): what is left out stays.")
            .wants(writes)
            .conditional()
            .patches(input, json!({ "bio": "Watches owls." }))
            .answers(200, "The account, as it is now.", Some(shape))
            .header("ETag", "Its version."),
        Operation::new(Method::POST, "/api/v1/me/password", "change_password", password)
            .about("Change the own password", "Ends all other sessions. No token may do this.")
            .wants(Wants::Session)
            .conflicts()
            .reads(
                Shape::of::<PasswordChange>(),
                json!({ "current_password": "correct horse battery", "new_password": "battery horse correct" }),
            )
            .answers(204, "It is changed.", None),
    ];
    all.into_iter().map(|one| one.tag("Me")).collect()
}

fn sessions() -> Vec<Operation> {
    let shape = Shape::of::<Session>();
    let all = vec![
        Operation::new(Method::POST, "/api/v1/sessions", "sign_in", sign_in)
            .about("Sign in", "Sets the cookie of a session, as the login form does.")
            .reads(Shape::of::<SessionInput>(), json!({ "username": "ada", "password": "correct horse battery" }))
            .answers(201, "The account.", Some(Shape::of::<User>()))
            .header("Set-Cookie", "The session.")
            .header("Location", "Its address in the API."),
        Operation::new(Method::GET, "/api/v1/sessions/current", "get_current_session", show_current_session)
            .about("Read about the session that asks", "")
            .wants(Wants::Session)
            .fields(&shape.names())
            .answers(200, "It.", Some(shape.clone().sparse())),
        Operation::new(Method::DELETE, "/api/v1/sessions/current", "sign_out", sign_out)
            .about("Sign out", "Ends the session that asks.")
            .wants(Wants::Session)
            .answers(204, "It is ended.", None)
            .header("Set-Cookie", "Takes the cookie back."),
        Operation::new(Method::GET, "/api/v1/me/sessions", "list_sessions", list_sessions)
            .about("List where the own account is signed in", "All of them, the one that asks first.")
            .wants(Wants::Scope(TokenScope::AccountRead, Role::Reader))
            .fields(&shape.names())
            .answers(200, "All of them; `next` is null.", Some(shape.clone().sparse().list())),
        Operation::new(Method::GET, "/api/v1/me/sessions/{id}", "get_session", show_session)
            .about("Read about one of the own sessions", "")
            .wants(Wants::Scope(TokenScope::AccountRead, Role::Reader))
            .path("id", "The `id` of the session.", "0123456789abcdef")
            .fields(&shape.names())
            .answers(200, "It.", Some(shape.sparse())),
        Operation::new(Method::DELETE, "/api/v1/me/sessions/{id}", "end_session", end_session)
            .about("End one of the own sessions", "")
            .wants(Wants::Session)
            .path("id", "The `id` of the session.", "0123456789abcdef")
            .answers(204, "It is ended.", None),
        Operation::new(Method::DELETE, "/api/v1/me/sessions", "end_sessions", end_sessions)
            .about("End all of the own sessions", "The one that asks too.")
            .wants(Wants::Session)
            .answers(204, "They are ended.", None)
            .header("Set-Cookie", "Takes the cookie back."),
    ];
    all.into_iter().map(|one| one.tag("Sessions")).collect()
}

fn tokens_of_account() -> Vec<Operation> {
    let shape = Shape::of::<Token>();
    let all = vec![
        Operation::new(Method::GET, "/api/v1/me/tokens", "list_tokens", list_tokens)
            .about("List the own tokens", "All of them, newest first, expired ones too, without their secrets.")
            .wants(Wants::Scope(TokenScope::AccountRead, Role::Reader))
            .fields(&shape.names())
            .answers(200, "All of them; `next` is null.", Some(shape.clone().sparse().list())),
        Operation::new(Method::GET, "/api/v1/me/tokens/{id}", "get_token", show_token)
            .about("Read about one of the own tokens", "Without its secret, which is told once.")
            .wants(Wants::Scope(TokenScope::AccountRead, Role::Reader))
            .path("id", "The `id` of the token.", "2")
            .fields(&shape.names())
            .answers(200, "It.", Some(shape.sparse())),
        Operation::new(Method::POST, "/api/v1/me/tokens", "create_token", create_token)
            .about(
                "Make a token",
                "Its secret is told this once; an `Idempotency-Key` is refused, as secrets are not kept. No token may make \
                 another.",
            )
            .wants(Wants::Session)
            .conflicts()
            .reads(
                Shape::of::<TokenInput>(),
                json!({ "name": "Backup script", "scopes": ["posts:read", "media:read"], "expires_in_days": 90 }),
            )
            .answers(201, "It, with its secret.", Some(Shape::of::<IssuedToken>()))
            .header("Location", "Its address in the API."),
        Operation::new(Method::DELETE, "/api/v1/me/tokens/{id}", "revoke_token", revoke_token)
            .about("Revoke a token", "At once. A token may revoke itself, and no other.")
            .wants(Wants::Member)
            .path("id", "The `id` of the token.", "2")
            .answers(204, "It is revoked.", None),
    ];
    all.into_iter().map(|one| one.tag("Tokens")).collect()
}

async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    let fields = query::sparse::<User>(&req)?;
    cache::get_or_render(&site, &req, query::SPARSE, |txn| {
        let user = users::me(txn, &req.actor)?;
        resource::one(&User::new(&user, site.app.links()), fields.as_deref(), Vec::new())
    })
    .await
}

async fn update(site: Arc<Site>, mut req: Req) -> Result<Res> {
    perform::begin(&req)?;
    let user = users::own(&site.app.read()?, &req.actor)?;
    let links = site.app.links();
    matches_user(req.header("if-match"), &user, &req.actor, links)?;
    let sent = strict::parse(&req.bytes().await?)?;
    let is_patch = req.method == Method::PATCH;
    let (input, faults): (ProfileInput, _) =
        if is_patch { strict::read_patched(&ProfileInput::of(&user), sent)? } else { strict::read(sent)? };
    let change = faults.join(users::update_profile(&req.actor, &input.into()))?;
    let user = change.if_still(Seen::User(Box::new(user))).commit(&site.app, req.payers()).await?;
    Ok(perform::with_thing((StatusCode::OK, false), Some(Shown::user(&user, &req.actor, links)?)))
}

async fn password(site: Arc<Site>, mut req: Req) -> Result<Res> {
    perform::begin(&req)?;
    perform::never_once(&req)?;
    req.actor.in_session()?;
    let input: PasswordChange = strict::typed(strict::parse(&req.bytes().await?)?)?;
    let wish = NewPassword {
        current: &input.current_password,
        new: &input.new_password,
        revoke_tokens: input.revoke_tokens,
        payers: req.payers(),
    };
    users::change_password(&site.app, &req.actor, wish).await?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}

async fn sign_in(site: Arc<Site>, mut req: Req) -> Result<Res> {
    Reader::new(&req, &[])?.finish()?;
    perform::never_once(&req)?;
    let input: SessionInput = strict::typed(strict::parse(&req.bytes().await?)?)?;
    let login = auth::Login {
        name: &input.username,
        password: &input.password,
        address: req.client(),
        user_agent: req.header("user-agent").unwrap_or(""),
        devices: site.session.devices(&req.headers, req.is_https()),
    };
    let signed_in = auth::sign_in(&site.app, login).await?;
    let actor = auth::actor(&site.app, &signed_in.token)?;
    let user = users::me(&site.app.read()?, &actor)?;
    let mut res = response::json(StatusCode::CREATED, &User::new(&user, site.app.links()))?;
    site.session.remember(res.headers_mut(), &signed_in.token, req.is_https());
    let location = HeaderValue::try_from(site.app.links().api_session());
    res.headers_mut().extend(location.ok().map(|location| (LOCATION, location)));
    Ok(res)
}

async fn sign_out(site: Arc<Site>, req: Req) -> Result<Res> {
    perform::begin(&req)?;
    req.actor.in_session()?;
    auth::sign_out(&site.app, &req.actor).await?;
    Ok(without_cookie(&site, &req))
}

fn without_cookie(site: &Site, req: &Req) -> Res {
    let mut res = response::empty(StatusCode::NO_CONTENT);
    site.session.forget(&req.headers, res.headers_mut(), req.is_https());
    res
}

async fn list_sessions(site: Arc<Site>, req: Req) -> Result<Res> {
    let fields = query::sparse::<Session>(&req)?;
    cache::get_or_render(&site, &req, query::SPARSE, |txn| {
        let own = req.actor.in_session().ok().map(|(_, key)| key);
        let found = auth::sessions(&site.app, txn, &req.actor)?;
        let slice = resource::whole(found.iter().map(|session| Session::new(session, own)).collect());
        resource::list(&site.app, &req, slice, fields.as_deref(), (Vec::new(), None))
    })
    .await
}

async fn show_session(site: Arc<Site>, req: Req) -> Result<Res> {
    one_session(&site, &req, req.param("id")?).await
}

async fn show_current_session(site: Arc<Site>, req: Req) -> Result<Res> {
    let (_, own) = req.actor.in_session()?;
    one_session(&site, &req, &own.short()).await
}

async fn one_session(site: &Site, req: &Req, id: &str) -> Result<Res> {
    let fields = query::sparse::<Session>(req)?;
    cache::get_or_render(site, req, query::SPARSE, |txn| {
        let own = req.actor.in_session().ok().map(|(_, key)| key);
        let session = auth::session(&site.app, txn, &req.actor, id)?;
        resource::one(&Session::new(&session, own), fields.as_deref(), Vec::new())
    })
    .await
}

async fn end_session(site: Arc<Site>, req: Req) -> Result<Res> {
    perform::begin(&req)?;
    let (_, own) = req.actor.in_session()?;
    let id = req.param("id")?;
    auth::end_session(&site.app, &req.actor, id).await?;
    Ok(if id == own.short() { without_cookie(&site, &req) } else { response::empty(StatusCode::NO_CONTENT) })
}

async fn end_sessions(site: Arc<Site>, req: Req) -> Result<Res> {
    perform::begin(&req)?;
    auth::end_all_sessions(&site.app, &req.actor).await?;
    Ok(without_cookie(&site, &req))
}

async fn list_tokens(site: Arc<Site>, req: Req) -> Result<Res> {
    let fields = query::sparse::<Token>(&req)?;
    cache::get_or_render(&site, &req, query::SPARSE, |txn| {
        let slice = resource::whole(tokens::list(txn, &req.actor)?.iter().map(Token::new).collect());
        resource::list(&site.app, &req, slice, fields.as_deref(), (Vec::new(), None))
    })
    .await
}

async fn show_token(site: Arc<Site>, req: Req) -> Result<Res> {
    let fields = query::sparse::<Token>(&req)?;
    cache::get_or_render(&site, &req, query::SPARSE, |txn| {
        let id = TokenId::parse(req.param("id")?).ok_or(Error::NotFound("token"))?;
        resource::one(&Token::new(&tokens::by_id(txn, &req.actor, id)?), fields.as_deref(), Vec::new())
    })
    .await
}

async fn create_token(site: Arc<Site>, mut req: Req) -> Result<Res> {
    perform::begin(&req)?;
    req.actor.in_session()?;
    perform::never_once(&req)?;
    let input: TokenInput = strict::typed(strict::parse(&req.bytes().await?)?)?;
    let issued = site.app.commit_for(req.payers(), tokens::create(&site.app, &req.actor, &input.into())).await?;
    let location = site.app.links().api_token(issued.token.id);
    let body = response::json_bytes(&IssuedToken { token: Token::new(&issued.token), secret: issued.secret })?;
    let mut res = response::bytes(StatusCode::CREATED, JSON, body);
    res.headers_mut().extend(HeaderValue::try_from(location).ok().map(|location| (LOCATION, location)));
    Ok(res)
}

async fn revoke_token(site: Arc<Site>, req: Req) -> Result<Res> {
    perform::begin(&req)?;
    let id = TokenId::parse(req.param("id")?).ok_or(Error::NotFound("token"))?;
    site.app.commit_for(req.payers(), tokens::revoke(&req.actor, id)).await?;
    Ok(response::empty(StatusCode::NO_CONTENT))
}
