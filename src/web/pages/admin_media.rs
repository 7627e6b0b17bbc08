//! The images of the site.

use crate::domain::paging::page_number;
use crate::domain::post::Kind;
use crate::error::{Error, FieldError, Result};
use crate::service::media;
use crate::service::writing;
use crate::view;
use crate::web::Site;
use crate::web::framed::{framed, refused};
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use http::StatusCode;
use std::sync::Arc;

/// All images, and the form for more.
pub async fn index(site: Arc<Site>, req: Req) -> Result<Res> {
    show(&site, &req, StatusCode::OK, &[])
}

/// Takes images.
pub async fn create(site: Arc<Site>, mut req: Req) -> Result<Res> {
    writing::permit(&req.actor, Kind::Post)?;
    let form = req.form().await?;
    if form.files("images").next().is_none() {
        let error = FieldError { field: "images".into(), message: "Please choose an image first.".into() };
        return show(&site, &req, StatusCode::UNPROCESSABLE_ENTITY, &[error]);
    }
    for file in form.files("images") {
        let taken = match file.whole("images") {
            Ok(bytes) => site
                .commit(&req, media::upload(&site.app, &req.actor, "images", &file.name, bytes).await)
                .await
                .map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = taken {
            let (status, errors) = refused(error)?;
            return show(&site, &req, status, &errors);
        }
    }
    Ok(response::see_other(&format!("{}?done=uploaded", site.app.links().admin_media())))
}

/// Asks before an image is deleted.
pub async fn confirm(site: Arc<Site>, req: Req) -> Result<Res> {
    let txn = site.app.read()?;
    let image = media::removable(&txn, &req.actor, req.param("id")?)?;
    Ok(response::html(framed(&site, &req, &txn, &[], |frame| view::admin::media::confirm_delete(frame, &image))?))
}

/// Deletes an image.
pub async fn remove(site: Arc<Site>, req: Req) -> Result<Res> {
    site.commit(&req, media::remove(&site.app, &req.actor, req.param("id")?)).await?;
    Ok(response::see_other(&format!("{}?done=deleted", site.app.links().admin_media())))
}

fn show(site: &Site, req: &Req, status: StatusCode, errors: &[FieldError]) -> Result<Res> {
    let txn = site.app.read()?;
    let number = page_number(req.query("page")).ok_or(Error::NotFound("page"))?;
    let images = media::list(&txn, &req.actor, number)?;
    Ok(response::html_status(
        status,
        framed(site, req, &txn, &["page"], |frame| view::admin::media::index(frame, &images, errors))?,
    ))
}
