//! Tags: they exist as long as a public post carries them.

use crate::domain::category::Tag;
use crate::error::Result;
use crate::service::{App, ReadTxn};
use crate::store;

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
