//! Posts and static pages: heads, revisions, bodies and the indexes that lists read.

use crate::domain::html::Html;
use crate::domain::id::{CategoryId, PostId, UserId};
use crate::domain::post::{Kind, PostHead, Status};
use crate::domain::slug::Slug;
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::store::fresh::Scope;
use crate::store::news::News;
use crate::store::record;
use crate::store::schema::{
    BODIES, POST_BY_SLUG, POSTS, POSTS_BY_AUTHOR, POSTS_BY_CATEGORY, POSTS_BY_TAG, POSTS_BY_TIME, REVISIONS,
};
use crate::store::{Snapshot, WriteTxn, comments, ids, settings};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Rendered text of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Which renderer made it; see `content::markdown::stamp`.
    pub stamp: String,
    pub html: Html,
}

/// Read without copying what is still compressed.
#[derive(Serialize, Deserialize)]
struct StoredBody<'a> {
    stamp: &'a str,
    #[serde(borrow, with = "serde_bytes")]
    html: &'a [u8],
}

/// What an author wrote, as it was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    pub title: String,
    /// Markdown.
    pub source: String,
    /// `None` when the program saved it (an import).
    pub saved_by: Option<UserId>,
    pub saved_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct StoredRevision {
    title: String,
    #[serde(with = "serde_bytes")]
    source: Vec<u8>,
    saved_by: Option<UserId>,
    saved_at: Timestamp,
}

/// A list of published posts, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Listing {
    All,
    Category(CategoryId),
    Tag(Slug),
    Author(UserId),
}

/// A number for a new post.
pub fn next_id(txn: &WriteTxn<'_>) -> Result<PostId> {
    ids::next(txn, "post").map(PostId)
}

/// The head of a post, whatever its state.
pub fn by_id(txn: &impl Snapshot, id: PostId) -> Result<Option<PostHead>> {
    txn.table(POSTS)?.get(id.0)?.map(|row| record::decode(row.value())).transpose()
}

/// The post or page at this address, whatever its state.
pub fn by_slug(txn: &impl Snapshot, kind: Kind, slug: &Slug) -> Result<Option<PostHead>> {
    let id = txn.table(POST_BY_SLUG)?.get((kind.as_str(), slug.as_str()))?.map(|row| row.value());
    id.map_or(Ok(None), |id| by_id(txn, PostId(id)))
}

/// The rendered text.
pub fn body(txn: &impl Snapshot, id: PostId) -> Result<Option<Body>> {
    let table = txn.table(BODIES)?;
    let Some(row) = table.get(id.0)? else { return Ok(None) };
    let stored: StoredBody<'_> = record::decode(row.value())?;
    Ok(Some(Body { stamp: stored.stamp.to_owned(), html: Html::trusted(record::unpack(stored.html)?) }))
}

/// What was saved as `version`.
pub fn revision(txn: &impl Snapshot, id: PostId, version: u32) -> Result<Option<Revision>> {
    let stored = txn
        .table(REVISIONS)?
        .get((id.0, version))?
        .map(|row| record::decode::<StoredRevision>(row.value()))
        .transpose()?;
    stored
        .map(|stored| {
            Ok(Revision {
                title: stored.title,
                source: record::unpack(&stored.source)?,
                saved_by: stored.saved_by,
                saved_at: stored.saved_at,
            })
        })
        .transpose()
}

/// Stores a new post. Its address must be free: check it before, in the same transaction.
pub fn insert(txn: &WriteTxn<'_>, head: &PostHead, revision: &Revision, body: &Body) -> Result<()> {
    txn.grow()?;
    put_slug(txn, head)?;
    put_indexes(txn, head)?;
    put_head(txn, head)?;
    put_revision(txn, head, revision)?;
    put_body(txn, head.id, body)?;
    touch(txn, head);
    note(txn, None, head);
    Ok(())
}

/// Replaces a post. With a revision its text too, which is kept beside the earlier ones.
pub fn replace(txn: &WriteTxn<'_>, old: &PostHead, new: &PostHead, text: Option<(&Revision, &Body)>) -> Result<()> {
    if text.is_some() {
        txn.grow()?;
    }
    if (old.kind, &old.slug) != (new.kind, &new.slug) {
        txn.open(POST_BY_SLUG)?.remove((old.kind.as_str(), old.slug.as_str()))?;
        put_slug(txn, new)?;
    }
    if index_entry(old) != index_entry(new)
        || (old.category, &old.tags, &old.authors) != (new.category, &new.tags, &new.authors)
    {
        remove_indexes(txn, old)?;
        put_indexes(txn, new)?;
    }
    put_head(txn, new)?;
    if let Some((revision, body)) = text {
        put_revision(txn, new, revision)?;
        put_body(txn, new.id, body)?;
    }
    touch(txn, old);
    touch(txn, new);
    note(txn, Some(old), new);
    Ok(())
}

/// Replaces the rendered text alone: a newer renderer, or another base path.
pub fn replace_body(txn: &WriteTxn<'_>, id: PostId, body: &Body) -> Result<()> {
    txn.touch(Scope::Post(id));
    put_body(txn, id, body)
}

