//! The only code that knows redb: one file, snapshots to read, one writer.

pub mod categories;
pub mod check;
pub mod comments;
pub mod copy;
mod file;
pub mod fresh;
pub mod ids;
pub mod imports;
pub mod media;
mod migrate;
pub mod posts;
mod record;
pub mod redirects;
mod schema;
pub mod sessions;
pub mod settings;
pub mod users;
mod writer;

#[cfg(test)]
mod model;

use crate::domain::id::PostId;
use crate::error::{Error, Result};
use crate::store::comments::Outline;
use crate::store::file::Place;
use crate::store::fresh::{Fresh, Scope};
use crate::store::writer::Writer;
use redb::{Database, Key, ReadableDatabase, ReadableTable, TableDefinition, Value};
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, RwLock};

pub use crate::store::file::Opening;
pub use crate::store::migrate::SCHEMA;
pub use crate::store::writer::{BATCH_BUCKETS, Stats};

/// Outlines of conversations kept in memory, in bytes.
const OUTLINE_CACHE: u64 = 2 * 1024 * 1024;

/// The open data file.
pub struct Store {
    shared: Arc<Shared>,
    writer: Writer,
}

/// What readers and the writer share.
struct Shared {
    place: Place,
    /// `None` while the file is being reopened after an I/O error.
    db: RwLock<Option<Arc<Database>>>,
    fresh: Fresh,
    outlines: quick_cache::sync::Cache<PostId, (u64, Arc<Outline>), OutlineWeight>,
}

#[derive(Clone)]
struct OutlineWeight;

impl quick_cache::Weighter<PostId, (u64, Arc<Outline>)> for OutlineWeight {
    fn weight(&self, _: &PostId, entry: &(u64, Arc<Outline>)) -> u64 {
        entry.1.bytes() as u64 + 64
    }
}

impl Store {
    /// Opens the data file, or makes it where `opening` says so; brings an older schema up to
    /// date. `cache` is redb's cache in bytes.
    pub fn open(path: &Path, opening: Opening, cache: usize) -> Result<Store> {
        Store::at(Place::File { path: path.to_owned(), cache }, opening)
    }

    /// A store in memory, gone when dropped.
    pub fn memory() -> Result<Store> {
        Store::at(Place::Memory, Opening::Create)
    }

    fn at(place: Place, opening: Opening) -> Result<Store> {
        let db = place.open(opening)?;
        let shared = Arc::new(Shared {
            place,
            db: RwLock::new(Some(Arc::new(db))),
            fresh: Fresh::default(),
            outlines: quick_cache::sync::Cache::with_weighter(1_024, OUTLINE_CACHE, OutlineWeight),
        });
        let writer = Writer::start(Arc::clone(&shared))?;
        Ok(Store { shared, writer })
    }

    /// A snapshot of what is committed. Never waits for the writer. Drop it soon: pages that a
    /// snapshot can see are not reused while it lives.
    pub fn read(&self) -> Result<ReadTxn> {
        // The number before the snapshot: see `fresh`.
        let number = self.shared.fresh.number();
        let txn = self.shared.database()?.begin_read()?;
        Ok(ReadTxn { txn, number, shared: Arc::clone(&self.shared) })
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

    /// Whether any of `scopes` changed after commit `number` (see `ReadTxn::number`).
    pub fn changed_since(&self, scopes: &[Scope], number: u64) -> bool {
        self.shared.fresh.changed_since(scopes, number)
    }

    /// As if a commit had changed `scopes`.
    #[cfg(test)]
    pub(crate) fn publish(&self, scopes: &[Scope]) {
        self.shared.fresh.publish(scopes);
    }

    /// What the writer has done since the start.
    pub fn stats(&self) -> Stats {
        self.writer.stats()
    }

    /// Bytes of the data file; `None` in memory.
    pub fn file_bytes(&self) -> Option<u64> {
        self.shared.place.bytes()
    }

    /// Whether the file takes writes as far as is known.
    pub fn is_healthy(&self) -> bool {
        self.writer.is_healthy()
    }
}

impl Shared {
    fn database(&self) -> Result<Arc<Database>> {
        let db = self.db.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        db.as_ref().map(Arc::clone).ok_or(Error::Unavailable)
    }
}

/// Reading tables, in a snapshot or in the middle of a write. Implemented by `ReadTxn` and
/// `WriteTxn`, so that each query is written once.
pub trait Snapshot {
    /// An open table.
    type Table<'a, K: Key + 'static, V: Value + 'static>: ReadableTable<K, V>
    where
        Self: 'a;

    /// Opens a table to read.
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>>;
}

/// A snapshot to read from.
pub struct ReadTxn {
    txn: redb::ReadTransaction,
    number: u64,
    shared: Arc<Shared>,
}

impl ReadTxn {
    /// Number of a commit this snapshot shows for certain; it may show later ones.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Snapshot for ReadTxn {
    type Table<'a, K: Key + 'static, V: Value + 'static> = redb::ReadOnlyTable<K, V>;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>> {
        Ok(self.txn.open_table(table)?)
    }
}

/// A transaction being written. Only the writer's thread has one.
pub struct WriteTxn<'a> {
    txn: &'a redb::WriteTransaction,
    touched: RefCell<Vec<Scope>>,
    /// Whether any table was opened to write: a job that fails before that leaves nothing behind.
    wrote: Cell<bool>,
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

    /// Says that this write changes what `scope` shows. Called by the store's own functions, so
    /// that nobody above can forget it.
    pub(in crate::store) fn touch(&self, scope: Scope) {
        let mut touched = self.touched.borrow_mut();
        if !touched.contains(&scope) {
            touched.push(scope);
        }
    }
}

impl Snapshot for WriteTxn<'_> {
    type Table<'a, K: Key + 'static, V: Value + 'static>
        = redb::Table<'a, K, V>
    where
        Self: 'a;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>> {
        Ok(self.txn.open_table(table)?)
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
                Error::DataFile("The data file is damaged. Please restore it from a backup.".into())
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
