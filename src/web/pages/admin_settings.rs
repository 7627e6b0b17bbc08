//! The settings of the site.

use crate::domain::settings::SettingsPatch;
use crate::error::{FieldError, Result};
use crate::service::settings;
use crate::service::settings::LogoChange;
use crate::view;
use crate::web::Site;
use crate::web::framed::{framed, refused};
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use http::StatusCode;
use std::sync::Arc;

/// The settings form.
pub async fn edit(site: Arc<Site>, req: Req) -> Result<Res> {
    let stored = settings::editable(&site.app.read()?, &req.actor)?;
    show(&site, &req, (StatusCode::OK, &[]), &SettingsPatch::from_settings(&stored))
}

/// Changes the settings.
pub async fn update(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    settings::editable(&site.app.read()?, &req.actor)?;
    let patch = SettingsPatch {
        title: form.text("title").into(),
        tagline: form.text("tagline").into(),
        time_zone: form.text("time_zone").into(),
        posts_per_page: form.text("posts_per_page").into(),
        signup_open: form.has("signup_open"),
        navigation: form.text("navigation").into(),
        language: form.text("language").into(),
    };
    let logo = match form.file("logo") {
        Ok(Some(file)) => file.whole("logo").map(|bytes| LogoChange::Upload(file.name.clone(), bytes)),
        Ok(None) if form.has("logo_remove") => Ok(LogoChange::Remove),
        Ok(None) => Ok(LogoChange::Keep),
        Err(error) => Err(error),
    };
    let updated = match logo {
        Ok(logo) => site.commit(&req, settings::update(&site.app, &req.actor, &patch, logo).await).await,
        Err(error) => Err(error),
    };
    match updated {
        Ok(_) => Ok(response::see_other(&format!("{}?done=saved", site.app.links().admin_settings()))),
        Err(error) => {
            let (status, errors) = refused(error)?;
            show(&site, &req, (status, &errors), &patch)
        }
    }
}

fn show(site: &Site, req: &Req, (status, errors): (StatusCode, &[FieldError]), typed: &SettingsPatch) -> Result<Res> {
    Ok(response::html_status(
        status,
        framed(site, req, &site.app.read()?, &[], |frame| view::admin::settings::edit(frame, typed, errors))?,
    ))
}
