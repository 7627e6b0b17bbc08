//! Conversations: reading them page by page, writing, changing and deleting comments.

use crate::content::markdown;
use crate::domain::actor::Actor;
use crate::domain::comment::{
    self, COMMENTS_PER_PAGE, Comment, Conversation, INDENTED_DEPTH, PlacedComment, RecentComment, SENT_AGAIN,
};
use crate::domain::html::Html;
use crate::domain::id::{CommentId, PostId, UserId};
use crate::domain::paging::{Cursor, Page, Slice, Window};
use crate::domain::post::{Kind, PostHead};
use crate::domain::token::TokenScope;
use crate::error::{Error, Result};
use crate::service::change::Change;
use crate::service::posts;
use crate::service::{App, ReadTxn, in_turn};
use crate::store::comments::Outline;
use crate::store::{self};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Comments on a page of the list under `/admin`.
const RECENT_PER_PAGE: usize = 50;

/// The names of the lists in cursors.
const THREADS: &str = "comments";
const RECENT: &str = "recent";

const CLOSED: &str = "Comments are closed on this post.";

/// Part of a thread that stands on one page: a thread longer than a page is cut into several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment {
    thread: CommentId,
    skip: usize,
    take: usize,
}

/// Page `number` of a post's conversation. `NotFound` past the last page.
pub fn conversation(txn: &ReadTxn, post: PostId, number: usize) -> Result<Conversation> {
    let outline = store::comments::outline(txn, post)?;
    let pages = pages(&outline);
    if number > pages.len().max(1) {
        return Err(Error::NotFound("page"));
    }
    let Some([first, .., last] | [first @ last]) = pages.get(number - 1).map(Vec::as_slice) else {
        return Ok(Conversation { page: number, pages: 1, ..Conversation::default() });
    };
    let take = pages.get(number - 1).into_iter().flatten().map(|segment| segment.take).sum();
    let comments = store::comments::shown(txn, post, (first.thread, last.thread), (first.skip, take))?;
    Ok(Conversation { comments: place(txn, comments)?, total: outline.total, page: number, pages: pages.len() })
}

/// Whole threads share a page until it has enough comments.
fn pages(outline: &Outline) -> Vec<Vec<Segment>> {
    let mut pages: Vec<Vec<Segment>> = Vec::new();
    each_segment(outline, |number, segment| {
        if number > pages.len() {
            pages.push(Vec::new());
        }
        pages.last_mut().into_iter().for_each(|page| page.push(segment));
    });
    pages
}

/// The number of the page that a comment of this thread is on. It builds no
/// pages, because it runs after each new comment.
fn page_of(outline: &Outline, thread: CommentId, id: CommentId) -> Option<usize> {
    let place = outline.place_in_thread(thread, id);
    let mut found = None;
    each_segment(outline, |number, segment| {
        if segment.thread == thread && (segment.skip..segment.skip + segment.take).contains(&place) {
            found = Some(number);
        }
    });
    found
}

/// Deals the threads out to pages, which are numbered from 1.
fn each_segment(outline: &Outline, mut each: impl FnMut(usize, Segment)) {
    let (mut number, mut room) = (0, 0);
    for &(thread, size) in &outline.threads {
        let mut skip = 0;
        while skip < size {
            if room == 0 || (skip == 0 && size > room && size <= COMMENTS_PER_PAGE) {
                number += 1;
                room = COMMENTS_PER_PAGE;
            }
            let take = (size - skip).min(room);
            each(number, Segment { thread, skip, take });
            skip += take;
            room -= take;
        }
    }
}

