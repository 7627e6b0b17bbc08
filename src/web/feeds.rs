//! The Atom feed, the sitemap and `robots.txt`.

use crate::content::feed;
use crate::content::feed::{Entry, Feed};
use crate::domain::paging::page_number;
use crate::domain::post::PostView;
use crate::domain::settings::Settings;
use crate::error::{Error, Result};
use crate::service::Scope;
use crate::service::feeds;
use crate::service::feeds::Sitemap;
use crate::service::posts;
use crate::service::settings;
use crate::web::Site;
use crate::web::cache;
use crate::web::request::Req;
use crate::web::response;
use crate::web::response::Res;
use http::StatusCode;
use std::sync::Arc;

const ATOM: &str = "application/atom+xml; charset=utf-8";
/// Part of a large sitemap.
const PART: &str = "part";
const XML: &str = "application/xml; charset=utf-8";

/// The newest posts, whole.
pub async fn atom(site: Arc<Site>, req: Req) -> Result<Res> {
    cache::get_or_render_absolute(&site, &req, &[], |txn| {
        let views = feeds::latest(&site.app, txn)?;
        let mut scopes = vec![Scope::Frame, Scope::Lists];
        scopes.extend(views.iter().map(|view| Scope::Post(view.head.id)));
        let text = atom_text(&site, &req, settings::current(txn)?.as_ref(), &views);
        Ok(response::document(ATOM, text, scopes, posts::next_publication(&site.app, txn)?))
    })
    .await
}

fn atom_text(site: &Site, req: &Req, settings: &Settings, views: &[PostView]) -> String {
    let (links, origin) = (site.app.links(), req.origin());
    let absolute = |path: String| format!("{origin}{path}");
    // What an entry borrows and nobody else owns.
    let own: Vec<(String, String)> = views
        .iter()
        .map(|view| (feeds::entry_id(&site.app, &view.head), absolute(links.content(&view.head))))
        .collect();
    let entries = views.iter().zip(&own).map(|(view, (id, address))| entry(view, id, address)).collect();
    feed::atom(&Feed {
        title: &settings.title,
        subtitle: &settings.tagline,
        language: &settings.language,
        page: &absolute(links.home()),
        address: &absolute(links.feed()),
        updated: views.iter().map(|view| view.head.updated_at.max(published(view))).max().unwrap_or_default(),
        entries,
    })
}

fn entry<'a>(view: &'a PostView, id: &'a str, address: &'a str) -> Entry<'a> {
    let head = &view.head;
    let category = view.category.iter().map(|category| category.name.as_str());
    Entry {
        id,
        title: &head.title,
        address,
        published: published(view),
        updated: head.updated_at.max(published(view)),
        authors: view.authors.iter().map(|author| author.display_name.as_str()).collect(),
        categories: category.chain(head.tags.iter().map(|tag| tag.name.as_str())).collect(),
        summary: head.teaser(),
        language: head.language.as_deref(),
        content: &view.body,
    }
}

fn published(view: &PostView) -> crate::domain::time::Timestamp {
    view.head.published_at.unwrap_or(view.head.created_at)
}

/// Every public address that is worth finding; of a large site the addresses of the parts.
pub async fn sitemap(site: Arc<Site>, req: Req) -> Result<Res> {
    cache::get_or_render_absolute(&site, &req, &[PART], |txn| {
        let part = match req.query(PART) {
            None => None,
            given => Some(page_number(given).ok_or(Error::NotFound("page"))?),
        };
        let origin = req.origin();
        let (map, next) = feeds::sitemap(&site.app, txn, part)?;
        let text = match map {
            Sitemap::Addresses(addresses) => {
                feed::sitemap(addresses.into_iter().map(|(path, changed)| (format!("{origin}{path}"), changed)))
            }
            Sitemap::Parts(parts) => {
                let address = format!("{origin}{}", site.app.links().to("/sitemap.xml"));
                feed::sitemap_index((1..=parts).map(|part| format!("{address}?{PART}={part}")))
            }
        };
        Ok(response::document(XML, text, vec![Scope::Frame, Scope::Lists], next))
    })
    .await
}

/// What crawlers may read: all but the pages that are nobody's but a member's.
pub async fn robots(site: Arc<Site>, req: Req) -> Result<Res> {
    let (links, origin) = (site.app.links(), req.origin());
    let mut text = String::from("User-agent: *\n");
    for path in [links.admin(), links.account(), links.login(""), links.signup("")] {
        // A rule is the beginning of an address (RFC 9309, section 2.2.2): without `$` one for /admin would keep
        // a page called /administration from being found.
        for end in ["$", "/", "?"] {
            text.push_str(&format!("Disallow: {path}{end}\n"));
        }
    }
    text.push_str(&format!("\nSitemap: {origin}{}\n", links.to("/sitemap.xml")));
    Ok(response::text(StatusCode::OK, text))
}
