//! The member's API tokens.

use crate::domain::id::TokenId;
use crate::domain::token::{NewToken, TokenScope};
use crate::error::{Error, FieldError, Result};
use crate::service::receipts::{Done, Once};
use crate::service::tokens;
use crate::service::tokens::Issued;
use crate::view;
use crate::view::tokens::Tokens;
use crate::web::Site;
use crate::web::framed::{framed, refused};
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use http::StatusCode;
use std::sync::Arc;

/// The life that the form begins with.
const DAYS: &str = "90";

/// The tokens, and the form for one more.
pub async fn index(site: Arc<Site>, req: Req) -> Result<Res> {
    let typed = NewToken { days: DAYS.into(), ..NewToken::default() };
    show(&site, &req, StatusCode::OK, &typed, (None, &[]))
}

/// Makes a token. The answer is the page itself and no redirect: it is the only one that shows the secret. Loaded
/// again, which sends the form again, it makes nothing and leads to the list.
pub async fn create(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let ticked = TokenScope::ALL.iter().map(|scope| scope.as_str()).filter(|word| form.has(word));
    let typed = NewToken {
        name: form.text("name").into(),
        scopes: ticked.map(str::to_owned).collect(),
        days: form.text("expires_in_days").into(),
    };
    match req.noting(made(&site, &req, form.text("once"), &typed).await) {
        Ok(Done::Now(issued)) => {
            let empty = NewToken { days: DAYS.into(), ..NewToken::default() };
            show(&site, &req, StatusCode::CREATED, &empty, (Some(&issued.secret), &[]))
        }
        Ok(Done::Before(_)) => {
            Ok(response::see_other(&format!("{}?done=already-made", site.app.links().account_tokens())))
        }
        Err(error) => {
            let (status, errors) = refused(error)?;
            show(&site, &req, status, &typed, (None, &errors))
        }
    }
}

/// A form without a key is one that a program filled in.
async fn made(site: &Site, req: &Req, key: &str, typed: &NewToken) -> Result<Done<Issued>> {
    let change = tokens::create(&site.app, &req.actor, typed)?;
    if key.is_empty() {
        return Ok(Done::Now(change.commit(&site.app, req.payers()).await?));
    }
    let scopes = typed.scopes.join(" ");
    let once = Once::of_form(&req.actor, key, &[typed.name.as_bytes(), scopes.as_bytes(), typed.days.as_bytes()])?;
    once.commit(&site.app, req.payers(), change, |issued| issued.token.id.to_string()).await
}

/// Leads from the address of a form of the list to the list.
pub async fn form(site: Arc<Site>, _: Req) -> Result<Res> {
    Ok(response::see_other(&site.app.links().account_tokens()))
}

/// Revokes a token, at once.
pub async fn revoke(site: Arc<Site>, req: Req) -> Result<Res> {
    let id = TokenId::parse(req.param("id")?).ok_or(Error::NotFound("token"))?;
    site.commit(&req, tokens::revoke(&req.actor, id)).await?;
    Ok(response::see_other(&format!("{}?done=revoked", site.app.links().account_tokens())))
}

fn show(
    site: &Site,
    req: &Req,
    status: StatusCode,
    typed: &NewToken,
    (secret, errors): (Option<&str>, &[FieldError]),
) -> Result<Res> {
    let txn = site.app.read()?;
    let tokens = tokens::list(&txn, &req.actor)?;
    let page = Tokens { tokens: &tokens, typed, once: &Once::form_key()?, secret };
    Ok(response::html_status(status, framed(site, req, &txn, &[], |frame| view::tokens::show(frame, &page, errors))?))
}
