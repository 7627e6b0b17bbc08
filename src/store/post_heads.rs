//! Heads of posts by address, kept in memory while they are true.
//!
//! Every page of a post begins with its head, which takes a leaf page of two tables. In a large blog hardly any
//! two posts share one, and then it is these pages that redb's cache has no room for.

use crate::domain::id::UserId;
use crate::domain::post::{Kind, PostHead};
use crate::domain::slug::Slug;
use crate::error::Result;
use crate::store::ReadTxn;
use crate::store::fresh::Scope;
use crate::store::posts;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;

/// Heads kept in memory, in bytes.
const ROOM: u64 = 1024 * 1024;
/// About how many that are.
const HEADS: usize = 1_024;

/// An address, and the head with the number of a commit at which it was true.
pub(in crate::store) type Heads = Cache<(Kind, Slug), (u64, Arc<PostHead>), Weight>;

/// No heads yet.
pub(in crate::store) fn none() -> Heads {
    Cache::with_weighter(HEADS, ROOM, Weight)
}

#[derive(Clone)]
pub(in crate::store) struct Weight;

impl Weighter<(Kind, Slug), (u64, Arc<PostHead>)> for Weight {
    fn weight(&self, (_, slug): &(Kind, Slug), (_, head): &(u64, Arc<PostHead>)) -> u64 {
        let tags = head.tags.iter().map(|tag| tag.slug.as_str().len() + tag.name.len() + 64).sum::<usize>();
        let texts = head.title.len() + head.excerpt.len() + head.summary.len() + head.cover.iter().count() * 512;
        (2 * slug.as_str().len() + texts + tags + head.authors.len() * size_of::<UserId>() + 512) as u64
    }
}

/// The post or page at this address, whatever its state.
pub fn by_slug(txn: &ReadTxn, kind: Kind, slug: Slug) -> Result<Option<PostHead>> {
    if !txn.reading.is_exact {
        return posts::by_slug(txn, kind, &slug);
    }
    let heads = &txn.shared.heads;
    let key = (kind, slug);
    // Who leaves an address has changed, so that it cannot be somebody else's by now.
    if let Some((number, head)) = heads.get(&key)
        && number <= txn.number()
        && !txn.shared.fresh.changed_since(&[Scope::Post(head.id)], number)
    {
        return Ok(Some(PostHead::clone(&head)));
    }
    let head = posts::by_slug(txn, kind, &key.1)?;
    if let Some(head) = &head {
        heads.insert(key, (txn.number(), Arc::new(head.clone())));
    }
    Ok(head)
}
