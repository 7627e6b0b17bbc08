//! Set-up, sign-up, login and logout.

use crate::domain::link::is_local_path;
use crate::domain::time::Zone;
use crate::domain::user::NewUser;
use crate::error::{Error, FieldError, Result};
use crate::service::auth;
use crate::service::auth::SignedIn;
use crate::service::setup;
use crate::service::setup::SetupInput;
use crate::service::users;
use crate::view;
use crate::view::sign_in::{Login, Setup};
use crate::web::Site;
use crate::web::form::Form;
use crate::web::framed::{framed, refused};
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use http::StatusCode;
use std::sync::Arc;

/// The login form; somebody who is signed in already goes on.
pub async fn login(site: Arc<Site>, req: Req) -> Result<Res> {
    let next = req.query("next").unwrap_or("");
    if !req.actor.is_anonymous() {
        return Ok(response::see_other(&destination(&site, next, &site.app.links().home())));
    }
    show_login(&site, &req, (StatusCode::OK, &[]), &Login { username: "", next: local(next) })
}

/// Signs in.
pub async fn start(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let login = auth::Login {
        name: form.text("username"),
        password: form.text("password"),
        address: req.client(),
        user_agent: req.header("user-agent").unwrap_or(""),
        devices: site.session.devices(&req.headers, req.is_https()),
    };
    match req.noting(auth::sign_in(&site.app, login).await) {
        Ok(signed_in) => {
            let home = entrance(&site, &signed_in)?;
            Ok(signed_in_at(&site, &req, &signed_in, &destination(&site, form.text("next"), &home)))
        }
        Err(error) => {
            let (status, errors) = refused(error)?;
            let typed = Login { username: form.text("username"), next: local(form.text("next")) };
            show_login(&site, &req, (status, &errors), &typed)
        }
    }
}

fn show_login(site: &Site, req: &Req, (status, errors): (StatusCode, &[FieldError]), typed: &Login<'_>) -> Result<Res> {
    let page = framed(site, req, &site.app.read()?, &[], |frame| view::sign_in::login(frame, typed, errors))?;
    Ok(response::html_status(status, page))
}

/// Leads from the address of the form that signs out, which every page has, to the front page.
pub async fn form(site: Arc<Site>, _: Req) -> Result<Res> {
    Ok(response::see_other(&site.app.links().home()))
}

/// Signs out.
pub async fn end(site: Arc<Site>, req: Req) -> Result<Res> {
    auth::sign_out(&site.app, &req.actor).await?;
    let mut res = response::see_other(&site.app.links().home());
    site.session.forget(&req.headers, res.headers_mut(), req.is_https());
    Ok(res)
}

/// The sign-up form.
pub async fn signup(site: Arc<Site>, req: Req) -> Result<Res> {
    let next = req.query("next").unwrap_or("");
    if !req.actor.is_anonymous() {
        return Ok(response::see_other(&destination(&site, next, &site.app.links().home())));
    }
    show_signup(&site, &req, (StatusCode::OK, &[]), (&NewUser::default(), next))
}

/// Makes a reader's account.
pub async fn join(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let input = new_user(&form);
    let user_agent = req.header("user-agent").unwrap_or("").to_owned();
    match req.noting(users::sign_up(&site.app, &input, req.client(), &user_agent).await) {
        Ok(signed_in) => {
            let next = destination(&site, form.text("next"), &site.app.links().home());
            Ok(signed_in_at(&site, &req, &signed_in, &next))
        }
        Err(error) => {
            let (status, errors) = refused(error)?;
            show_signup(&site, &req, (status, &errors), (&input, form.text("next")))
        }
    }
}

fn show_signup(
    site: &Site,
    req: &Req,
    (status, errors): (StatusCode, &[FieldError]),
    (typed, next): (&NewUser, &str),
) -> Result<Res> {
    let txn = site.app.read()?;
    let open = users::is_sign_up_open(&txn)?;
    let page = framed(site, req, &txn, &[], |frame| {
        if open {
            view::sign_in::signup(frame, typed, local(next), errors)
        } else {
            view::sign_in::signup_closed(frame, local(next))
        }
    })?;
    Ok(response::html_status(status, page))
}

/// The set-up form, for whoever holds the link.
pub async fn setup(site: Arc<Site>, req: Req) -> Result<Res> {
    let key = req.query("key").unwrap_or("");
    let zone = Zone::system_name().unwrap_or_else(|| "UTC".into());
    let input = SetupInput { time_zone: zone, ..SetupInput::default() };
    show_setup(&site, &req, (StatusCode::OK, &[]), (key, &input))
}

/// Sets the blog up.
pub async fn set_up(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let input = SetupInput {
        title: form.text("title").into(),
        time_zone: form.text("time_zone").into(),
        user: new_user(&form),
    };
    let user_agent = req.header("user-agent").unwrap_or("").to_owned();
    match setup::run(&site.app, form.text("key"), &input, &user_agent).await {
        Ok(signed_in) => {
            let write = site.app.links().admin_new(crate::domain::post::Kind::Post);
            Ok(signed_in_at(&site, &req, &signed_in, &format!("{write}?done=welcome")))
        }
        Err(Error::Forbidden) => show_setup(&site, &req, (StatusCode::FORBIDDEN, &[]), (form.text("key"), &input)),
        Err(error) => {
            let (status, errors) = refused(error)?;
            show_setup(&site, &req, (status, &errors), (form.text("key"), &input))
        }
    }
}

fn show_setup(
    site: &Site,
    req: &Req,
    (status, errors): (StatusCode, &[FieldError]),
    (key, input): (&str, &SetupInput),
) -> Result<Res> {
    let txn = site.app.read()?;
    match setup::check_key(&site.app, &txn, key) {
        Ok(()) => {}
        Err(Error::Forbidden) => {
            let page = framed(site, req, &txn, &[], view::sign_in::setup_refused)?;
            return Ok(response::html_status(StatusCode::FORBIDDEN, page));
        }
        Err(error) => return Err(error),
    }
    let typed = Setup { key, title: &input.title, time_zone: &input.time_zone, user: &input.user };
    let page = framed(site, req, &txn, &[], |frame| view::sign_in::setup(frame, &typed, errors))?;
    Ok(response::html_status(status, page))
}

/// The fields of an account to be made.
pub(in crate::web::pages) fn new_user(form: &Form) -> NewUser {
    NewUser {
        username: form.text("username").into(),
        email: form.text("email").into(),
        password: form.text("password").into(),
    }
}

pub(in crate::web::pages) fn signed_in_at(site: &Site, req: &Req, signed_in: &SignedIn, address: &str) -> Res {
    let mut res = response::see_other(address);
    site.session.remember(res.headers_mut(), &signed_in.token, req.is_https());
    site.session.remember_device(&req.headers, res.headers_mut(), &signed_in.device, req.is_https());
    res
}

/// Where somebody goes who was going nowhere in particular: those who write, to where they write.
fn entrance(site: &Site, signed_in: &SignedIn) -> Result<String> {
    let actor = auth::actor(&site.app, &signed_in.token)?;
    Ok(if actor.can_see_admin() { site.app.links().admin() } else { site.app.links().home() })
}

/// `next`, if it stays on this site.
fn destination(site: &Site, next: &str, otherwise: &str) -> String {
    let path = local(next).split(['?', '#']).next().unwrap_or("");
    let stays = !path.is_empty() && site.app.links().strip(path).is_some();
    if stays { next.to_owned() } else { otherwise.to_owned() }
}

fn local(next: &str) -> &str {
    if is_local_path(next) { next } else { "" }
}
