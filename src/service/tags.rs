//! Tags: they exist as long as a public post carries them.

use crate::domain::category::Tag;
use crate::domain::slug::Slug;
use crate::error::{Error, Result};
use crate::service::{App, ReadTxn};
use crate::store;
use crate::store::posts::Listing;

/// The tag at this address with the number of public posts that carry it.
pub fn by_slug(app: &App, txn: &ReadTxn, slug: &str) -> Result<(Tag, usize)> {
    let missing = || Error::NotFound("tag");
    let slug = Slug::parse(slug).map_err(|_| missing())?;
    let newest = store::posts::newest_with_tag(txn, &slug, app.now())?.ok_or_else(missing)?;
    let head = store::posts::by_id(txn, newest)?.ok_or_else(missing)?;
    let tag = head.tags.into_iter().find(|tag| tag.slug == slug).ok_or_else(missing)?;
    Ok((tag, store::posts::count(txn, &Listing::Tag(slug), app.now())?))
}

/// Every tag of a public post with the number of these posts, by address.
pub fn all(app: &App, txn: &ReadTxn) -> Result<Vec<(Tag, usize)>> {
    let mut tags = Vec::new();
    for (slug, posts, newest) in store::post_lists::tags(txn, app.now())? {
        // Two posts may spell a tag differently; the newest one has the word.
        let head = store::posts::by_id(txn, newest)?;
        let tag = head.and_then(|head| head.tags.into_iter().find(|tag| tag.slug == slug));
        tags.extend(tag.map(|tag| (tag, posts)));
    }
    Ok(tags)
}
