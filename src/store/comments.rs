//! Comments in thread order, and the outline of a conversation kept in memory.

use crate::domain::comment::Comment;
use crate::domain::html::Html;
use crate::domain::id::{CommentId, PostId, UserId};
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::store::fresh::Scope;
use crate::store::news::News;
use crate::store::record;
use crate::store::schema::COMMENTS;
use crate::store::{ReadTxn, Snapshot, WriteTxn};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use std::ops::Bound;
use std::sync::Arc;

/// Post, thread and comment.
type Key = (u64, u64, u64);

/// Most bytes of texts that are read at once from the conversations of several posts.
const ROOM: usize = 16 * 1024 * 1024;
/// Comments among which one that is sent again is looked for.
const LOOK_BACK: usize = 100;

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredComment {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) parent: Option<CommentId>,
    pub(in crate::store) author: UserId,
    created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edited_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
    /// Markdown and HTML in a row, compressed: they repeat each other.
    #[serde(with = "serde_bytes")]
    text: Vec<u8>,
    /// Where in `text` the HTML begins.
    source_bytes: usize,
}

/// A stored comment as far as it is shown, read without copying its text.
#[derive(Deserialize)]
struct ShownComment<'a> {
    #[serde(default)]
    parent: Option<CommentId>,
    author: UserId,
    created_at: Timestamp,
    #[serde(default)]
    edited_at: Option<Timestamp>,
    #[serde(default)]
    deleted: bool,
    #[serde(borrow, with = "serde_bytes")]
    text: &'a [u8],
    source_bytes: usize,
}

/// A stored comment without its text.
#[derive(Deserialize)]
pub(in crate::store) struct Mark {
    #[serde(default)]
    pub(in crate::store) parent: Option<CommentId>,
    author: UserId,
    created_at: Timestamp,
    #[serde(default)]
    pub(in crate::store) deleted: bool,
}

/// What is known of a whole conversation without its texts.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Comments that are not deleted.
    pub total: usize,
    /// Threads in order, each with its number of comments, deleted ones included.
    pub threads: Vec<(CommentId, usize)>,
    /// (comment, thread) of each reply, sorted; a top-level comment is its own thread.
    pub(crate) replies: Vec<(CommentId, CommentId)>,
}

impl Outline {
    /// The thread a comment is in, if it is in this conversation.
    pub fn thread_of(&self, id: CommentId) -> Option<CommentId> {
        if self.threads.binary_search_by_key(&id, |thread| thread.0).is_ok() {
            return Some(id);
        }
        let at = self.replies.binary_search_by_key(&id, |reply| reply.0).ok()?;
        self.replies.get(at).map(|reply| reply.1)
    }

    /// The comment that was written last.
    pub fn newest(&self) -> Option<CommentId> {
        let (thread, reply) = (self.threads.last().map(|thread| thread.0), self.replies.last().map(|reply| reply.0));
        thread.max(reply)
    }

    /// How many comments of the thread come before `id`, deleted ones included.
    pub fn place_in_thread(&self, thread: CommentId, id: CommentId) -> usize {
        if id == thread {
            return 0;
        }
        let end = self.replies.partition_point(|reply| reply.0 < id);
        let before = self.replies.get(..end).unwrap_or_default();
        1 + before.iter().filter(|reply| reply.1 == thread).count()
    }

    /// Adds a comment that is newer than all the others.
    pub(in crate::store) fn push(&mut self, thread: CommentId, id: CommentId) {
        self.total += 1;
        if id == thread {
            self.threads.push((id, 1));
            return;
        }
        self.replies.push((id, thread));
        if let Ok(at) = self.threads.binary_search_by_key(&thread, |known| known.0)
            && let Some((_, size)) = self.threads.get_mut(at)
        {
            *size += 1;
        }
    }

    /// About how much memory it takes.
    pub(in crate::store) fn bytes(&self) -> usize {
        16 * (self.threads.len() + self.replies.len()) + 64
    }
}