/// Reading order: each comment directly followed by its replies. A reply whose parent is on another
/// page stands at the level of replies and says whom it answers. `comments` are in the order written,
/// thread by thread.
fn place(txn: &ReadTxn, comments: Vec<Comment>) -> Result<Vec<PlacedComment>> {
    let here = |thread, id| comments.binary_search_by_key(&(thread, id), |other| (other.thread, other.id)).is_ok();
    let parents: Vec<Option<CommentId>> =
        comments.iter().map(|comment| comment.parent.filter(|parent| here(comment.thread, *parent))).collect();
    // Sorted by parent; the order within stays.
    let mut answers: Vec<(Option<CommentId>, Option<Comment>)> =
        parents.into_iter().zip(comments.into_iter().map(Some)).collect();
    answers.sort_by_key(|answer| answer.0);
    let mut placed = Vec::with_capacity(answers.len());
    let to = |answers: &[(Option<CommentId>, Option<Comment>)], parent| {
        answers.partition_point(|answer| answer.0 < parent)..answers.partition_point(|answer| answer.0 <= parent)
    };
    // A stack instead of recursion: how deep people answer each other is theirs to choose.
    let mut stack: Vec<(usize, usize)> = to(&answers, None).rev().map(|index| (index, 0)).collect();
    while let Some((index, depth)) = stack.pop() {
        let Some((parent, Some(comment))) = answers.get_mut(index).map(|answer| (answer.0, answer.1.take())) else {
            continue;
        };
        stack.extend(to(&answers, Some(comment.id)).rev().map(|reply| (reply, depth + 1)));
        let in_reply_to = match comment.parent {
            Some(elsewhere) if depth > INDENTED_DEPTH || parent.is_none() => {
                answered(txn, &comment, elsewhere)?.map(|author| posts::credit(txn, author)).transpose()?
            }
            _ => None,
        };
        placed.push(PlacedComment { author: posts::credit(txn, comment.author)?, depth, in_reply_to, comment });
    }
    Ok(placed)
}

/// A comment as it stands on a page that also holds what it answers; `None` if it is gone. Looks up no more
/// of its thread than decides how it looks.
pub fn placed(txn: &ReadTxn, (post, thread, id): (PostId, CommentId, CommentId)) -> Result<Option<PlacedComment>> {
    let Some(comment) = store::comments::by_id(txn, post, thread, id)? else { return Ok(None) };
    let (mut depth, mut above) = (0, comment.parent);
    while let Some(parent) = above.filter(|_| depth <= INDENTED_DEPTH) {
        depth += 1;
        above = store::comments::by_id(txn, post, thread, parent)?.and_then(|parent| parent.parent);
    }
    let in_reply_to = match comment.parent.filter(|_| depth > INDENTED_DEPTH) {
        Some(parent) => answered(txn, &comment, parent)?.map(|author| posts::credit(txn, author)).transpose()?,
        None => None,
    };
    Ok(Some(PlacedComment { author: posts::credit(txn, comment.author)?, depth, in_reply_to, comment }))
}

/// Who wrote the comment that `comment` answers, unless it is deleted.
fn answered(txn: &ReadTxn, comment: &Comment, parent: CommentId) -> Result<Option<UserId>> {
    let parent = store::comments::by_id(txn, comment.post, comment.thread, parent)?;
    Ok(parent.filter(|parent| !parent.deleted).map(|parent| parent.author))
}

/// Comments of a post that are not deleted.
pub fn count(txn: &ReadTxn, post: PostId) -> Result<usize> {
    Ok(store::comments::outline(txn, post)?.total)
}

/// A comment of a post by its number.
pub fn by_id(txn: &ReadTxn, post: PostId, id: CommentId) -> Result<PlacedComment> {
    let missing = || Error::NotFound("comment");
    let thread = store::comments::outline(txn, post)?.thread_of(id).ok_or_else(missing)?;
    let comment = store::comments::by_id(txn, post, thread, id)?.ok_or_else(missing)?;
    let author = posts::credit(txn, comment.author)?;
    Ok(PlacedComment::alone(comment, author))
}

