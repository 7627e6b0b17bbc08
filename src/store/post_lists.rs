//! Posts from a place of a list on, for lists that are read with cursors.

use crate::domain::id::PostId;
use crate::domain::post::{Kind, PostHead};
use crate::domain::slug::Slug;
use crate::domain::time::Timestamp;
use crate::error::Result;
use crate::store::Snapshot;
use crate::store::posts::Listing;
use crate::store::record;
use crate::store::schema::{POST_BY_SLUG, POSTS, POSTS_BY_AUTHOR, POSTS_BY_CATEGORY, POSTS_BY_TAG, POSTS_BY_TIME};
use redb::ReadableTable;

/// Where a published post stands in its lists.
pub type Place = (Timestamp, PostId);

/// Places that stand behind `place`, newest first.
pub fn published_before(txn: &impl Snapshot, listing: &Listing, place: Place, take: usize) -> Result<Vec<Place>> {
    let (time, post) = (place.0.ms(), place.1.0);
    let at = |time: i64, id: u64| (Timestamp::from_ms(time), PostId(id));
    match listing {
        Listing::All => {
            let table = txn.table(POSTS_BY_TIME)?;
            let rows = table.range(..(time, post))?.rev().take(take);
            rows.map(|row| Ok(row.map(|row| at(row.0.value().0, row.0.value().1))?)).collect()
        }
        Listing::Category(id) => {
            let table = txn.table(POSTS_BY_CATEGORY)?;
            let rows = table.range((id.0, i64::MIN, 0)..(id.0, time, post))?.rev().take(take);
            rows.map(|row| Ok(row.map(|row| at(row.0.value().1, row.0.value().2))?)).collect()
        }
        Listing::Tag(slug) => {
            let table = txn.table(POSTS_BY_TAG)?;
            let rows = table.range((slug.as_str(), i64::MIN, 0)..(slug.as_str(), time, post))?.rev().take(take);
            rows.map(|row| Ok(row.map(|row| at(row.0.value().1, row.0.value().2))?)).collect()
        }
        Listing::Author(id) => {
            let table = txn.table(POSTS_BY_AUTHOR)?;
            let rows = table.range((id.0, i64::MIN, 0)..(id.0, time, post))?.rev().take(take);
            rows.map(|row| Ok(row.map(|row| at(row.0.value().1, row.0.value().2))?)).collect()
        }
    }
}

/// The heads of posts in this order; those that are not there are left out.
pub fn heads(txn: &impl Snapshot, ids: impl IntoIterator<Item = PostId>) -> Result<Vec<PostHead>> {
    let table = txn.table(POSTS)?;
    let mut heads = Vec::new();
    for id in ids {
        if let Some(row) = table.get(id.0)? {
            heads.push(record::decode(row.value())?);
        }
    }
    Ok(heads)
}

/// Heads of posts and pages made before the one of this number for which `keep` holds, newest made first.
pub fn made_before(
    txn: &impl Snapshot,
    id: u64,
    take: usize,
    keep: impl Fn(&PostHead) -> bool,
) -> Result<Vec<PostHead>> {
    let mut heads = Vec::new();
    for row in txn.table(POSTS)?.range(..id)?.rev() {
        if heads.len() == take {
            break;
        }
        let head: PostHead = record::decode(row?.1.value())?;
        if keep(&head) {
            heads.push(head);
        }
    }
    Ok(heads)
}

/// Every page, newest made first. A blog has few: they are found by their addresses.
pub fn pages(txn: &impl Snapshot) -> Result<Vec<PostId>> {
    let word = Kind::Page.as_str();
    let table = txn.table(POST_BY_SLUG)?;
    // Slugs begin with a letter or a digit, and no kind's word is the beginning of another's.
    let rows = table.range((word, "")..)?.map(|row| {
        let (key, value) = row?;
        Ok((key.value().0 == word).then(|| PostId(value.value())))
    });
    let found: Vec<Option<PostId>> = rows.take_while(|row| !matches!(row, Ok(None))).collect::<Result<_>>()?;
    let mut pages: Vec<PostId> = found.into_iter().flatten().collect();
    pages.sort_unstable_by(|a, b| b.cmp(a));
    Ok(pages)
}

/// Slugs of the tags of posts that are public at `now`, each with the number of these posts and the newest.
pub fn tags(txn: &impl Snapshot, now: Timestamp) -> Result<Vec<(Slug, usize, PostId)>> {
    let mut tags: Vec<(String, usize, PostId)> = Vec::new();
    for row in txn.table(POSTS_BY_TAG)?.iter()? {
        let key = row?.0;
        let (slug, time, post) = key.value();
        if time > now.ms() {
            continue;
        }
        match tags.last_mut() {
            Some((last, posts, newest)) if last == slug => (*posts, *newest) = (*posts + 1, PostId(post)),
            _ => tags.push((slug.to_owned(), 1, PostId(post))),
        }
    }
    let slug = |(slug, posts, newest): (String, usize, PostId)| Some((Slug::parse(&slug).ok()?, posts, newest));
    Ok(tags.into_iter().filter_map(slug).collect())
}
