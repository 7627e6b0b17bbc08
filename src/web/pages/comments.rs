//! Writing, changing and deleting comments.

use crate::domain::comment::{Comment, PlacedComment};
use crate::domain::id::CommentId;
use crate::domain::post::{Kind, PostHead};
use crate::domain::slug::Slug;
use crate::error::{Error, FieldError, Result};
use crate::service::ReadTxn;
use crate::service::comments;
use crate::service::posts;
use crate::view;
use crate::view::comment::CommentBox;
use crate::web::Site;
use crate::web::framed::{framed, refused, signed_out};
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use http::StatusCode;
use std::sync::Arc;

/// The permalink: leads to the page of the conversation the comment is on.
pub async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    let txn = site.app.read()?;
    let (post, placed, page) = subject(&site, &txn, &req)?;
    if let Some(moved) = moved(&site, &req, &post)? {
        return Ok(moved);
    }
    let address = site.app.links().conversation(&post.slug, page, Some(placed.comment.id));
    Ok(response::redirect(StatusCode::FOUND, &address))
}

/// Takes a new comment or a reply.
pub async fn create(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let slug = req.param("slug")?;
    let parent = match form.text("parent") {
        "" => None,
        text => Some(CommentId::parse(text).ok_or(Error::NotFound("comment"))?),
    };
    match site.commit(&req, comments::submit(&site.app, &req.actor, slug, parent, form.text("body")).await).await {
        Ok(comment) => there(&site, &req, &comment),
        Err(error) => write_again(&site, &req, parent, form.text("body"), error),
    }
}

/// As `refused` says it, by the names that the form has: its text is called `body`.
fn refused_text(error: Error) -> Result<(StatusCode, Vec<FieldError>)> {
    let (status, mut errors) = refused(error)?;
    errors.iter_mut().filter(|error| error.field == "source").for_each(|error| error.field = "body".into());
    Ok((status, errors))
}

/// Shows the form again, with what was typed: whatever went wrong, the text is not lost.
fn write_again(site: &Site, req: &Req, parent: Option<CommentId>, body: &str, error: Error) -> Result<Res> {
    let txn = site.app.read()?;
    let post = posts::visible(&site.app, &txn, &req.actor, Kind::Post, req.param("slug")?)?;
    let (status, errors) = match error {
        Error::Unauthenticated if !body.trim().is_empty() => (StatusCode::UNAUTHORIZED, vec![signed_out()]),
        error => refused_text(error)?,
    };
    let parent = parent.and_then(|parent| comments::find(&txn, post.id, parent).ok()).map(|(placed, _)| placed);
    let typed = CommentBox { body, errors: &errors };
    let page = framed(site, req, &txn, &[], |frame| view::comment::write(frame, &post, parent.as_ref(), &typed))?;
    Ok(response::html_status(status, page))
}

/// The form for a reply.
pub async fn reply(site: Arc<Site>, req: Req) -> Result<Res> {
    let txn = site.app.read()?;
    let (post, placed, _) = subject(&site, &txn, &req)?;
    if let Some(moved) = moved(&site, &req, &post)? {
        return Ok(moved);
    }
    if !req.actor.can_comment() {
        return Err(Error::Unauthenticated);
    }
    if !post.comments_open {
        return Err(Error::Conflict("Comments are closed on this post."));
    }
    if placed.comment.deleted {
        return Err(Error::NotFound("comment"));
    }
    let typed = CommentBox::default();
    let page = framed(&site, &req, &txn, &[], |frame| view::comment::write(frame, &post, Some(&placed), &typed))?;
    Ok(response::html(page))
}

/// The form for changing a comment.
pub async fn edit(site: Arc<Site>, req: Req) -> Result<Res> {
    let txn = site.app.read()?;
    let (post, placed, _) = subject(&site, &txn, &req)?;
    if let Some(moved) = moved(&site, &req, &post)? {
        return Ok(moved);
    }
    comments::may_edit(&req.actor, &placed.comment, site.app.now())?;
    let typed = CommentBox { body: &placed.comment.source, errors: &[] };
    let page = framed(&site, &req, &txn, &[], |frame| view::comment::edit(frame, &post, &placed.comment, &typed))?;
    Ok(response::html(page))
}

/// Changes a comment.
pub async fn update(site: Arc<Site>, mut req: Req) -> Result<Res> {
    let form = req.form().await?;
    let (post, placed, _) = subject(&site, &site.app.read()?, &req)?;
    let subject = (post.id, placed.comment.id);
    match site.commit(&req, comments::edit(&site.app, &req.actor, subject, form.text("body")).await).await {
        Ok(comment) => there(&site, &req, &comment),
        Err(error) => {
            let (status, errors) = refused_text(error)?;
            let typed = CommentBox { body: form.text("body"), errors: &errors };
            let txn = site.app.read()?;
            Ok(response::html_status(
                status,
                framed(&site, &req, &txn, &[], |frame| view::comment::edit(frame, &post, &placed.comment, &typed))?,
            ))
        }
    }
}

/// Asks before a comment is deleted.
pub async fn confirm(site: Arc<Site>, req: Req) -> Result<Res> {
    let txn = site.app.read()?;
    let (post, placed, _) = subject(&site, &txn, &req)?;
    if let Some(moved) = moved(&site, &req, &post)? {
        return Ok(moved);
    }
    comments::may_delete(&req.actor, &placed.comment)?;
    let page = framed(&site, &req, &txn, &[], |frame| view::comment::confirm_delete(frame, &post, &placed))?;
    Ok(response::html(page))
}

/// Deletes a comment.
pub async fn remove(site: Arc<Site>, req: Req) -> Result<Res> {
    let (post, placed, page) = subject(&site, &site.app.read()?, &req)?;
    site.commit(&req, comments::remove(&site.app, &req.actor, (post.id, placed.comment.id))).await?;
    // The page it was on may be gone with it.
    let pages = comments::conversation(&site.app.read()?, post.id, 1)?.pages;
    Ok(response::see_other(&site.app.links().conversation(&post.slug, page.min(pages), None)))
}

/// The post and the comment an address names, if this actor may see them.
fn subject(site: &Site, txn: &ReadTxn, req: &Req) -> Result<(PostHead, PlacedComment, usize)> {
    let post = posts::visible(&site.app, txn, &req.actor, Kind::Post, req.param("slug")?)?;
    let id = CommentId::parse(req.param("id")?).ok_or(Error::NotFound("comment"))?;
    let (placed, page) = comments::find(txn, post.id, id)?;
    Ok((post, placed, page))
}

/// Leads to the present address of what was asked for at an earlier address of the post.
fn moved(site: &Site, req: &Req, post: &PostHead) -> Result<Option<Res>> {
    if req.is_at(&post.slug)? {
        return Ok(None);
    }
    Ok(Some(response::moved(&site.app.links().to(&req.with_slug(&post.slug)))))
}

/// Leads to a comment that was just written.
fn there(site: &Site, req: &Req, comment: &Comment) -> Result<Res> {
    let txn = site.app.read()?;
    let page = comments::page(&txn, comment)?;
    let post = posts::by_id(&site.app, &txn, &req.actor, comment.post)?;
    Ok(response::see_other(&site.app.links().conversation(&post.slug, page, Some(comment.id))))
}

/// What somebody who loads the page of a refused form again asks for: the form is on the page of the post.
pub async fn form(site: Arc<Site>, req: Req) -> Result<Res> {
    let slug = Slug::parse(req.param("slug")?).map_err(|_| Error::NotFound("post"))?;
    Ok(response::see_other(&site.app.links().conversation(&slug, 1, None)))
}