/// A comment by its number, with the page of the conversation it is on.
pub fn find(txn: &ReadTxn, post: PostId, id: CommentId) -> Result<(PlacedComment, usize)> {
    let placed = by_id(txn, post, id)?;
    let page = page(txn, &placed.comment)?;
    Ok((placed, page))
}

/// The page of its post's conversation that a comment is on.
pub fn page(txn: &ReadTxn, comment: &Comment) -> Result<usize> {
    let outline = store::comments::outline(txn, comment.post)?;
    page_of(&outline, comment.thread, comment.id).ok_or(Error::NotFound("comment"))
}

/// Writes a comment on a public post; `parent` is the comment it replies to. A comment that is sent twice, by a
/// double click or by a client that had no answer, is one: the second time returns the first.
pub async fn submit(
    app: &App,
    actor: &Actor,
    slug: &str,
    parent: Option<CommentId>,
    text: &str,
) -> Result<Change<Comment>> {
    let Some(member) = actor.member().filter(|_| actor.can_comment()) else {
        return Err(actor.refusal(TokenScope::CommentsWrite));
    };
    let (post, thread) = {
        let txn = app.read()?;
        let post = posts::visible(app, &txn, actor, Kind::Post, slug)?;
        let thread = parent.map(|parent| thread_of_parent(&txn, post.id, parent)).transpose()?;
        (post.id, thread)
    };
    let source = comment::body(text).map_err(|message| Error::field("source", message))?;
    let body = rendered(app, actor, &source).await?;
    let (now, author) = (app.now(), member.id);
    let bytes = source.len() + body.as_str().len();
    Ok(Change::new(move |txn| {
        let head = store::posts::by_id(txn, post)?.filter(|head| head.is_public(now)).ok_or(Error::NotFound("post"))?;
        let mut comment = Comment {
            id: CommentId(0),
            post,
            thread: thread.unwrap_or(CommentId(0)),
            parent,
            author,
            created_at: now,
            edited_at: None,
            deleted: false,
            source: source.clone(),
            body: body.clone(),
        };
        let since = now.minus(SENT_AGAIN);
        if let Some(earlier) = store::comments::sent_before(txn, &comment, since)? {
            return Ok(earlier);
        }
        if !head.comments_open {
            return Err(Error::Conflict(CLOSED));
        }
        if let (Some(parent), Some(thread)) = (parent, thread) {
            let answered = store::comments::by_id(txn, post, thread, parent)?;
            if answered.is_none_or(|comment| comment.deleted) {
                return Err(Error::field("parent_id", GONE));
            }
        }
        comment.id = store::ids::next_comment(txn)?;
        comment.thread = thread.unwrap_or(comment.id);
        store::comments::put(txn, &comment)?;
        Ok(comment)
    })
    .storing(bytes))
}

/// The thread that a reply joins.
fn thread_of_parent(txn: &ReadTxn, post: PostId, parent: CommentId) -> Result<CommentId> {
    store::comments::outline(txn, post)?.thread_of(parent).ok_or(Error::field("parent_id", GONE))
}

const GONE: &str = "The comment you answer is gone.";

/// Changes the text of one's own comment, while that is allowed.
pub async fn edit(app: &App, actor: &Actor, (post, id): (PostId, CommentId), text: &str) -> Result<Change<Comment>> {
    let thread = thread_of(app, actor, post, id)?;
    let source = comment::body(text).map_err(|message| Error::field("source", message))?;
    let body = rendered(app, actor, &source).await?;
    let (now, actor) = (app.now(), actor.clone());
    let bytes = source.len() + body.as_str().len();
    Ok(Change::new(move |txn| {
        let old = store::comments::by_id(txn, post, thread, id)?.ok_or(Error::NotFound("comment"))?;
        may_edit(&actor, &old, now)?;
        if old.source == source {
            return Ok(old);
        }
        let new = Comment { source: source.clone(), body: body.clone(), edited_at: Some(now), ..old };
        store::comments::put(txn, &new)?;
        Ok(new)
    })
    .storing(bytes))
}

