//! Accounts, for administrators.

use crate::domain::actor::Role;
use crate::domain::id::{TokenId, UserId};
use crate::domain::paging::page_number;
use crate::domain::user::NewUser;
use crate::error::{Error, FieldError, Result};
use crate::service::{auth, resets, tokens, users};
use crate::view;
use crate::view::admin::users::{Account, NewAccount, ResetLink};
use crate::web::Site;
use crate::web::framed::{framed, refused};
use crate::web::pages::sign_in::new_user;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use http::StatusCode;
use std::sync::Arc;

/// All accounts, and the form for one more.
pub async fn index(site: Arc<Site>, req: Req) -> Result<Res> {
    show_index(&site, &req, (StatusCode::OK, &[]), (&NewUser::default(), Role::Reader))
}

/// Makes an account for somebody else.
pub async fn create(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let input = new_user(&form);
    let role = Role::parse(form.text("role"));
    let added = match role {
        Some(role) => site.commit(&req, users::add(&site.app, &req.actor, &input, role).await).await,
        None => Err(Error::field("role", "Please choose a role.")),
    };
    match added {
        Ok(_) => Ok(response::see_other(&format!("{}?done=added", site.app.links().admin_users()))),
        Err(error) => {
            let (status, errors) = refused(error)?;
            show_index(&site, &req, (status, &errors), (&input, role.unwrap_or(Role::Reader)))
        }
    }
}

/// One account.
pub async fn edit(site: Arc<Site>, req: Req) -> Result<Res> {
    show_one(&site, &req, (StatusCode::OK, &[]), None)
}

/// Changes what an account may do.
pub async fn update(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let changed = match Role::parse(form.text("role")) {
        Some(role) => site.commit(&req, users::set_access(&req.actor, id(&req)?, role, form.has("disabled"))).await,
        None => Err(Error::field("role", "Please choose a role.")),
    };
    match changed {
        Ok(_) => Ok(response::see_other(&format!("{}?done=saved", site.app.links().admin_users()))),
        Err(error) => {
            let (status, errors) = refused(error)?;
            show_one(&site, &req, (status, &errors), None)
        }
    }
}

/// Gives somebody a new password.
pub async fn set_password(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let (form, id) = (req.form().await?, id(&req)?);
    let keep_tokens = form.has("keep_tokens");
    let change = resets::set_password(&site.app, &req.actor, id, form.text("password"), keep_tokens).await;
    match site.commit(&req, change).await {
        Ok(()) => Ok(response::see_other(&format!("{}?done=password-set", site.app.links().admin_user(id)))),
        Err(error) => {
            let (status, errors) = refused(error)?;
            show_one(&site, &req, (status, &errors), None)
        }
    }
}

/// Makes a link to a new password. The answer is the page itself and no redirect: it is the only one that shows the
/// link.
pub async fn reset(site: Arc<Site>, req: Req) -> Result<Res> {
    match site.commit(&req, resets::issue(&site.app, &req.actor, id(&req)?)).await {
        Ok(issued) => {
            let url = [req.origin(), site.app.links().reset(&issued.token)].concat();
            let link = ResetLink { url: &url, expires_at: issued.expires_at };
            show_one(&site, &req, (StatusCode::CREATED, &[]), Some(&link))
        }
        Err(error) => {
            let (status, errors) = refused(error)?;
            show_one(&site, &req, (status, &errors), None)
        }
    }
}

/// Ends a session, named by `session`, or an API token, by its number in `token`, of somebody else.
pub async fn revoke(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let (form, id) = (req.form().await?, id(&req)?);
    let change = match form.get("session") {
        Some(session) => auth::end_session_of(&req.actor, id, session),
        None => {
            // No token has the number 0.
            let token = TokenId::parse(form.text("token")).unwrap_or(TokenId(0));
            tokens::revoke_of(&req.actor, id, token)
        }
    };
    site.commit(&req, change).await?;
    Ok(response::see_other(&format!("{}?done=ended", site.app.links().admin_user(id))))
}

fn show_index(
    site: &Site,
    req: &Req,
    (status, errors): (StatusCode, &[FieldError]),
    (user, role): (&NewUser, Role),
) -> Result<Res> {
    let txn = site.app.read()?;
    let number = page_number(req.query("page")).ok_or(Error::NotFound("page"))?;
    let page = users::list(&txn, &req.actor, number)?;
    Ok(response::html_status(
        status,
        framed(site, req, &txn, &["page"], |frame| {
            view::admin::users::index(frame, &page, &NewAccount { user, role }, errors)
        })?,
    ))
}

fn show_one(
    site: &Site,
    req: &Req,
    (status, errors): (StatusCode, &[FieldError]),
    link: Option<&ResetLink>,
) -> Result<Res> {
    let txn = site.app.read()?;
    let user = users::managed(&txn, &req.actor, id(req)?)?;
    let sessions = auth::sessions_of(&site.app, &txn, &req.actor, user.id)?;
    let tokens = tokens::list_of(&txn, &req.actor, user.id)?;
    let account = Account { user: &user, sessions: &sessions, tokens: &tokens };
    Ok(response::html_status(
        status,
        framed(site, req, &txn, &[], |frame| view::admin::users::edit(frame, &account, link, errors))?,
    ))
}

fn id(req: &Req) -> Result<UserId> {
    UserId::parse(req.param("id")?).ok_or(Error::NotFound("account"))
}
