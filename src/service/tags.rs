//! Tags: they exist as long as a public post carries them.

use crate::domain::category::Tag;
use crate::domain::id::PostId;
use crate::domain::post::PostHead;
use crate::domain::slug::Slug;
use crate::error::{Error, Result};
use crate::service::{App, ReadTxn};
use crate::store;
use crate::store::posts::Listing;
use std::collections::HashMap;

/// The tag at this address with the number of public posts that carry it.
pub fn by_slug(app: &App, txn: &ReadTxn, slug: &str) -> Result<(Tag, usize)> {
    let missing = || Error::NotFound("tag");
    let slug = Slug::parse(slug).map_err(|_| missing())?;
    let newest = store::posts::newest_with_tag(txn, &slug, app.now())?.ok_or_else(missing)?;
    let head = store::posts::by_id(txn, newest)?.ok_or_else(missing)?;
    let tag = head.tags.into_iter().find(|tag| tag.slug == slug).ok_or_else(missing)?;
    Ok((tag, store::counts::published(txn, &Listing::Tag(slug), app.now())?))
}

/// Every tag of a public post with the number of these posts, by address.
pub fn all(app: &App, txn: &ReadTxn) -> Result<Vec<(Tag, usize)>> {
    let found = store::post_lists::tags(txn, app.now())?;
    let heads = store::post_lists::heads(txn, found.iter().map(|(_, _, newest)| *newest))?;
    let heads: HashMap<PostId, PostHead> = heads.into_iter().map(|head| (head.id, head)).collect();
    // Two posts may spell a tag differently; the newest one has the word.
    let spelled = |(slug, posts, newest): (Slug, usize, PostId)| {
        let tag = heads.get(&newest)?.tags.iter().find(|tag| tag.slug == slug)?;
        Some((tag.clone(), posts))
    };
    Ok(found.into_iter().filter_map(spelled).collect())
}