/// Whether `actor` may ask for the Markdown of comments at all.
pub fn may_see_sources(actor: &Actor) -> Result<()> {
    if actor.can_see_own_sources() { Ok(()) } else { Err(actor.refusal(TokenScope::CommentsRead)) }
}

/// The Markdown of a comment, for whoever wrote it and those who moderate; `None` for others.
pub fn source<'a>(actor: &Actor, comment: &'a Comment) -> Option<&'a str> {
    actor.can_see_source(comment).then_some(comment.source.as_str())
}

/// Whether `actor` may change this comment now; the error says why not.
pub fn may_edit(actor: &Actor, comment: &Comment, now: crate::domain::time::Timestamp) -> Result<()> {
    if comment.deleted {
        return Err(Error::NotFound("comment"));
    }
    if actor.user_id() != Some(comment.author) || !actor.can_comment() {
        return Err(actor.refusal(TokenScope::CommentsWrite));
    }
    if !actor.can_edit_comment(comment, now) {
        return Err(Error::Conflict(
            "A comment can be changed for 15 minutes, and these are over. You can reply to it instead.",
        ));
    }
    Ok(())
}

/// Whether `actor` may delete this comment; the error says why not.
pub fn may_delete(actor: &Actor, comment: &Comment) -> Result<()> {
    if comment.deleted {
        return Err(Error::NotFound("comment"));
    }
    if actor.can_delete_comment(comment) { Ok(()) } else { Err(actor.refusal(TokenScope::CommentsWrite)) }
}

/// Deletes a comment: one's own, or any for an editor. With replies it leaves its place.
pub fn remove(app: &App, actor: &Actor, (post, id): (PostId, CommentId)) -> Result<Change<()>> {
    let thread = thread_of(app, actor, post, id)?;
    let actor = actor.clone();
    Ok(Change::new(move |txn| {
        let old = store::comments::by_id(txn, post, thread, id)?.ok_or(Error::NotFound("comment"))?;
        may_delete(&actor, &old)?;
        store::tombstones::delete(txn, &old)
    }))
}

/// Page `number` of the newest comments of all posts, for those who moderate.
pub fn recent(txn: &ReadTxn, actor: &Actor, number: usize) -> Result<Page<RecentComment>> {
    if !actor.can_moderate() {
        return Err(actor.refusal(TokenScope::CommentsRead));
    }
    let (comments, total) = store::comments::newest(txn, (number - 1) * RECENT_PER_PAGE, RECENT_PER_PAGE)?;
    let mut items = Vec::with_capacity(comments.len());
    for comment in comments {
        if let Some(post) = store::posts::by_id(txn, comment.post)? {
            items.push(RecentComment { author: posts::credit(txn, comment.author)?, comment, post });
        }
    }
    Ok(Page { items, number, per_page: RECENT_PER_PAGE, total })
}

/// Part of a post's conversation in thread order: threads and their comments in the order written, deleted
/// ones included. Each stands alone.
pub fn slice(txn: &ReadTxn, post: PostId, window: &Window) -> Result<Slice<PlacedComment>> {
    Ok(slices(txn, &[post], window)?.pop().unwrap_or(Slice { items: Vec::new(), more: false }))
}

/// The same part of the conversations of several posts, read together.
pub fn slices(txn: &ReadTxn, of: &[PostId], window: &Window) -> Result<Vec<Slice<PlacedComment>>> {
    let place = window.after(THREADS, |text| {
        let (thread, id) = text.split_once('.')?;
        Some((CommentId::parse(thread)?, CommentId::parse(id)?))
    })?;
    let place = place.unwrap_or((CommentId(0), CommentId(0)));
    let parts = store::comments::after(txn, of, place, window.limit + 1)?;
    let cursor = |comment: &Comment| Cursor::new(THREADS, format_args!("{}.{}", comment.thread, comment.id));
    posts::meet(txn, parts.iter().flatten().map(|comment| comment.author))?;
    let placed = |comments| {
        Slice::of(comments, window.limit, cursor).try_map(|comment| {
            let author = posts::credit(txn, comment.author)?;
            Ok(PlacedComment::alone(comment, author))
        })
    };
    parts.into_iter().map(placed).collect()
}