/// Removes a post with its revisions and its conversation.
pub fn remove(txn: &WriteTxn<'_>, head: &PostHead) -> Result<()> {
    let id = head.id.0;
    txn.open(POST_BY_SLUG)?.remove((head.kind.as_str(), head.slug.as_str()))?;
    remove_indexes(txn, head)?;
    txn.open(POSTS)?.remove(id)?;
    txn.open(BODIES)?.remove(id)?;
    txn.open(REVISIONS)?.retain_in((id, 0)..=(id, u32::MAX), |_, _| false)?;
    comments::remove_all(txn, head.id)?;
    touch(txn, head);
    if index_entry(head).is_some() {
        txn.note(News::PostHidden { post: head.id });
    }
    Ok(())
}

/// Ids of posts public at `now`, newest first, after the first `skip`.
pub fn published(
    txn: &impl Snapshot,
    listing: &Listing,
    now: Timestamp,
    skip: usize,
    take: usize,
) -> Result<Vec<PostId>> {
    between(txn, listing, (Timestamp::from_ms(i64::MIN), now), skip, take)
}

/// Like `published`, for publication times from the first moment to before or at the second.
pub fn between(
    txn: &impl Snapshot,
    listing: &Listing,
    (from, to): (Timestamp, Timestamp),
    skip: usize,
    take: usize,
) -> Result<Vec<PostId>> {
    let (low, high) = (from.ms(), to.ms());
    match listing {
        Listing::All => {
            let table = txn.table(POSTS_BY_TIME)?;
            let rows = table.range((low, 0)..=(high, u64::MAX))?.rev().skip(skip).take(take);
            rows.map(|row| Ok(PostId(row?.0.value().1))).collect()
        }
        Listing::Category(id) => {
            let table = txn.table(POSTS_BY_CATEGORY)?;
            let rows = table.range((id.0, low, 0)..=(id.0, high, u64::MAX))?.rev().skip(skip).take(take);
            rows.map(|row| Ok(PostId(row?.0.value().2))).collect()
        }
        Listing::Tag(slug) => {
            let table = txn.table(POSTS_BY_TAG)?;
            let rows =
                table.range((slug.as_str(), low, 0)..=(slug.as_str(), high, u64::MAX))?.rev().skip(skip).take(take);
            rows.map(|row| Ok(PostId(row?.0.value().2))).collect()
        }
        Listing::Author(id) => {
            let table = txn.table(POSTS_BY_AUTHOR)?;
            let rows = table.range((id.0, low, 0)..=(id.0, high, u64::MAX))?.rev().skip(skip).take(take);
            rows.map(|row| Ok(PostId(row?.0.value().2))).collect()
        }
    }
}

/// When the next scheduled post appears.
pub fn next_publication(txn: &impl Snapshot, now: Timestamp) -> Result<Option<Timestamp>> {
    let table = txn.table(POSTS_BY_TIME)?;
    let next = table.range((now.ms() + 1, 0)..)?.next().transpose()?;
    Ok(next.map(|row| Timestamp::from_ms(row.0.value().0)))
}

/// Heads of every state for which `keep` holds, newest made first, after the first `skip`; also
/// how many there are in all.
pub fn all(
    txn: &impl Snapshot,
    skip: usize,
    take: usize,
    keep: impl Fn(&PostHead) -> bool,
) -> Result<(Vec<PostHead>, usize)> {
    let (mut heads, mut total) = (Vec::new(), 0);
    for row in txn.table(POSTS)?.iter()?.rev() {
        let head: PostHead = record::decode(row?.1.value())?;
        if keep(&head) {
            if total >= skip && heads.len() < take {
                heads.push(head);
            }
            total += 1;
        }
    }
    Ok((heads, total))
}

/// Posts whose rendered text carries another stamp. Reads every text: ask `settings::rendered` first.
pub fn rendered_otherwise(txn: &impl Snapshot, stamp: &str) -> Result<Vec<PostId>> {
    #[derive(Deserialize)]
    struct Stamp {
        stamp: String,
    }
    let mut ids = Vec::new();
    for row in txn.table(BODIES)?.iter()? {
        let (id, body) = row?;
        if record::decode::<Stamp>(body.value())?.stamp != stamp {
            ids.push(PostId(id.value()));
        }
    }
    Ok(ids)
}

/// Heads of the static pages, whatever their state, by address.
pub fn pages(txn: &impl Snapshot) -> Result<Vec<PostHead>> {
    let kind = Kind::Page.as_str();
    let mut heads = Vec::new();
    for row in txn.table(POST_BY_SLUG)?.range((kind, "")..)? {
        let (key, id) = row?;
        if key.value().0 != kind {
            break;
        }
        heads.extend(by_id(txn, PostId(id.value()))?);
    }
    Ok(heads)
}

/// How many posts of every state are filed under each category.
pub fn count_by_category(txn: &impl Snapshot) -> Result<HashMap<CategoryId, usize>> {
    let mut counts = HashMap::new();
    for row in txn.table(POSTS)?.iter()? {
        let head: PostHead = record::decode(row?.1.value())?;
        if let Some(category) = head.category {
            *counts.entry(category).or_default() += 1;
        }
    }
    Ok(counts)
}

