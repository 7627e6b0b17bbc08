//! What the page of a post shows to everybody alike, kept for members, who each get a page of their own.
//!
//! It is true as long as a kept page would be (see `cache`): none of its scopes changed after the
//! number of the snapshot it was made from. Who may see it is decided anew each time, by its own head.

use crate::domain::comment::Conversation;
use crate::domain::id::PostId;
use crate::domain::post::PostView;
use crate::error::Result;
use crate::service::{App, ReadTxn, Scope, posts, settings};
use crate::view;
use crate::view::post::Prepared;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;

/// What an entry weighs beside its texts: key and bookkeeping.
const OVERHEAD: u64 = 256;

/// Prepared posts by their number and the page of the conversation, bounded in bytes.
pub struct KeptPosts(Cache<(PostId, usize), Entry, Weight>);

#[derive(Clone)]
struct Entry {
    number: u64,
    scopes: Arc<[Scope]>,
    post: Arc<Prepared>,
}

#[derive(Clone)]
struct Weight;

impl Weighter<(PostId, usize), Entry> for Weight {
    fn weight(&self, _: &(PostId, usize), entry: &Entry) -> u64 {
        entry.post.bytes() as u64 + OVERHEAD
    }
}

impl KeptPosts {
    /// At most `bytes` of them.
    pub fn new(bytes: usize) -> KeptPosts {
        KeptPosts(Cache::with_weighter((bytes / 32_768).max(4), bytes as u64, Weight))
    }

    /// Bytes taken now.
    pub fn weight(&self) -> u64 {
        self.0.weight()
    }

    /// A post with page `page` of its conversation, if it is kept and still true.
    pub fn get(&self, app: &App, post: PostId, page: usize) -> Option<Arc<Prepared>> {
        let entry = self.0.get(&(post, page))?;
        (!app.changed_since(&entry.scopes, entry.number)).then_some(entry.post)
    }

    /// Keeps what was read in `txn`.
    pub fn keep(&self, txn: &ReadTxn, page: usize, post: &Arc<Prepared>) {
        let scopes = posts::scopes(&post.head).into();
        self.0.insert((post.head.id, page), Entry { number: txn.number(), scopes, post: Arc::clone(post) });
    }
}

/// The part of a post's page that is the same for everybody.
pub fn prepare(app: &App, txn: &ReadTxn, post: &PostView, conversation: &Conversation) -> Result<Prepared> {
    let zone = settings::current(txn)?.zone();
    Ok(view::post::prepare(app.links(), &zone, post, conversation))
}
