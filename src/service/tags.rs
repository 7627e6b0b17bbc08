//! Tags: they exist as long as a public post carries them.

use crate::domain::category::{Tag, is_same_name};
use crate::domain::id::PostId;
use crate::domain::post::{PostHead, Status};
use crate::domain::slug::Slug;
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::service::{App, ReadTxn};
use crate::store::posts::Listing;
use crate::store::{self, Snapshot};
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

/// The tags of a post with their addresses: a tag that a published post carries keeps its own, another one gets that of
/// the tag of its name, or one that no tag of another name has.
pub(in crate::service) fn settle(txn: &impl Snapshot, head: &PostHead, wanted: &[Tag]) -> Result<Vec<Tag>> {
    let mut settled: Vec<Tag> = Vec::new();
    for tag in wanted {
        let carried = head.tags.iter().find(|old| is_same_name(&old.name, &tag.name));
        let slug = match carried.filter(|_| head.status == Status::Published) {
            Some(old) => old.slug.clone(),
            None => free(txn, &settled, tag)?,
        };
        if !settled.iter().any(|other| other.slug == slug) {
            settled.push(Tag { slug, name: tag.name.clone() });
        }
    }
    Ok(settled)
}

fn free(txn: &impl Snapshot, settled: &[Tag], tag: &Tag) -> Result<Slug> {
    // Earlier versions dropped the signs of a name.
    if let Some(earlier) = Slug::from_title(&tag.name).filter(|slug| *slug != tag.slug)
        && name_at(txn, &earlier)?.is_some_and(|name| is_same_name(&name, &tag.name))
    {
        return Ok(earlier);
    }
    for number in 1..100 {
        let slug = if number == 1 { tag.slug.clone() } else { tag.slug.numbered(number) };
        let here = settled.iter().find(|other| other.slug == slug).map(|other| other.name.clone());
        let name = here.map_or_else(|| name_at(txn, &slug), |name| Ok(Some(name)))?;
        if name.is_none_or(|name| is_same_name(&name, &tag.name)) {
            return Ok(slug);
        }
    }
    Err(Error::field("tags", "Please choose other tags; many have nearly the same name."))
}

/// What the tag at this address is called, also if the posts that carry it are not public yet.
fn name_at(txn: &impl Snapshot, slug: &Slug) -> Result<Option<String>> {
    let Some(id) = store::posts::newest_with_tag(txn, slug, Timestamp::from_ms(i64::MAX))? else { return Ok(None) };
    let head = store::posts::by_id(txn, id)?;
    Ok(head.and_then(|head| head.tags.into_iter().find(|tag| tag.slug == *slug)).map(|tag| tag.name))
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
