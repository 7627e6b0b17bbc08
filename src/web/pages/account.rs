//! The member's own account.

use crate::domain::user::ProfilePatch;
use crate::error::{Error, FieldError, Result};
use crate::service::auth;
use crate::service::users::{self, NewPassword};
use crate::view;
use crate::view::account::Account;
use crate::web::Site;
use crate::web::framed::{framed, refused};
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use http::StatusCode;
use std::sync::Arc;

/// The account page.
pub async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    show_account(&site, &req, StatusCode::OK, None, &[])
}

/// Leads from the address of one of its forms to the page that has the form: for somebody who loads the page of a
/// refused form again.
pub async fn form(site: Arc<Site>, _: Req) -> Result<Res> {
    Ok(response::see_other(&site.app.links().account()))
}

/// Changes the profile.
pub async fn update(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let patch = ProfilePatch {
        display_name: form.text("display_name").into(),
        email: form.text("email").into(),
        bio: form.text("bio").into(),
    };
    match site.commit(&req, users::update_profile(&req.actor, &patch)).await {
        Ok(_) => Ok(done(&site, "saved")),
        Err(error) => {
            let (status, errors) = refused(error)?;
            show_account(&site, &req, status, Some(&patch), &errors)
        }
    }
}

/// Changes the password.
pub async fn password(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let wish = NewPassword {
        current: form.text("current_password"),
        new: form.text("new_password"),
        revoke_tokens: form.has("revoke_tokens"),
        payers: req.payers(),
    };
    match req.noting(users::change_password(&site.app, &req.actor, wish).await) {
        Ok(()) => Ok(done(&site, "password")),
        Err(error) => {
            let (status, errors) = refused(error)?;
            show_account(&site, &req, status, None, &errors)
        }
    }
}

/// Ends one session, named by `session`, or all of them with `all`.
pub async fn sessions(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let (_, own) = req.actor.in_session()?;
    let named = form.text("session");
    if named == "all" {
        auth::end_all_sessions(&site.app, &req.actor).await?;
    } else {
        auth::end_session(&site.app, &req.actor, named).await?;
        if named != own.short() {
            return Ok(done(&site, "signed-out"));
        }
    }
    let mut res = response::see_other(&site.app.links().login(""));
    site.session.forget(&req.headers, res.headers_mut(), req.is_https());
    Ok(res)
}

fn show_account(
    site: &Site,
    req: &Req,
    status: StatusCode,
    typed: Option<&ProfilePatch>,
    errors: &[FieldError],
) -> Result<Res> {
    let txn = site.app.read()?;
    let user = users::by_id(&txn, &req.actor, req.actor.user_id().ok_or(Error::Unauthenticated)?)?;
    let sessions = auth::sessions(&site.app, &txn, &req.actor)?;
    let stored = ProfilePatch {
        display_name: user.display_name.clone(),
        email: user.email.as_ref().map(|email| email.as_str().to_owned()).unwrap_or_default(),
        bio: user.bio.clone(),
    };
    let account = Account { user: &user, profile: typed.unwrap_or(&stored), sessions: &sessions };
    let page = framed(site, req, &txn, &[], |frame| view::account::show(frame, &account, errors))?;
    Ok(response::html_status(status, page))
}

fn done(site: &Site, word: &str) -> Res {
    response::see_other(&format!("{}?done={word}", site.app.links().account()))
}
