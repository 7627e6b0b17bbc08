//! The read transaction that readers share until the next commit.
//!
//! To begin one takes several system calls, since redb tells other processes in the file which commits are
//! being read, and to open a table in it is a look-up in the table of tables. Between two commits every
//! reader would get the same.

use crate::error::Result;
use crate::store::fresh::Fresh;
use redb::{Key, ReadOnlyTable, ReadTransaction, TableDefinition, TableHandle, Value};
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A read transaction with the tables that were opened in it.
pub(in crate::store) struct Reading {
    pub(in crate::store) txn: ReadTransaction,
    /// Number of a commit it shows for certain.
    pub(in crate::store) number: u64,
    /// Whether it shows no later one: it did not begin during a commit. What is kept in memory by the number of
    /// a commit is told to and learnt from such readings alone, or a page could be made of two states.
    pub(in crate::store) is_exact: bool,
    tables: Mutex<HashMap<String, Arc<dyn Any + Send + Sync>>>,
    /// The reopening of the file waits until the last of these is gone.
    _reader: Arc<()>,
}

impl Reading {
    pub(in crate::store) fn new(txn: ReadTransaction, number: u64, reader: Arc<()>) -> Reading {
        Reading { txn, number, is_exact: false, tables: Mutex::default(), _reader: reader }
    }

    /// An open table; opened at the first use.
    pub(in crate::store) fn table<K, V>(
        &self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<Arc<ReadOnlyTable<K, V>>>
    where
        K: Key + Send + Sync + 'static,
        V: Value + Send + Sync + 'static,
    {
        let open = self.tables().get(definition.name()).map(Arc::clone);
        if let Some(Ok(table)) = open.map(Arc::downcast) {
            return Ok(table);
        }
        // It may have to be read from the disk: not while others wait for another table.
        let table = Arc::new(self.txn.open_table(definition)?);
        self.tables().insert(definition.name().to_owned(), Arc::clone(&table) as _);
        Ok(table)
    }

    fn tables(&self) -> MutexGuard<'_, HashMap<String, Arc<dyn Any + Send + Sync>>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The newest reading, for whoever reads next.
#[derive(Default)]
pub(in crate::store) struct Kept(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    reading: Option<Arc<Reading>>,
    is_committing: bool,
}

impl Kept {
    /// The kept one, if it shows commit `number`, the last that is known.
    pub(in crate::store) fn get(&self, number: u64) -> Option<Arc<Reading>> {
        self.shelf().reading.as_ref().filter(|reading| reading.number == number).map(Arc::clone)
    }

    /// Shares one, and keeps it in place of the last if it shows no later commit than its own: none is going
    /// on, and none ended since it was numbered.
    pub(in crate::store) fn share(&self, mut reading: Reading, fresh: &Fresh) -> Arc<Reading> {
        let mut shelf = self.shelf();
        reading.is_exact = !shelf.is_committing && fresh.number() == reading.number;
        let reading = Arc::new(reading);
        let old = if reading.is_exact { shelf.reading.replace(Arc::clone(&reading)) } else { None };
        drop(shelf);
        drop(old);
        reading
    }

    /// Lets go of it: who reads from it goes on, and ends it.
    pub(in crate::store) fn clear(&self) {
        let old = self.shelf().reading.take();
        drop(old);
    }

    /// Keeps nothing while the commit lasts. A commit takes pages back that the one before replaced, and at
    /// its end those that it has replaced itself, unless they are being read: one that nobody reads from any
    /// more must not hold them.
    pub(in crate::store) fn during_commit(&self) -> DuringCommit<'_> {
        self.shelf().is_committing = true;
        self.clear();
        DuringCommit(self)
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing is kept while it lives.
pub(in crate::store) struct DuringCommit<'a>(&'a Kept);

impl Drop for DuringCommit<'_> {
    fn drop(&mut self) {
        self.0.shelf().is_committing = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::category::Category;
    use crate::domain::id::CategoryId;
    use crate::domain::slug::Slug;
    use crate::store::{Store, categories};
    use std::time::{Duration, Instant};

    fn put(store: &Store, id: u64) {
        let slug = Slug::parse(&format!("c-{id}")).unwrap();
        let category = Category { id: CategoryId(id), name: slug.to_string(), slug, description: String::new() };
        store.write_blocking(move |txn| categories::put(txn, &category)).unwrap();
    }

    #[test]
    fn readers_share_one_until_a_commit_which_the_next_reader_sees() {
        let store = Store::memory().unwrap();
        put(&store, 1);
        let (first, second) = (store.read().unwrap(), store.read().unwrap());
        assert!(Arc::ptr_eq(&first.reading, &second.reading));
        assert_eq!(categories::all(&first).unwrap().len(), 1);
        assert_eq!((first.tables_opened(), second.tables_opened()), (1, 0), "each counts its own");
        put(&store, 2);
        let third = store.read().unwrap();
        assert!(third.number() > first.number());
        assert_eq!(categories::all(&third).unwrap().len(), 2);
        assert_eq!(categories::all(&second).unwrap().len(), 1, "a snapshot stays as it is");
    }

    #[test]
    fn a_commit_ends_the_one_that_nobody_reads() {
        let store = Store::memory().unwrap();
        let reading = Arc::downgrade(&store.read().unwrap().reading);
        assert!(reading.upgrade().is_some(), "it is kept");
        put(&store, 1);
        assert!(reading.upgrade().is_none());
    }

    #[test]
    fn nothing_is_kept_during_a_commit() {
        let store = Store::memory().unwrap();
        let kept = &store.shared.kept;
        let during_commit = kept.during_commit();
        let reading = store.read().unwrap().reading;
        assert!(kept.get(reading.number).is_none() && !reading.is_exact);
        drop(during_commit);
        let reading = store.read().unwrap().reading;
        assert!(kept.get(reading.number).is_some() && reading.is_exact);
    }

    #[test]
    fn the_kept_one_does_not_hold_up_the_reopening_of_the_file() {
        let store = Store::memory().unwrap();
        let reading = Arc::downgrade(&store.read().unwrap().reading);
        let started = Instant::now();
        store.shared.reopen(false).unwrap();
        assert!(started.elapsed() < Duration::from_millis(400), "{:?}", started.elapsed());
        assert!(reading.upgrade().is_none());
        assert!(categories::all(&store.read().unwrap()).unwrap().is_empty());
    }
}