/// The outline of a conversation; built once and kept until the conversation changes.
pub fn outline(txn: &ReadTxn, post: PostId) -> Result<Arc<Outline>> {
    match kept(txn, post) {
        Some(outline) => Ok(outline),
        None => Ok(keep(txn, post, build_outline(&*txn.table(COMMENTS)?, post)?)),
    }
}

/// For each post its comments that are not deleted.
pub fn counts(txn: &ReadTxn, posts: impl IntoIterator<Item = PostId>) -> Result<Vec<usize>> {
    let mut table = None;
    let count = |post| {
        if let Some(outline) = kept(txn, post) {
            return Ok(outline.total);
        }
        let table = match &mut table {
            Some(table) => table,
            none => none.insert(txn.table(COMMENTS)?),
        };
        Ok(keep(txn, post, build_outline(&**table, post)?).total)
    };
    posts.into_iter().map(count).collect()
}

fn kept(txn: &ReadTxn, post: PostId) -> Option<Arc<Outline>> {
    let (number, outline) = txn.shared.outlines.get(&post)?;
    (!txn.shared.fresh.changed_since(&[Scope::Post(post)], number)).then_some(outline)
}

fn keep(txn: &ReadTxn, post: PostId, outline: Outline) -> Arc<Outline> {
    let outline = Arc::new(outline);
    txn.shared.outlines.insert(post, (txn.number(), Arc::clone(&outline)));
    outline
}

fn build_outline(table: &impl ReadableTable<Key, &'static [u8]>, post: PostId) -> Result<Outline> {
    let mut outline = Outline::default();
    for row in table.range(whole(post))? {
        let (key, value) = row?;
        let (_, thread, id) = key.value();
        match outline.threads.last_mut() {
            Some((last, size)) if last.0 == thread => *size += 1,
            _ => outline.threads.push((CommentId(thread), 1)),
        }
        if id != thread {
            outline.replies.push((CommentId(id), CommentId(thread)));
        }
        if !record::decode::<Mark>(value.value())?.deleted {
            outline.total += 1;
        }
    }
    outline.replies.sort_unstable();
    Ok(outline)
}

/// All comments of the threads from `first` to `last`, threads and comments in the order written.
pub fn threads(txn: &impl Snapshot, post: PostId, first: CommentId, last: CommentId) -> Result<Vec<Comment>> {
    let table = txn.table(COMMENTS)?;
    let rows = table.range((post.0, first.0, 0)..=(post.0, last.0, u64::MAX))?;
    rows.map(|row| {
        let (key, value) = row?;
        from_stored(key.value(), record::decode(value.value())?)
    })
    .collect()
}

/// What a page shows of the threads from `first` to `last`: the comments after the first `skip`, at most
/// `take`, in the order of `threads` and without their Markdown.
pub fn shown(
    txn: &impl Snapshot,
    post: PostId,
    (first, last): (CommentId, CommentId),
    (skip, take): (usize, usize),
) -> Result<Vec<Comment>> {
    let table = txn.table(COMMENTS)?;
    let rows = table.range((post.0, first.0, 0)..=(post.0, last.0, u64::MAX))?;
    let mut comments = Vec::with_capacity(take);
    let mut text = Vec::new();
    for row in rows.skip(skip).take(take) {
        let (key, value) = row?;
        let (key, stored) = (key.value(), record::decode::<ShownComment>(value.value())?);
        record::unpack_into(stored.text, &mut text)?;
        let html = text.get(stored.source_bytes..).ok_or_else(|| damaged(key))?;
        comments.push(Comment {
            id: CommentId(key.2),
            post,
            thread: CommentId(key.1),
            parent: stored.parent,
            author: stored.author,
            created_at: stored.created_at,
            edited_at: stored.edited_at,
            deleted: stored.deleted,
            source: String::new(),
            body: Html::trusted(str::from_utf8(html)?.to_owned()),
        });
    }
    Ok(comments)
}

