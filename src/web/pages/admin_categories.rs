//! Seeing to categories.

use crate::domain::category::{Category, CategoryInput};
use crate::domain::id::CategoryId;
use crate::error::{Error, FieldError, Result};
use crate::service::categories;
use crate::view;
use crate::web::Site;
use crate::web::form::Form;
use crate::web::framed::{framed, refused};
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use http::StatusCode;
use std::sync::Arc;

/// Every category, and the form for one more.
pub async fn index(site: Arc<Site>, req: Req) -> Result<Res> {
    show_index(&site, &req, (StatusCode::OK, &[]), &CategoryInput::default())
}

/// Makes a category.
pub async fn create(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let input = typed(&form);
    match site.commit(&req, categories::create(&req.actor, &input)).await {
        Ok(_) => Ok(done(&site, "added")),
        Err(error) => {
            let (status, errors) = refused(error)?;
            show_index(&site, &req, (status, &errors), &input)
        }
    }
}

/// The form of one category.
pub async fn edit(site: Arc<Site>, req: Req) -> Result<Res> {
    let category = subject(&site, &req)?;
    let stored = CategoryInput {
        name: category.name.clone(),
        slug: category.slug.to_string(),
        description: category.description.clone(),
    };
    show_one(&site, &req, (StatusCode::OK, &[]), &stored)
}

/// Renames or describes a category.
pub async fn update(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let input = typed(&form);
    match site.commit(&req, categories::update(&req.actor, id(&req)?, &input)).await {
        Ok(_) => Ok(done(&site, "saved")),
        Err(error) => {
            let (status, errors) = refused(error)?;
            show_one(&site, &req, (status, &errors), &input)
        }
    }
}

/// Asks into which category this one goes.
pub async fn choose_merge(site: Arc<Site>, req: Req) -> Result<Res> {
    show_merge(&site, &req, (StatusCode::OK, &[]))
}

/// Merges a category into another.
pub async fn merge(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let merged = match CategoryId::parse(form.text("into")) {
        Some(into) => site.commit(&req, categories::merge(&req.actor, id(&req)?, into)).await,
        None => Err(Error::field("into", "Please choose a category.")),
    };
    match merged {
        Ok(_) => Ok(done(&site, "merged")),
        Err(error) => {
            let (status, errors) = refused(error)?;
            show_merge(&site, &req, (status, &errors))
        }
    }
}

/// Asks before a category is deleted.
pub async fn confirm(site: Arc<Site>, req: Req) -> Result<Res> {
    let txn = site.app.read()?;
    let id = id(&req)?;
    let all = categories::managed(&txn, &req.actor)?;
    let (category, posts) =
        all.into_iter().find(|(category, _)| category.id == id).ok_or(Error::NotFound("category"))?;
    Ok(response::html(framed(&site, &req, &txn, &[], |frame| {
        view::admin::categories::confirm_delete(frame, &category, posts)
    })?))
}

/// Deletes a category.
pub async fn remove(site: Arc<Site>, req: Req) -> Result<Res> {
    site.commit(&req, categories::remove(&req.actor, id(&req)?)).await?;
    Ok(done(&site, "deleted"))
}

fn show_index(
    site: &Site,
    req: &Req,
    (status, errors): (StatusCode, &[FieldError]),
    typed: &CategoryInput,
) -> Result<Res> {
    let txn = site.app.read()?;
    let all = categories::managed(&txn, &req.actor)?;
    Ok(response::html_status(
        status,
        framed(site, req, &txn, &[], |frame| view::admin::categories::index(frame, &all, typed, errors))?,
    ))
}

fn show_one(
    site: &Site,
    req: &Req,
    (status, errors): (StatusCode, &[FieldError]),
    typed: &CategoryInput,
) -> Result<Res> {
    let category = subject(site, req)?;
    Ok(response::html_status(
        status,
        framed(site, req, &site.app.read()?, &[], |frame| {
            view::admin::categories::edit(frame, &category, typed, errors)
        })?,
    ))
}

fn show_merge(site: &Site, req: &Req, (status, errors): (StatusCode, &[FieldError])) -> Result<Res> {
    let category = subject(site, req)?;
    let txn = site.app.read()?;
    let mut others = categories::all(&txn)?;
    others.retain(|other| other.id != category.id);
    Ok(response::html_status(
        status,
        framed(site, req, &txn, &[], |frame| view::admin::categories::merge(frame, &category, &others, errors))?,
    ))
}

fn subject(site: &Site, req: &Req) -> Result<Category> {
    categories::by_id(&site.app.read()?, &req.actor, id(req)?)
}

fn typed(form: &Form) -> CategoryInput {
    CategoryInput {
        name: form.text("name").into(),
        slug: form.text("slug").into(),
        description: form.text("description").into(),
    }
}

fn done(site: &Site, word: &str) -> Res {
    response::see_other(&format!("{}?done={word}", site.app.links().admin_categories()))
}

fn id(req: &Req) -> Result<CategoryId> {
    CategoryId::parse(req.param("id")?).ok_or(Error::NotFound("category"))
}