/// Part of the list of the newest comments of all posts, for those who moderate: those on posts that they may see,
/// since the address of a comment tells of its post.
pub fn recent_slice(app: &App, txn: &ReadTxn, actor: &Actor, window: &Window) -> Result<Slice<RecentComment>> {
    if !actor.can_moderate() {
        return Err(actor.refusal(TokenScope::CommentsRead));
    }
    let (wanted, now) = (window.limit + 1, app.now());
    let mut before = window.after(RECENT, CommentId::parse)?.map_or(u64::MAX, |id| id.0);
    let mut recent = Vec::new();
    while recent.len() < wanted {
        let comments = store::comments::newest_before(txn, before, wanted)?;
        let is_last = comments.len() < wanted;
        before = comments.last().map_or(0, |comment| comment.id.0);
        posts::meet(txn, comments.iter().map(|comment| comment.author))?;
        let ids: HashSet<PostId> = comments.iter().map(|comment| comment.post).collect();
        let heads = store::post_lists::heads(txn, ids)?.into_iter().filter(|post| post.visible_to(actor, now));
        let heads: HashMap<PostId, PostHead> = heads.map(|post| (post.id, post)).collect();
        for comment in comments {
            if let Some(post) = heads.get(&comment.post).cloned() {
                recent.push(RecentComment { author: posts::credit(txn, comment.author)?, comment, post });
            }
        }
        if is_last {
            break;
        }
    }
    Ok(Slice::of(recent, window.limit, |recent| Cursor::new(RECENT, recent.comment.id)))
}

fn thread_of(app: &App, actor: &Actor, post: PostId, id: CommentId) -> Result<CommentId> {
    if actor.is_anonymous() {
        return Err(actor.refusal(TokenScope::CommentsWrite));
    }
    store::comments::outline(&app.read()?, post)?.thread_of(id).ok_or(Error::NotFound("comment"))
}

/// Longest text that is rendered where it is: to hand it to another thread and back takes longer.
const SHORT: usize = 2 * 1024;

async fn rendered(app: &App, actor: &Actor, source: &str) -> Result<Html> {
    if source.len() <= SHORT {
        return Ok(markdown::comment(source));
    }
    let source = Arc::<str>::from(source);
    in_turn(&app.commenting, actor, move || markdown::comment(&source)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(sizes: &[usize]) -> Outline {
        Outline {
            total: sizes.iter().sum(),
            threads: (1u64..).zip(sizes).map(|(id, size)| (CommentId(id), *size)).collect(),
            ..Outline::default()
        }
    }

    #[test]
    fn pages_hold_every_comment_once_and_never_too_many() {
        for sizes in [vec![], vec![1], vec![1; 250], vec![99, 3, 1], vec![10_000], vec![1, 350, 1], vec![60, 60, 60]] {
            let pages = pages(&outline(&sizes));
            let on_page = |page: &Vec<Segment>| page.iter().map(|segment| segment.take).sum::<usize>();
            assert!(pages.iter().all(|page| (1..=COMMENTS_PER_PAGE).contains(&on_page(page))), "{sizes:?}");
            assert_eq!(pages.iter().map(on_page).sum::<usize>(), sizes.iter().sum::<usize>(), "{sizes:?}");
        }
    }

    #[test]
    fn a_thread_is_not_cut_without_need() {
        let pages = pages(&outline(&[60, 60, 60]));
        assert!(pages.iter().all(|page| page.len() == 1 && page[0].take == 60));
    }
}
