//! Lists of posts: front page, category, tag, author, archive.

use crate::domain::paging::{Page, page_number};
use crate::domain::post::PostCard;
use crate::error::{Error, Result};
use crate::service::ReadTxn;
use crate::service::Scope;
use crate::service::categories;
use crate::service::posts;
use crate::view;
use crate::view::layout::Frame;
use crate::web::Site;
use crate::web::cache;
use crate::web::framed::framed;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::{Rendered, Res};
use maud::Markup;
use std::sync::Arc;

/// Page of a list.
const PAGE: &str = "page";

/// The newest posts.
pub async fn home(site: Arc<Site>, req: Req) -> Result<Res> {
    cache::get_or_render(&site, &req, &[PAGE], |txn| {
        let cards = posts::home(&site.app, txn, number(&req)?)?;
        show(&site, &req, txn, &cards, |frame| view::list::home(frame, &cards))
    })
    .await
}

/// The posts of a category.
pub async fn category(site: Arc<Site>, req: Req) -> Result<Res> {
    cache::get_or_render(&site, &req, &[PAGE], |txn| {
        let slug = req.param("slug")?;
        let (category, cards) = match posts::by_category(&site.app, txn, slug, number(&req)?) {
            Err(Error::NotFound("category")) => {
                let category = categories::named(txn, slug)?;
                let address = site.app.links().to(&req.with_slug(&category.slug));
                return Ok(Rendered::Other(response::moved(&address)));
            }
            other => other?,
        };
        show(&site, &req, txn, &cards, |frame| view::list::category(frame, &category, &cards))
    })
    .await
}

/// The posts that carry a tag.
pub async fn tag(site: Arc<Site>, req: Req) -> Result<Res> {
    cache::get_or_render(&site, &req, &[PAGE], |txn| {
        let (tag, cards) = posts::by_tag(&site.app, txn, req.param("slug")?, number(&req)?)?;
        show(&site, &req, txn, &cards, |frame| view::list::tag(frame, &tag, &cards))
    })
    .await
}

/// The posts of an author.
pub async fn author(site: Arc<Site>, req: Req) -> Result<Res> {
    cache::get_or_render(&site, &req, &[PAGE], |txn| {
        let (author, cards) = posts::by_author(&site.app, txn, req.param("username")?, number(&req)?)?;
        show(&site, &req, txn, &cards, |frame| view::list::author(frame, &author, &cards))
    })
    .await
}

/// Years and months with their numbers of posts.
pub async fn archive(site: Arc<Site>, req: Req) -> Result<Res> {
    cache::get_or_render(&site, &req, &[], |txn| {
        let years = posts::archive(&site.app, txn)?;
        let page = framed(&site, &req, txn, &[], |frame| view::list::archive(frame, &years))?;
        Ok(response::page(page, vec![Scope::Frame, Scope::Lists], posts::next_publication(&site.app, txn)?))
    })
    .await
}

/// The posts of a year.
pub async fn year(site: Arc<Site>, req: Req) -> Result<Res> {
    cache::get_or_render(&site, &req, &[PAGE], |txn| {
        let year = year_of(&req)?;
        let cards = posts::by_month(&site.app, txn, year, None, number(&req)?)?;
        show(&site, &req, txn, &cards, |frame| view::list::year(frame, year, &cards))
    })
    .await
}

/// The posts of a month. `/archive/2026/5` leads to `/archive/2026/05`.
pub async fn month(site: Arc<Site>, req: Req) -> Result<Res> {
    cache::get_or_render(&site, &req, &[PAGE], |txn| {
        let (year, text) = (year_of(&req)?, req.param("month")?);
        let month = digits(text, 2)?;
        if text.len() == 1 {
            return Ok(Rendered::Other(response::moved(&site.app.links().archive_month(year, month))));
        }
        let cards = posts::by_month(&site.app, txn, year, Some(month), number(&req)?)?;
        show(&site, &req, txn, &cards, |frame| view::list::month(frame, year, month, &cards))
    })
    .await
}

fn show(
    site: &Site,
    req: &Req,
    txn: &ReadTxn,
    cards: &Page<PostCard>,
    markup: impl FnOnce(&Frame<'_>) -> Markup,
) -> Result<Rendered> {
    let page = framed(site, req, txn, &[PAGE], markup)?;
    Ok(response::page(page, posts::list_scopes(&cards.items), posts::next_publication(&site.app, txn)?))
}

fn number(req: &Req) -> Result<usize> {
    page_number(req.query(PAGE)).ok_or(Error::NotFound("page"))
}

fn year_of(req: &Req) -> Result<i16> {
    let text = req.param("year")?;
    if text.len() == 4 { digits(text, 4) } else { Err(Error::NotFound("page")) }
}

fn digits<T: std::str::FromStr>(text: &str, most: usize) -> Result<T> {
    let plain = text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain).ok_or(Error::NotFound("page"))
}