/// Posts of every state that are filed under this category.
pub fn in_category(txn: &impl Snapshot, id: CategoryId) -> Result<Vec<PostHead>> {
    all(txn, 0, usize::MAX, |head| head.category == Some(id)).map(|(heads, _)| heads)
}

/// The newest post public at `now` that carries this tag.
pub fn newest_with_tag(txn: &impl Snapshot, slug: &Slug, now: Timestamp) -> Result<Option<PostId>> {
    Ok(published(txn, &Listing::Tag(slug.clone()), now, 0, 1)?.into_iter().next())
}

fn touch(txn: &WriteTxn<'_>, head: &PostHead) {
    txn.touch(Scope::Post(head.id));
    // A draft is on no public list; a page is in the sitemap.
    if head.status == Status::Published {
        txn.touch(Scope::Lists);
    }
}

/// Tells what a save means to readers, who see public posts only. The moment of the save is in the head.
fn note(txn: &WriteTxn<'_>, old: Option<&PostHead>, new: &PostHead) {
    let (post, saved) = (new.id, new.updated_at);
    // The save of a scheduled post that leaves its time alone, whenever it is, is no news of its publication.
    if old.is_some_and(|old| index_entry(old) == index_entry(new)) && !new.is_public(saved) {
        return;
    }
    let is_public = |head: &PostHead| head.kind == Kind::Post && head.is_public(saved);
    match (old.is_some_and(is_public), is_public(new)) {
        (false, true) => txn.note(News::PostPublished { post }),
        (true, true) => txn.note(News::PostEdited { post }),
        (true, false) => txn.note(News::PostHidden { post }),
        (false, false) => {
            if let Some(time) = index_entry(new) {
                txn.note(News::PostScheduled { post, at: Timestamp::from_ms(time) });
            }
        }
    }
}

/// The time under which a post stands in the indexes, if it does.
pub(in crate::store) fn index_entry(head: &PostHead) -> Option<i64> {
    match (head.kind, head.status, head.published_at) {
        (Kind::Post, Status::Published, Some(time)) => Some(time.ms()),
        _ => None,
    }
}

fn put_slug(txn: &WriteTxn<'_>, head: &PostHead) -> Result<()> {
    let taken =
        txn.open(POST_BY_SLUG)?.insert((head.kind.as_str(), head.slug.as_str()), head.id.0)?.map(|row| row.value());
    match taken {
        Some(other) if other != head.id.0 => {
            Err(Error::field("slug", "Another post has this address. Please choose another."))
        }
        _ => Ok(()),
    }
}

fn put_head(txn: &WriteTxn<'_>, head: &PostHead) -> Result<()> {
    txn.open(POSTS)?.insert(head.id.0, record::encode(head)?.as_slice())?;
    Ok(())
}

fn put_revision(txn: &WriteTxn<'_>, head: &PostHead, revision: &Revision) -> Result<()> {
    let stored = StoredRevision {
        title: revision.title.clone(),
        source: record::pack(&revision.source),
        saved_by: revision.saved_by,
        saved_at: revision.saved_at,
    };
    txn.open(REVISIONS)?.insert((head.id.0, head.version), record::encode(&stored)?.as_slice())?;
    Ok(())
}

fn put_body(txn: &WriteTxn<'_>, id: PostId, body: &Body) -> Result<()> {
    settings::keep_rendered_true(txn, &body.stamp)?;
    let stored = StoredBody { stamp: &body.stamp, html: &record::pack(body.html.as_str()) };
    txn.open(BODIES)?.insert(id.0, record::encode(&stored)?.as_slice())?;
    Ok(())
}

fn put_indexes(txn: &WriteTxn<'_>, head: &PostHead) -> Result<()> {
    let Some(time) = index_entry(head) else { return Ok(()) };
    let id = head.id.0;
    txn.open(POSTS_BY_TIME)?.insert((time, id), ())?;
    if let Some(category) = head.category {
        txn.open(POSTS_BY_CATEGORY)?.insert((category.0, time, id), ())?;
    }
    for tag in &head.tags {
        txn.open(POSTS_BY_TAG)?.insert((tag.slug.as_str(), time, id), ())?;
    }
    for author in &head.authors {
        txn.open(POSTS_BY_AUTHOR)?.insert((author.0, time, id), ())?;
    }
    Ok(())
}

fn remove_indexes(txn: &WriteTxn<'_>, head: &PostHead) -> Result<()> {
    let Some(time) = index_entry(head) else { return Ok(()) };
    let id = head.id.0;
    txn.open(POSTS_BY_TIME)?.remove((time, id))?;
    if let Some(category) = head.category {
        txn.open(POSTS_BY_CATEGORY)?.remove((category.0, time, id))?;
    }
    for tag in &head.tags {
        txn.open(POSTS_BY_TAG)?.remove((tag.slug.as_str(), time, id))?;
    }
    for author in &head.authors {
        txn.open(POSTS_BY_AUTHOR)?.remove((author.0, time, id))?;
    }
    Ok(())
}
