//! What feeds and the sitemap show.

use crate::domain::category::Category;
use crate::domain::post::{Kind, PostHead, PostView, State};
use crate::domain::time::Timestamp;
use crate::error::Result;
use crate::service::{App, ReadTxn, posts};
use crate::store;
use crate::store::posts::Listing;
use sha2::{Digest, Sha256};

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

/// Everything public that the sitemap names: static pages, posts newest first, and categories
/// that have posts; also when the next scheduled post or page joins them.
pub fn sitemap(app: &App, txn: &ReadTxn) -> Result<(Vec<PostHead>, Vec<Category>, Option<Timestamp>)> {
    let now = app.now();
    let scheduled = |head: &PostHead| head.kind == Kind::Page && head.state(now) == State::Scheduled;
    let (pages, _) = store::posts::all(txn, 0, SITEMAP_LENGTH, scheduled)?;
    let next_page = pages.iter().filter_map(|page| page.published_at).min();
    let next = [next_page, store::posts::next_publication(txn, now)?].into_iter().flatten().min();
    let (mut heads, _) =
        store::posts::all(txn, 0, SITEMAP_LENGTH, |head| head.kind == Kind::Page && head.is_public(now))?;
    for id in store::posts::published(txn, &Listing::All, now, 0, SITEMAP_LENGTH.saturating_sub(heads.len()))? {
        heads.extend(store::posts::by_id(txn, id)?);
    }
    let mut categories = store::categories::all(txn)?;
    let filled = |category: &Category| {
        store::posts::published(txn, &Listing::Category(category.id), now, 0, 1).is_ok_and(|posts| !posts.is_empty())
    };
    categories.retain(filled);
    Ok((heads, categories, next))
}

/// An id that a post keeps for ever, even when its address, the site's or the data file's place
/// changes: a UUID of version 8 (RFC 9562, section 5.8) made from the site's id and the post's.
pub fn entry_id(app: &App, post: &PostHead) -> String {
    let digest = Sha256::digest(format!("{}/{}", app.site_id, post.id));
    let mut digits: Vec<char> =
        digest.iter().take(16).flat_map(|byte| format!("{byte:02x}").into_bytes()).map(char::from).collect();
    if let Some(version) = digits.get_mut(12) {
        *version = '8';
    }
    if let Some(variant) = digits.get_mut(16) {
        *variant = 'a';
    }
    for at in [20, 16, 12, 8] {
        digits.insert(at, '-');
    }
    format!("urn:uuid:{}", digits.into_iter().collect::<String>())
}
