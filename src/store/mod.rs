//! The only code that knows redb: one file, snapshots to read, one writer.

pub mod categories;
pub mod check;
pub mod comments;
pub mod copy;
pub mod counts;
mod disk;
mod file;
pub mod fresh;
mod frozen;
pub mod ids;
pub mod imports;
pub mod media;
mod migrate;
pub mod news;
mod outlines;
mod passengers;
pub mod post_heads;
pub mod post_lists;
pub mod posts;
mod reading;
pub mod receipts;
mod record;
pub mod redirects;
mod reopen;
mod reserve;
pub mod resets;
mod schema;
pub mod security_log;
pub mod sessions;
pub mod settings;
mod stats;
pub mod tokens;
pub mod tombstones;
mod trouble;
pub mod users;
pub mod wait;
mod writer;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod model;

use crate::domain::security::SecurityEvent;
use crate::error::{Error, Result};
use crate::store::file::Place;
use crate::store::fresh::Scope;
use crate::store::news::{Listener, News, Position, Topic};
use crate::store::reading::Reading;
use crate::store::reopen::Shared;
use crate::store::writer::Writer;
use redb::{Key, ReadableTable, StorageBackend, TableDefinition, Value};
use std::cell::{Cell, RefCell};
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use crate::store::disk::Written;
pub use crate::store::file::Opening;
pub use crate::store::migrate::SCHEMA;
pub use crate::store::stats::{BATCH_BUCKETS, Stats};
pub use crate::store::trouble::if_damaged;

/// The open data file.
pub struct Store {
    shared: Arc<Shared>,
    writer: Writer,
}

impl Store {
    /// Opens the data file, or makes it where `opening` says so; brings an older schema up to
    /// date. `cache` is redb's cache in bytes.
    pub fn open(path: &Path, opening: Opening, cache: usize) -> Result<Store> {
        Store::at(Place::File { path: path.to_owned(), cache }, opening)
    }

    /// A store in memory, gone when dropped.
    pub fn memory() -> Result<Store> {
        Store::at(Place::memory(), Opening::Create)
    }

    /// A store on other storage than a file, for tests of what happens when a disk fails. `reopen`
    /// opens the same bytes anew, at the start and whenever the store recovers from an error;
    /// `free` tells the free bytes of the disk.
    pub fn with_backend<B: StorageBackend>(
        reopen: impl Fn() -> B + Send + Sync + 'static,
        free: impl Fn() -> Option<u64> + Send + Sync + 'static,
    ) -> Result<Store> {
        let reopen = Box::new(move || Box::new(reopen()) as Box<dyn StorageBackend>);
        Store::at(Place::Backend { reopen, free: Box::new(free) }, Opening::Create)
    }

    fn at(place: Place, opening: Opening) -> Result<Store> {
        let shared = Arc::new(Shared::open(place, opening)?);
        let writer = Writer::start(Arc::clone(&shared))?;
        Ok(Store { shared, writer })
    }

    /// A snapshot of what is committed. Never waits for the writer, only for the file to be
    /// reopened after an error, half a second at most and off the async threads. Drop it soon: pages that a snapshot can see are not reused while
    /// it lives.
    pub fn read(&self) -> Result<ReadTxn> {
        if self.writer.is_mending(&self.shared) {
            wait::off_the_loop(|| self.writer.mend(&self.shared));
        }
        let reading = self.shared.reading()?;
        Ok(ReadTxn { reading, shared: Arc::clone(&self.shared), tables: AtomicUsize::new(0) })
    }

    /// Runs `work` on the writer's thread in a transaction it may share with other jobs, and
    /// returns after the commit is durable and known to every cache.
    ///
    /// `work` may run more than once, each time on the state without its earlier run. When it
    /// returns an error nothing of it is stored. `Error::Busy` when the queue is full,
    /// `Error::Unavailable` when the file cannot be written.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        F: FnMut(&WriteTxn<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.writer.submit(work, move |result| drop(sender.send(result)))?;
        receiver.await.unwrap_or(Err(Error::Unavailable))
    }

    /// `write` for threads outside the async runtime: the command line and imports.
    pub fn write_blocking<T, F>(&self, work: F) -> Result<T>
    where
        F: FnMut(&WriteTxn<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        self.writer.submit(work, move |result| drop(sender.send(result)))?;
        receiver.recv().unwrap_or(Err(Error::Unavailable))
    }

    /// Keeps a session's visit in memory until the next commit carries it to the file.
    pub fn note_visit(&self, visit: sessions::Visit) {
        self.writer.note_visit(visit);
    }

    /// Keeps a token's use in memory until the next commit carries it to the file.
    pub fn note_use(&self, used: tokens::Use) {
        self.writer.note_use(used);
    }

    /// Number of the last commit that is known to every cache.
    pub fn number(&self) -> u64 {
        self.shared.fresh.number()
    }

    /// Whether any of `scopes` changed after commit `number` (see `ReadTxn::number`).
    pub fn changed_since(&self, scopes: &[Scope], number: u64) -> bool {
        self.shared.fresh.changed_since(scopes, number)
    }

    /// Hears of commits from now on, or from `since` on: see `news`.
    pub fn listen(&self, topic: Topic, since: Option<Position>) -> Listener {
        self.shared.news.listen(topic, since)
    }

    /// Tells news that no commit brings: something happened because its time had come.
    pub fn tell(&self, news: impl IntoIterator<Item = News>) {
        self.shared.news.tell(news);
    }

    /// Ends all listening: the server stops.
    pub fn end_listening(&self) {
        self.shared.news.close();
    }

    /// As if a commit had changed `scopes`.
    #[cfg(test)]
    pub(crate) fn publish(&self, scopes: &[Scope]) {
        self.shared.fresh.publish(scopes);
    }

    /// Whether the file takes writes as far as is known: `Unavailable` after an I/O error until
    /// it was mended, `NoSpace` while nothing can be added.
    pub fn health(&self) -> Result<()> {
        if !self.writer.is_healthy() || self.shared.gauge.has_failed() || self.shared.is_reopening() {
            return Err(Error::Unavailable);
        }
        self.check_room()
    }

    /// `Error::NoSpace` while the disk is almost full: asked before work that only growing needs.
    /// Writes that grow ask again by themselves.
    pub fn check_room(&self) -> Result<()> {
        if self.shared.has_room() { Ok(()) } else { Err(Error::NoSpace) }
    }

    /// What the writer has done since the start.
    pub fn stats(&self) -> Stats {
        self.writer.stats()
    }

    /// Bytes of the data file; `None` in memory.
    pub fn file_bytes(&self) -> Option<u64> {
        self.shared.place.bytes()
    }

    /// What has gone to the disk since the store was opened.
    pub fn written(&self) -> Written {
        self.shared.gauge.written()
    }
}