/// Comments of each post in thread order, deleted ones included, after the one of this thread and number.
/// `TooLarge` if the texts of several posts together are; those of one are bounded by `take`.
pub fn after(
    txn: &impl Snapshot,
    posts: &[PostId],
    place: (CommentId, CommentId),
    take: usize,
) -> Result<Vec<Vec<Comment>>> {
    let table = txn.table(COMMENTS)?;
    let mut room = if posts.len() > 1 { ROOM } else { usize::MAX };
    let of = |post: &PostId| {
        let from = (post.0, place.0.0, place.1.0);
        let rows = table.range((Bound::Excluded(from), Bound::Included((post.0, u64::MAX, u64::MAX))))?;
        rows.take(take)
            .map(|row| {
                let (key, value) = row?;
                let comment = from_stored(key.value(), record::decode(value.value())?)?;
                room = room.checked_sub(comment.texts()).ok_or(Error::TooLarge(ROOM as u64))?;
                Ok(comment)
            })
            .collect()
    };
    posts.iter().map(of).collect()
}

/// The newest comments of all posts before `number`, deleted ones left out. Looks at every comment: for
/// those who moderate, not for readers.
pub fn newest_before(txn: &impl Snapshot, number: u64, take: usize) -> Result<Vec<Comment>> {
    let table = txn.table(COMMENTS)?;
    let keys = latest_first(&*table)?;
    texts_of(&*table, keys.iter().filter(|key| key.2 < number).take(take))
}

/// One comment, by its post, its thread and its own number.
pub fn by_id(txn: &impl Snapshot, post: PostId, thread: CommentId, id: CommentId) -> Result<Option<Comment>> {
    let key = (post.0, thread.0, id.0);
    let stored = txn.table(COMMENTS)?.get(key)?.map(|row| record::decode::<StoredComment>(row.value())).transpose()?;
    stored.map(|stored| from_stored(key, stored)).transpose()
}

/// The newest comments of all posts, deleted ones left out, after the first `skip`; also how many
/// there are. Looks at every comment: for those who moderate, not for readers.
pub fn newest(txn: &impl Snapshot, skip: usize, take: usize) -> Result<(Vec<Comment>, usize)> {
    let table = txn.table(COMMENTS)?;
    let keys = latest_first(&*table)?;
    Ok((texts_of(&*table, keys.iter().skip(skip).take(take))?, keys.len()))
}

