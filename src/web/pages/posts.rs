//! Posts, static pages and the addresses they once had.

use crate::domain::feed_address;
use crate::domain::paging::page_number;
use crate::domain::post::{Kind, PostHead};
use crate::domain::slug::Slug;
use crate::error::{Error, Result};
use crate::service::comments;
use crate::service::posts;
use crate::service::{App, ReadTxn};
use crate::view;
use crate::view::post::Prepared;
use crate::web::Site;
use crate::web::cache;
use crate::web::framed::framed;
use crate::web::kept;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::{Rendered, Res};
use std::sync::Arc;

/// Page of a long conversation.
const COMMENTS: &str = "comments";

/// A post with its conversation.
pub async fn show(site: Arc<Site>, req: Req) -> Result<Res> {
    cache::get_or_render(&site, &req, &[COMMENTS], |txn| {
        let slug = req.param("slug")?;
        let head = match posts::visible(&site.app, txn, &req.actor, Kind::Post, slug) {
            Err(Error::NotFound(noun)) => return moved(&site.app, txn, &format!("/posts/{slug}"), noun),
            other => other?,
        };
        if !req.is_at(&head.slug)? {
            return Ok(Rendered::Other(response::moved(&site.app.links().to(&req.with_slug(&head.slug)))));
        }
        let number = page_number(req.query(COMMENTS)).ok_or(Error::NotFound("page"))?;
        let post = prepared(&site, &req, txn, head, number)?;
        let page = framed(&site, &req, txn, &[COMMENTS], |frame| view::post::show(frame, &post))?;
        Ok(response::page(page, posts::scopes(&post.head), None))
    })
    .await
}

/// A post that the reader may see, with a page of its conversation. For members it is kept; the pages
/// of visitors are kept whole.
fn prepared(site: &Site, req: &Req, txn: &ReadTxn, head: PostHead, page: usize) -> Result<Arc<Prepared>> {
    let kept = if req.actor.is_anonymous() { None } else { site.posts.get(&site.app, head.id, page) };
    if let Some(post) = kept {
        // It may be newer than what `head` was read from, and hidden meanwhile.
        return if post.head.visible_to(&req.actor, site.app.now()) { Ok(post) } else { Err(Error::NotFound("post")) };
    }
    let conversation = comments::conversation(txn, head.id, page)?;
    let view = posts::view(&site.app, txn, head)?;
    let post = Arc::new(kept::prepare(&site.app, txn, &view, &conversation)?);
    if !req.actor.is_anonymous() {
        site.posts.keep(txn, page, &post);
    }
    Ok(post)
}

/// What no other route matches: a static page, or an address that content once had.
pub async fn page(site: Arc<Site>, req: Req) -> Result<Res> {
    cache::get_or_render(&site, &req, &[], |txn| {
        let path = req.param("path")?;
        let bare = path.trim_end_matches('/');
        let post = match posts::show(&site.app, txn, &req.actor, Kind::Page, bare) {
            Err(Error::NotFound(_)) => {
                return match moved(&site.app, txn, &format!("/{bare}"), "page") {
                    Err(Error::NotFound(_)) if feed_address::is_elsewhere(bare) => {
                        Ok(Rendered::Other(response::moved(&site.app.links().feed())))
                    }
                    other => other,
                };
            }
            other => other?,
        };
        let is_there = Slug::parse(bare).is_ok_and(|asked| asked == post.head.slug);
        if bare != path || !is_there {
            return Ok(Rendered::Other(response::moved(&site.app.links().content(&post.head))));
        }
        let page = framed(&site, &req, txn, &[], |frame| view::post::page(frame, &post))?;
        Ok(response::page(page, posts::scopes(&post.head), None))
    })
    .await
}

/// A redirect to where the content of `path` is now.
fn moved(app: &App, txn: &ReadTxn, path: &str, noun: &'static str) -> Result<Rendered> {
    let address = posts::moved(app, txn, path)?.ok_or(Error::NotFound(noun))?;
    Ok(Rendered::Other(response::moved(&address)))
}
