//! What feeds and the sitemap show.

use crate::domain::category::Category;
use crate::domain::post::{Kind, PostHead, PostView};
use crate::error::Result;
use crate::service::{App, ReadTxn, posts};
use crate::store;
use crate::store::posts::Listing;

/// Posts in a feed.
const FEED_LENGTH: usize = 20;
/// Addresses in one sitemap (the sitemaps.org protocol allows 50,000).
const SITEMAP_LENGTH: usize = 50_000;

/// The newest posts with their texts.
pub fn latest(app: &App, txn: &ReadTxn) -> Result<Vec<PostView>> {
    let mut views = Vec::new();
    for id in store::posts::published(txn, &Listing::All, app.now(), 0, FEED_LENGTH)? {
        if let Some(head) = store::posts::by_id(txn, id)? {
            views.push(posts::view(app, txn, head)?);
        }
    }
    Ok(views)
}

/// Everything public that the sitemap names: static pages, posts newest first, categories.
pub fn sitemap(app: &App, txn: &ReadTxn) -> Result<(Vec<PostHead>, Vec<Category>)> {
    let now = app.now();
    let (mut heads, _) =
        store::posts::all(txn, 0, SITEMAP_LENGTH, |head| head.kind == Kind::Page && head.is_public(now))?;
    for id in store::posts::published(txn, &Listing::All, now, 0, SITEMAP_LENGTH.saturating_sub(heads.len()))? {
        heads.extend(store::posts::by_id(txn, id)?);
    }
    Ok((heads, store::categories::all(txn)?))
}
