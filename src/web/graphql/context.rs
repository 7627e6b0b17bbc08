//! What the resolvers of one operation share: who asks, one snapshot, and what was read from it already.

use crate::domain::actor::Actor;
use crate::domain::comment::PlacedComment;
use crate::domain::id::PostId;
use crate::domain::paging::{Slice, Window};
use crate::domain::post::{PostCard, PostHead};
use crate::domain::time::Timestamp;
use crate::error::{Error, Result};
use crate::service::change::Change;
use crate::service::payer::Payers;
use crate::service::{App, ReadTxn, comments, posts};
use crate::web::request::{Req, RequestId};
use async_graphql::Context;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most bytes of texts in one answer: a document can name the same long text many times.
const MAX_TEXT: usize = 8 * 1024 * 1024;
/// The same for one event of a subscription: there can be as many answers at a time as there are listeners.
const MAX_EVENT_TEXT: usize = 128 * 1024;

/// One operation of one actor.
pub struct Operation {
    app: Arc<App>,
    pub actor: Actor,
    pub payers: Payers,
    /// Names the request in the log.
    pub id: RequestId,
    reading: Mutex<Option<Arc<Reading>>>,
    room: Mutex<Room>,
    /// Whether the server stops.
    stopped: AtomicBool,
}

/// Bytes of text that there may be for one answer.
struct Room {
    most: usize,
    /// `None`: there was too much.
    left: Option<usize>,
}

/// A snapshot with what was read from it for several fields at once.
pub struct Reading {
    pub txn: ReadTxn,
    pub now: Timestamp,
    memo: Mutex<Memo>,
}

#[derive(Default)]
struct Memo {
    /// Posts of one list, whose conversations are asked for together.
    siblings: HashMap<PostId, Arc<[PostId]>>,
    /// The beginnings of conversations, by post and length; `None`: given away.
    comments: HashMap<(PostId, usize), Option<Slice<PlacedComment>>>,
    /// Posts that are shown beside something else and not yet read whole.
    heads: HashMap<PostId, PostHead>,
    cards: HashMap<PostId, PostCard>,
}

/// The operation that a resolver belongs to.
pub fn operation<'a>(ctx: &Context<'a>) -> Result<&'a Arc<Operation>> {
    ctx.data_opt::<Arc<Operation>>().ok_or_else(|| Error::internal("an operation without its data"))
}

impl Operation {
    /// By `actor`; nothing is read yet.
    pub fn new(app: &Arc<App>, actor: &Actor, payers: Payers, id: RequestId) -> Operation {
        Operation {
            app: Arc::clone(app),
            actor: actor.clone(),
            payers,
            id,
            reading: Mutex::new(None),
            room: Mutex::new(Room::new(MAX_TEXT)),
            stopped: AtomicBool::new(false),
        }
    }

    /// What a request asks for.
    pub fn of(app: &Arc<App>, req: &Req) -> Arc<Operation> {
        Arc::new(Operation::new(app, &req.actor, req.payers(), req.id))
    }

    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The operation's snapshot: one for all of a query, and one after each write of a mutation.
    pub fn reading(&self) -> Result<Arc<Reading>> {
        let mut reading = lock(&self.reading);
        if let Some(reading) = &*reading {
            return Ok(Arc::clone(reading));
        }
        // The time before the snapshot, so that what was published by then is in it.
        let now = self.app.now();
        let txn = self.app.read()?;
        let new = Arc::new(Reading { txn, now, memo: Mutex::default() });
        Ok(Arc::clone(reading.insert(new)))
    }

    /// Lets go of the snapshot; the next read sees what is committed by then.
    pub fn look_again(&self) {
        lock(&self.reading).take();
    }

    /// For the next event of a subscription, which is an answer of its own.
    pub fn begin_again(&self) {
        self.look_again();
        *lock(&self.room) = Room::new(MAX_EVENT_TEXT);
    }

    /// Says that a subscription ends because the server stops.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether `stop` was said.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Commits what a use case returned. No snapshot is held while it waits.
    pub async fn commit<T: Send + 'static>(&self, change: Result<Change<T>>) -> Result<T> {
        self.look_again();
        self.app.commit_for(self.payers, change).await
    }

    /// A text for the answer, unless the answer has too much of it already.
    pub fn text(&self, text: &str) -> Result<String> {
        self.hold(text.len())?;
        Ok(text.to_owned())
    }

    /// Counts bytes of texts that are in memory for the answer. Once there are too many, there is no more.
    pub fn hold(&self, bytes: usize) -> Result<()> {
        let mut room = lock(&self.room);
        room.left = room.left.and_then(|left| left.checked_sub(bytes));
        room.left.map(drop).ok_or(Error::TooLarge(room.most as u64))
    }

    /// Part of a conversation. A beginning is read together with those of the posts beside it.
    pub fn comments(&self, post: PostId, window: &Window) -> Result<Slice<PlacedComment>> {
        let reading = self.reading()?;
        if window.after.is_some() {
            return self.conversations(&reading, &[post], window)?.pop().ok_or_else(lost);
        }
        let mut memo = lock(&reading.memo);
        let together = match memo.comments.get_mut(&(post, window.limit)) {
            Some(known) => match known.take() {
                Some(slice) => return Ok(slice),
                // Asked for by another name once more.
                None => [post].into(),
            },
            None => memo.siblings.get(&post).cloned().unwrap_or_else(|| [post].into()),
        };
        let slices = self.conversations(&reading, &together, window)?.into_iter().map(Some);
        memo.comments.extend(together.iter().map(|post| (*post, window.limit)).zip(slices));
        memo.comments.get_mut(&(post, window.limit)).and_then(Option::take).ok_or_else(lost)
    }

    fn conversations(&self, reading: &Reading, of: &[PostId], window: &Window) -> Result<Vec<Slice<PlacedComment>>> {
        self.hold(0)?;
        let slices = match comments::slices(&reading.txn, of, window) {
            Err(Error::TooLarge(_)) => return self.hold(usize::MAX).map(|()| Vec::new()),
            slices => slices?,
        };
        let placed = slices.iter().flat_map(|slice| &slice.items);
        self.hold(placed.map(|(_, placed)| placed.comment.texts()).sum())?;
        Ok(slices)
    }
}

impl Room {
    fn new(most: usize) -> Room {
        Room { most, left: Some(most) }
    }
}

impl Reading {
    /// Says that these posts are asked for their conversations together.
    pub fn together(&self, posts: &[PostId]) {
        let all: Arc<[PostId]> = posts.into();
        lock(&self.memo).siblings.extend(posts.iter().map(|post| (*post, Arc::clone(&all))));
    }

    /// Says that a post stands beside something that is shown.
    pub fn beside(&self, head: PostHead) {
        lock(&self.memo).heads.insert(head.id, head);
    }

    /// A post that `beside` was told of, read together with the others.
    pub fn card(&self, id: PostId) -> Result<Option<PostCard>> {
        let mut memo = lock(&self.memo);
        if memo.heads.contains_key(&id) {
            let heads = std::mem::take(&mut memo.heads).into_values().collect();
            let cards = posts::cards(&self.txn, heads)?;
            memo.cards.extend(cards.into_iter().map(|card| (card.head.id, card)));
        }
        Ok(memo.cards.get(&id).cloned())
    }
}

fn lost() -> Error {
    Error::internal("a conversation got lost")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