/// Reading tables, in a snapshot or in the middle of a write. Implemented by `ReadTxn` and
/// `WriteTxn`, so that each query is written once.
pub trait Snapshot {
    /// An open table.
    type Table<'a, K: Key + Send + Sync + 'static, V: Value + Send + Sync + 'static>: Deref<Target: ReadableTable<K, V>>
    where
        Self: 'a;

    /// Opens a table to read.
    fn table<K: Key + Send + Sync + 'static, V: Value + Send + Sync + 'static>(
        &self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>>;
}

/// A snapshot to read from; others may read from it too.
pub struct ReadTxn {
    reading: Arc<Reading>,
    shared: Arc<Shared>,
    tables: AtomicUsize,
}

impl ReadTxn {
    /// Number of a commit this snapshot shows for certain; it may show later ones.
    pub fn number(&self) -> u64 {
        self.reading.number
    }

    /// How often a table was asked for in it: what tells one read of many from many reads of one.
    pub fn tables_opened(&self) -> usize {
        self.tables.load(Ordering::Relaxed)
    }
}

impl Snapshot for ReadTxn {
    type Table<'a, K: Key + Send + Sync + 'static, V: Value + Send + Sync + 'static> = Arc<redb::ReadOnlyTable<K, V>>;

    fn table<K: Key + Send + Sync + 'static, V: Value + Send + Sync + 'static>(
        &self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>> {
        self.tables.fetch_add(1, Ordering::Relaxed);
        self.reading.table(table)
    }
}

/// A transaction being written. Only the writer's thread has one.
pub struct WriteTxn<'a> {
    txn: &'a redb::WriteTransaction,
    touched: RefCell<Vec<Scope>>,
    news: RefCell<Vec<News>>,
    /// What the log says once this is committed.
    security: RefCell<Vec<SecurityEvent>>,
    /// Whether any table was opened to write: a job that fails before that leaves nothing behind.
    wrote: Cell<bool>,
    /// Whether the disk has room to grow.
    has_room: bool,
    comment_ids: RefCell<Range<u64>>,
}

impl WriteTxn<'_> {
    /// Opens a table to write. Hold it no longer than the statement that needs it: redb lets a
    /// table be open once at a time.
    pub(in crate::store) fn open<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<redb::Table<'_, K, V>> {
        self.wrote.set(true);
        Ok(self.txn.open_table(table)?)
    }

    /// Called by the store's own functions before they add something: `Error::NoSpace` while the
    /// disk is almost full, so that what room is left is there for deleting.
    pub(in crate::store) fn grow(&self) -> Result<()> {
        if self.has_room { Ok(()) } else { Err(Error::NoSpace) }
    }

    /// Says that this write changes what `scope` shows. Called by the store's own functions, so
    /// that nobody above can forget it.
    pub(in crate::store) fn touch(&self, scope: Scope) {
        let mut touched = self.touched.borrow_mut();
        if !touched.contains(&scope) {
            touched.push(scope);
        }
    }

    /// Notes what listeners are told once this is committed. Called by the store's own functions.
    pub(in crate::store) fn note(&self, news: News) {
        self.news.borrow_mut().push(news);
    }
}

impl Snapshot for WriteTxn<'_> {
    type Table<'a, K: Key + Send + Sync + 'static, V: Value + Send + Sync + 'static>
        = Box<redb::Table<'a, K, V>>
    where
        Self: 'a;

    fn table<K: Key + Send + Sync + 'static, V: Value + Send + Sync + 'static>(
        &self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>> {
        Ok(Box::new(self.txn.open_table(table)?))
    }
}

impl From<redb::Error> for Error {
    fn from(cause: redb::Error) -> Error {
        match cause {
            redb::Error::Io(_) | redb::Error::PreviousIo | redb::Error::DatabaseClosed => {
                tracing::error!(%cause, "the data file cannot be read or written");
                Error::Unavailable
            }
            redb::Error::Corrupted(cause) => {
                tracing::error!(%cause, "the data file is damaged");
                trouble::damaged_within()
            }
            other => Error::Internal(Box::new(other)),
        }
    }
}

macro_rules! through_redb_error {
    ($($error:ty),+) => {
        $(impl From<$error> for Error {
            fn from(cause: $error) -> Error {
                Error::from(redb::Error::from(cause))
            }
        })+
    };
}

through_redb_error!(
    redb::DatabaseError,
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError,
    redb::SetDurabilityError,
    redb::CompactionError
);
