//! Accounts, for administrators.

use crate::domain::actor::Role;
use crate::domain::id::UserId;
use crate::domain::paging::page_number;
use crate::domain::user::NewUser;
use crate::error::{Error, FieldError, Result};
use crate::service::users;
use crate::view;
use crate::view::admin::users::NewAccount;
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
        Some(role) => site.app.commit(users::add(&site.app, &req.actor, &input, role).await).await,
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
    show_one(&site, &req, (StatusCode::OK, &[]))
}

/// Changes what an account may do.
pub async fn update(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let changed = match Role::parse(form.text("role")) {
        Some(role) => site.app.commit(users::set_access(&req.actor, id(&req)?, role, form.has("disabled"))).await,
        None => Err(Error::field("role", "Please choose a role.")),
    };
    match changed {
        Ok(_) => Ok(response::see_other(&format!("{}?done=saved", site.app.links().admin_users()))),
        Err(error) => {
            let (status, errors) = refused(error)?;
            show_one(&site, &req, (status, &errors))
        }
    }
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

fn show_one(site: &Site, req: &Req, (status, errors): (StatusCode, &[FieldError])) -> Result<Res> {
    let txn = site.app.read()?;
    let user = users::managed(&txn, &req.actor, id(req)?)?;
    Ok(response::html_status(
        status,
        framed(site, req, &txn, &[], |frame| view::admin::users::edit(frame, &user, errors))?,
    ))
}

fn id(req: &Req) -> Result<UserId> {
    UserId::parse(req.param("id")?).ok_or(Error::NotFound("account"))
}
