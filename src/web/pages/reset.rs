//! The page behind a link to a new password.

use crate::error::{Error, FieldError, Result};
use crate::service::resets::{self, Choice};
use crate::view;
use crate::view::sign_in::Reset;
use crate::web::Site;
use crate::web::framed::{framed, refused};
use crate::web::pages::sign_in::signed_in_at;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use http::StatusCode;
use std::sync::Arc;

/// The form. Opening the link uses nothing up, since programs open links as well.
pub async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    show_form(&site, &req, (StatusCode::OK, &[]), false)
}

/// Takes the new password and signs in.
pub async fn redeem(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let user_agent = req.header("user-agent").unwrap_or("").to_owned();
    let keep_tokens = form.has("keep_tokens");
    let choice =
        Choice { password: form.text("password"), keep_tokens, address: req.client(), user_agent: &user_agent };
    match resets::redeem(&site.app, req.param("token")?, choice).await {
        Ok(signed_in) => {
            let account = format!("{}?done=reset", site.app.links().account());
            Ok(signed_in_at(&site, &req, &signed_in, &account))
        }
        Err(Error::NotFound(_)) => show_form(&site, &req, (StatusCode::OK, &[]), false),
        Err(error) => {
            let (status, errors) = refused(error)?;
            show_form(&site, &req, (status, &errors), keep_tokens)
        }
    }
}

fn show_form(site: &Site, req: &Req, (status, errors): (StatusCode, &[FieldError]), keep_tokens: bool) -> Result<Res> {
    let (token, txn) = (req.param("token")?, site.app.read()?);
    let (user, tokens) = match resets::opened(&site.app, &txn, token) {
        Ok(found) => found,
        Err(Error::NotFound(_)) => {
            let page = framed(site, req, &txn, &[], view::sign_in::reset_refused)?;
            return Ok(response::html_status(StatusCode::NOT_FOUND, page));
        }
        Err(error) => return Err(error),
    };
    let reset = Reset { token, username: &user.username, tokens, keep_tokens };
    let page = framed(site, req, &txn, &[], |frame| view::sign_in::reset(frame, &reset, errors))?;
    Ok(response::html_status(status, page))
}