/// The keys of all comments that are not deleted.
fn latest_first(table: &(impl ReadableTable<Key, &'static [u8]> + ?Sized)) -> Result<Vec<Key>> {
    let mut keys = Vec::new();
    for row in table.iter()? {
        let (key, value) = row?;
        if !record::decode::<Mark>(value.value())?.deleted {
            keys.push(key.value());
        }
    }
    keys.sort_unstable_by_key(|key| std::cmp::Reverse(key.2));
    Ok(keys)
}

fn texts_of<'a>(
    table: &(impl ReadableTable<Key, &'static [u8]> + ?Sized),
    keys: impl Iterator<Item = &'a Key>,
) -> Result<Vec<Comment>> {
    let rows = keys.filter_map(|key| table.get(*key).transpose().map(|row| (*key, row)));
    rows.map(|(key, row)| from_stored(key, record::decode(row?.value())?)).collect()
}

/// The comment that was sent before if `comment` is sent again: by the same author, in the same place, with the same
/// text, written at `since` or later. Looks at the latest comments of that place alone.
pub fn sent_before(txn: &impl Snapshot, comment: &Comment, since: Timestamp) -> Result<Option<Comment>> {
    let table = txn.table(COMMENTS)?;
    let place = match comment.parent {
        Some(_) => (comment.post.0, comment.thread.0, 0)..=(comment.post.0, comment.thread.0, u64::MAX),
        None => whole(comment.post),
    };
    for row in table.range(place)?.rev().take(LOOK_BACK) {
        let (key, value) = row?;
        let mark: Mark = record::decode(value.value())?;
        if mark.created_at < since {
            break;
        }
        if mark.deleted || (mark.author, mark.parent) != (comment.author, comment.parent) {
            continue;
        }
        let earlier = from_stored(key.value(), record::decode(value.value())?)?;
        if earlier.source == comment.source {
            return Ok(Some(earlier));
        }
    }
    Ok(None)
}

/// Stores a new or changed comment.
pub fn put(txn: &WriteTxn<'_>, comment: &Comment) -> Result<()> {
    if !comment.deleted {
        txn.grow()?;
    }
    let stored = StoredComment {
        parent: comment.parent,
        author: comment.author,
        created_at: comment.created_at,
        edited_at: comment.edited_at,
        deleted: comment.deleted,
        text: record::pack(&format!("{}{}", comment.source, comment.body.as_str())),
        source_bytes: comment.source.len(),
    };
    let key = (comment.post.0, comment.thread.0, comment.id.0);
    let is_new = txn.open(COMMENTS)?.insert(key, record::encode(&stored)?.as_slice())?.is_none();
    txn.touch(Scope::Post(comment.post));
    let Comment { post, thread, id, .. } = *comment;
    txn.note(match (comment.deleted, is_new) {
        (true, _) => News::CommentRemoved { post, thread, comment: id },
        (false, true) => News::CommentWritten { post, thread, comment: id },
        (false, false) => News::CommentEdited { post, thread, comment: id },
    });
    Ok(())
}

/// Removes a whole conversation.
pub(in crate::store) fn remove_all(txn: &WriteTxn<'_>, post: PostId) -> Result<()> {
    txn.open(COMMENTS)?.retain_in(whole(post), |_, _| false)?;
    txn.touch(Scope::Post(post));
    Ok(())
}

fn whole(post: PostId) -> std::ops::RangeInclusive<Key> {
    (post.0, 0, 0)..=(post.0, u64::MAX, u64::MAX)
}

fn from_stored((post, thread, id): Key, stored: StoredComment) -> Result<Comment> {
    let text = record::unpack(&stored.text)?;
    let (source, html) = text.split_at_checked(stored.source_bytes).ok_or_else(|| damaged((post, thread, id)))?;
    Ok(Comment {
        id: CommentId(id),
        post: PostId(post),
        thread: CommentId(thread),
        parent: stored.parent,
        author: stored.author,
        created_at: stored.created_at,
        edited_at: stored.edited_at,
        deleted: stored.deleted,
        source: source.to_owned(),
        body: Html::trusted(html.to_owned()),
    })
}

fn damaged((post, _, id): Key) -> Error {
    Error::DataFile(format!("The text of comment {id} of post {post} is damaged."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn texts_of_many_posts_are_read_as_long_as_there_is_room() {
        let store = Store::memory().unwrap();
        let comment = |post: u64, id: u64| Comment {
            id: CommentId(id),
            post: PostId(post),
            thread: CommentId(id),
            parent: None,
            author: UserId(1),
            created_at: Timestamp::from_ms(0),
            edited_at: None,
            deleted: false,
            source: String::new(),
            body: Html::trusted("x".repeat(100_000)),
        };
        let written = store.write(move |txn| {
            (0..180).try_for_each(|id| put(txn, &comment(id % 2, id)))?;
            let of = |posts: &[PostId], take| after(txn, posts, (CommentId(0), CommentId(0)), take);
            let both = [PostId(0), PostId(1)];
            Ok((of(&both, 10)?.len(), of(&both[1..], 100)?.len(), of(&both, 100)))
        });
        let (few, one, many) = written.await.unwrap();
        assert_eq!((few, one), (2, 1));
        assert!(matches!(many, Err(Error::TooLarge(_))));
    }
}
